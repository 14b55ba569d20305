"""GPIO numbers of the board: the one file that differs where the wiring does.

These are the reference wiring on a Raspberry Pi Pico: docs/boards.md.
"""

UART_TX = 0
UART_RX = 1
STEP = 2  # a rising edge moves the motor by one step
DIR = 3  # 1: forward
EN = 4  # active low
SUPPLY = 5  # motor supply: 1 on; the independent cut-off
ENC_A = 6
ENC_B = 7
MAGNET = 8  # reed switch to ground: 0 while the magnet is there
BUZZER = 9
LED = 10
PRESSURE = 26  # ADC, outlet pressure
LEVEL = 27  # ADC, reservoir level
