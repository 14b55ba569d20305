"""Plays a recorded stimulus (emulator/stimulus.py) to a board, and says how its outputs differ.

A board takes time for what an emulated chip does in none, and its loop sleeps in slices of another
phase, so its outputs come a little later or earlier than the recorded ones; what they are, and in
which order, must be the same. Compared are the pins, each tone, and each message on the line.

Bytes and magnet come at the recorded times. What answers an output follows the board's own: edges
of the encoder come as long after a step as recorded, conversions as they are asked for.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from emulator import kinds
from emulator.bench.pico import VirtualPico
from emulator.world import World
from firmware.pins import BUZZER, DIR, EN, ENC_A, ENC_B, LED, STEP, SUPPLY

OUTPUTS = {"STEP": STEP, "DIR": DIR, "EN": EN, "SUPPLY": SUPPLY, "LED": LED}
TONE = "tone"
LINE = "line"
_BOOT_MS_MAX = 5_000
_TONE_SETTLES_US = 1_000  # shorter ones are the registers being set one by one
_BYTE_US = 10e6 / 115_200

Row = tuple[int, int, int, int]  # as in emulator/stimulus.py
Told = dict[str, list[tuple[int, object]]]  # by channel: (t_us since the firmware began, what)


class Difference(NamedTuple):
    """On one channel: how many outputs there were, and how far apart two equal ones are at most.

    wrong: "" or the first that is not the same.
    """

    channel: str
    outputs: int
    worst_us: int
    wrong: str


class Diverged(Exception):
    """The firmware asked for a conversion that the recording does not have."""


class OutputRecorder:
    """Keeps every output of a World from now on: what a board's outputs are compared with."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rows: list[Row] = []
        world.chip.outside.record(self._on_output)

    def told(self) -> Told:
        """By channel."""
        found: Told = {name: [] for name in (*OUTPUTS, TONE, LINE)}
        names = {gpio: name for name, gpio in OUTPUTS.items()}
        freq_hz = duty = 0
        sent: list[tuple[int, int]] = []
        line_free_us = 0.0
        for t_us, kind, place, value in self._rows:
            if kind == kinds.PIN_OUT and place in names:
                found[names[place]].append((t_us, value))
            elif kind == kinds.UART_OUT:
                line_free_us = max(line_free_us, t_us) + _BYTE_US
                sent.append((round(line_free_us), value))
            elif place == BUZZER and kind in (kinds.PWM_FREQ, kinds.PWM_DUTY):
                freq_hz = value if kind == kinds.PWM_FREQ else freq_hz
                duty = value if kind == kinds.PWM_DUTY else duty
                found[TONE].append((t_us, freq_hz if duty else 0))
        found[TONE] = _settled(found[TONE])
        found[LINE] = _messages(sent)
        return found

    def _on_output(self, kind: int, place: int, value: int) -> None:
        t_us = self._world.now_us - self._world.start_us
        self._rows.append((t_us, kind, place, value))


def play(
    pico: VirtualPico,
    rows: Sequence[Row],
    reference: Told,
    span_ms: int,
) -> Told:
    """Power the board on, play all rows from the firmware's first moment on; what came out.

    reference: what came out when the rows were recorded.
    """
    found: Told = {name: [] for name in (*OUTPUTS, TONE, LINE)}
    pico.drive(EN, 1)  # the motor driver's own pull-up, as the plant has it
    for _, _, place, value in _at_rest(rows):
        pico.drive(place, value)
    for name, gpio in OUTPUTS.items():
        pico.watch(gpio, _teller(pico, found[name]))
    sent: list[tuple[int, int]] = []
    pico.on_uart = lambda byte, left_us: sent.append((left_us, byte))
    pico.watch_pwm(lambda: found[TONE].append((pico.now_us, _tone(pico))))
    zero_us = _await_firmware(pico)
    encoder = _schedule(pico, rows, zero_us)
    _Motor(pico, encoder, [t_us for t_us, level in reference["STEP"] if level])
    pico.run_until_us(zero_us + span_ms * 1_000)
    found[TONE] = _settled(found[TONE])
    found[LINE] = _messages(sent)
    return {name: [(t_us - zero_us, what) for t_us, what in rows] for name, rows in found.items()}


def compare(reference: Told, found: Told) -> list[Difference]:
    """Channel by channel."""
    return [_compare(name, reference[name], found[name]) for name in reference]


def part(told: Told, from_us: int, to_us: int) -> Told:
    """What was told within this time."""
    return {
        name: [row for row in rows if from_us <= row[0] < to_us] for name, rows in told.items()
    }


