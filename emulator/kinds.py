"""What the recorders of chip.outside are told: kind, id and value, all small integers.

Outputs of the chip           id     value
    PIN_OUT                   GPIO   the new level, 0 or 1
    PWM_FREQ                  GPIO   Hz
    PWM_DUTY                  GPIO   0 .. 65_535; 0 when it stops
    UART_OUT                  UART   a byte, when it is written
Inputs of the chip
    PIN_IN                    GPIO   0 or 1: when it is driven, or computed for a reader
    ADC_IN                    GPIO   the 12-bit code, when it is read; id 4: core temperature
    UART_IN                   UART   a byte, when it has arrived
"""

PIN_OUT = 1
PWM_FREQ = 2
PWM_DUTY = 3
UART_OUT = 4
PIN_IN = 5
ADC_IN = 6
UART_IN = 7

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    Recorder = Callable[[int, int, int], None]
