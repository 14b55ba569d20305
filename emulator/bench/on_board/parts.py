"""Run on a board by pump-board doctor: what can be seen of the parts of the pump, as JSON.

The motor's supply stays off, but for the one step that somebody asked for.
"""

import json

import machine
import utime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

Pin = machine.Pin
SETTLE_MS = 2  # a pull of 50 kOhm charges a metre of cable in microseconds
ADC_GPIO = 26  # converter channel 0
ENERGISE_MS = 5
PULSE_US = 10
TURN_US = 20_000  # longer than a step takes
BAUD = 115_200
PATTERN = b"doctor: \x00\x55\xaa\xff"
PATTERN_MS = 20


def both_pulls(gpio: int, read: "Callable[[], int]") -> "list[int]":
    """What read() gives with the pull-up, then with the pull-down: what follows both floats."""
    found = []
    for pull in (Pin.PULL_UP, Pin.PULL_DOWN):
        Pin(gpio, Pin.IN, pull)
        utime.sleep_ms(SETTLE_MS)
        found.append(read())
    Pin(gpio, Pin.IN, None)
    return found


def step(pins: "dict[str, int]") -> "list[int]":
    """Edges of encoder A and B in one step forward."""
    a, b = Pin(pins["ENC_A"], Pin.IN), Pin(pins["ENC_B"], Pin.IN)
    supply, enable, pulse = Pin(pins["SUPPLY"]), Pin(pins["EN"]), Pin(pins["STEP"])
    supply(1)
    enable(0)
    utime.sleep_ms(ENERGISE_MS)
    last = a(), b()
    edges = [0, 0]
    pulse(1)
    utime.sleep_us(PULSE_US)
    pulse(0)
    start = utime.ticks_us()
    while utime.ticks_diff(utime.ticks_us(), start) < TURN_US:
        now = a(), b()
        edges[0] += now[0] != last[0]
        edges[1] += now[1] != last[1]
        last = now
    enable(1)
    supply(0)
    return edges


def line_loop(pins: "dict[str, int]") -> str:
    """What comes back of a pattern that is sent on the programmer's line, in hex."""
    uart = machine.UART(0, BAUD, tx=Pin(pins["UART_TX"]), rx=Pin(pins["UART_RX"]))
    uart.read()
    uart.write(PATTERN)
    utime.sleep_ms(PATTERN_MS)
    return (uart.read() or b"").hex()


def report(pins: "dict[str, int]", service: int, may_step: bool) -> None:
    """Print everything."""
    Pin(pins["SUPPLY"], Pin.OUT, value=0)
    Pin(pins["STEP"], Pin.OUT, value=0)
    Pin(pins["DIR"], Pin.OUT, value=1)
    found: "dict[str, Any]" = {}
    for name in ("ENC_A", "ENC_B", "MAGNET", "EN"):
        found[name] = both_pulls(pins[name], Pin(pins[name]).value)
    Pin(pins["EN"], Pin.OUT, value=1)
    for name in ("PRESSURE", "LEVEL"):
        read = machine.ADC(pins[name] - ADC_GPIO).read_u16
        found[name] = [code >> 4 for code in both_pulls(pins[name], read)]
    found["SERVICE"] = both_pulls(service, Pin(service).value)
    found["LINE"] = [line_loop(pins), PATTERN.hex()]
    found["STEP"] = step(pins) if may_step else None
    print(json.dumps(found))