def _compare(
    channel: str, reference: list[tuple[int, object]], found: list[tuple[int, object]]
) -> Difference:
    worst_us = 0
    for number, ((t_us, wanted), (got_us, got)) in enumerate(zip(reference, found)):
        if wanted != got:
            wrong = f"number {number} after {t_us / 1e6:.3f} s is {got!r}, not {wanted!r}"
            return Difference(channel, len(found), worst_us, wrong)
        worst_us = max(worst_us, abs(got_us - t_us))
    counts = len(reference), len(found)
    wrong = "" if counts[0] == counts[1] else f"{counts[1]} outputs, not {counts[0]}"
    return Difference(channel, len(found), worst_us, wrong)


def _await_firmware(pico: VirtualPico) -> int:
    """Run until the firmware has taken its pins; when that was."""
    while not pico.is_driven(SUPPLY):
        pico.run_for_ms(1)
        if pico.now_us > _BOOT_MS_MAX * 1_000:
            raise TimeoutError("the firmware does not start")
    return pico.now_us


def _at_rest(rows: Sequence[Row]) -> list[Row]:
    """How the pins stood before the chip started."""
    return [row for row in rows if not row[0] and row[1] == kinds.PIN_IN]


def _schedule(pico: VirtualPico, rows: Sequence[Row], zero_us: int) -> list[Row]:
    """Bytes and magnet come at their times, codes in the order in which they are asked for.

    Returns the rows of the encoder.
    """
    codes: dict[int, list[int]] = {}
    encoder = []
    for row in rows:
        t_us, kind, place, value = row
        if kind == kinds.ADC_IN:
            codes.setdefault(place, []).append(value)
        elif not t_us:
            continue
        elif kind == kinds.UART_IN:
            pico.at(zero_us + t_us, pico.uart_arrived, value)
        elif place in (ENC_A, ENC_B):
            encoder.append(row)
        else:
            pico.at(zero_us + t_us, lambda pin: pico.drive(*pin), (place, value))
    for gpio, values in codes.items():
        pico.adc(gpio, _next_of(iter(values), gpio))
    return encoder


class _Motor:
    """Answers each step of the board with the edges that followed the recorded one."""

    def __init__(self, pico: VirtualPico, encoder: list[Row], steps_us: list[int]) -> None:
        """Channel B was read at the edge of A: there it must already have its level."""
        self._pico = pico
        self._edges: list[list[tuple[int, int, int]]] = [[] for _ in steps_us]
        self._steps = 0
        for t_us, _, place, value in sorted(encoder, key=lambda row: (row[0], row[2] != ENC_B)):
            number = bisect_right(steps_us, t_us) - 1
            self._edges[number].append((t_us - steps_us[number], place, value))
        pico.watch(STEP, self._on_step)

    def _on_step(self, level: int) -> None:
        if not level or self._steps >= len(self._edges):
            return
        for after_us, place, value in self._edges[self._steps]:
            self._pico.at(
                self._pico.now_us + after_us, lambda pin: self._pico.drive(*pin), (place, value)
            )
        self._steps += 1


def _next_of(codes: Iterator[int], gpio: int) -> Callable[[], int]:
    def code() -> int:
        found = next(codes, None)
        if found is None:
            raise Diverged(f"one conversion of GPIO {gpio} more than recorded")
        return found

    return code


def _teller(pico: VirtualPico, to: list[tuple[int, object]]) -> Callable[[int], None]:
    return lambda level: to.append((pico.now_us, level))


def _tone(pico: VirtualPico) -> int:
    freq_hz, duty = pico.pwm(BUZZER) or (0, 0)
    return freq_hz if duty else 0


def _settled(tones: list[tuple[int, object]]) -> list[tuple[int, object]]:
    """Changes only, and none that the next one undoes at once; before the first it is silent."""
    found: list[tuple[int, object]] = [(0, 0)]
    times = [t_us for t_us, _ in tones[1:]] + [1 << 62]
    for (t_us, tone), next_us in zip(tones, times):
        if next_us - t_us >= _TONE_SETTLES_US and tone != found[-1][1]:
            found.append((t_us, tone))
    return found[1:]


def _messages(sent: list[tuple[int, int]]) -> list[tuple[int, object]]:
    """Frames without their zeros, each with the time at which it was complete."""
    found: list[tuple[int, object]] = []
    message = bytearray()
    for t_us, byte in sent:
        if byte:
            message.append(byte)
        elif message:
            found.append((t_us, bytes(message)))
            message.clear()
    return found
