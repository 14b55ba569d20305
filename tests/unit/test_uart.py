"""The serial line: pace, buffers, losses."""

from typing import Any

import pytest

from emulator import kinds
from emulator.serial_line import SerialLine
from emulator.uart import FIFO_BYTES, UART
from emulator.world import START_US, World

BAUD = 115_200


def open_uart(world: World, **settings: Any) -> UART:
    chip = world.chip
    wanted = {"baudrate": BAUD, "txbuf": 512, "rxbuf": 512, **settings}
    return chip.UART(0, tx=chip.Pin(0), rx=chip.Pin(1), **wanted)


def test_bytes_arrive_one_by_one_at_the_pace_of_the_line() -> None:
    world = World()
    uart = open_uart(world)
    world.chip.outside.uart_in(bytes(range(100)))
    for count in range(1, 101):
        arrival_us = START_US + -(-count * 10 * 1_000_000 // BAUD)
        world.clock.sleep_us(arrival_us - 1 - world.now_us)
        assert uart.any() == count - 1
        world.clock.sleep_us(1)
        assert uart.any() == count
    assert uart.read(100) == bytes(range(100))


def test_the_pace_does_not_drift() -> None:
    """A million bytes in one go take what a million bytes take, to the microsecond."""
    line = SerialLine()
    line.set_pace(BAUD, 10)
    line.send_in(bytes(1_000_000), 0)
    arrivals_us = line.latest_arrivals_us()
    assert arrivals_us == [-(-count * 10_000_000 // BAUD) for count in range(1, 1_000_001)]
    line.send_in(b"x", 0)
    assert line.latest_arrivals_us() == [arrivals_us[-1] + 87]


def test_bursts_queue_on_the_line() -> None:
    world = World()
    uart = open_uart(world)
    world.chip.outside.uart_in(b"ab")
    world.chip.outside.uart_in(b"cd")
    world.clock.sleep_us(2 * 87)
    assert uart.any() == 2
    world.clock.sleep_us(2 * 87)
    assert uart.read(4) == b"abcd"


def test_reading_what_is_there_takes_no_time() -> None:
    world = World()
    uart = open_uart(world)
    world.chip.outside.uart_in(b"hello")
    world.clock.sleep_ms(2)
    before_us = world.now_us
    buffer = bytearray(8)
    assert uart.read(2) == b"he"
    assert uart.readinto(buffer, 3) == 3
    assert bytes(buffer) == b"llo\0\0\0\0\0"
    assert world.now_us == before_us


def test_reading_for_more_waits_as_the_chip_does() -> None:
    world = World()
    uart = open_uart(world)
    assert uart.read(1) is None
    assert world.now_us == START_US + 1_000
    world.chip.outside.uart_in(b"ab")
    assert uart.read() == b"ab"
    assert START_US + 3_000 < world.now_us <= START_US + 5_000
    assert uart.readinto(bytearray(1)) is None


def test_bytes_on_the_line_are_waited_for() -> None:
    world = World()
    uart = open_uart(world)
    world.chip.outside.uart_in(bytes(range(20)))
    world.clock.sleep_us(200)
    assert uart.read(20) == bytes(range(20))
    assert world.now_us == START_US + -(-20 * 10_000_000 // BAUD)


def test_what_overflows_buffer_and_fifo_is_lost() -> None:
    world = World()
    uart = open_uart(world, rxbuf=64)
    sent = bytes(i & 0xFF for i in range(200))
    world.chip.outside.uart_in(sent)
    world.clock.sleep_ms(100)
    assert uart.any() == 64
    assert uart.read(64) == sent[:64]
    assert uart.any() == FIFO_BYTES
    assert uart.read(FIFO_BYTES) == sent[64 : 64 + FIFO_BYTES]
    assert uart.any() == 0
    assert world.chip.outside.uart_lost() == 200 - 64 - FIFO_BYTES


def test_with_interrupts_held_off_only_the_fifo_takes_bytes() -> None:
    world = World()
    uart = open_uart(world)
    sent = bytes(range(100))
    world.chip.outside.uart_in(sent)
    world.clock.sleep_us(10 * 87)
    state = world.chip.disable_irq()
    world.clock.sleep_us(60 * 87)
    world.chip.enable_irq(state)
    world.clock.sleep_ms(10)
    lost = world.chip.outside.uart_lost()
    assert lost == pytest.approx(60 - FIFO_BYTES, abs=1)
    assert uart.read(100 - lost) == sent[: 10 + FIFO_BYTES] + sent[10 + FIFO_BYTES + lost :]


def test_bytes_before_the_uart_is_on_are_lost() -> None:
    world = World()
    world.chip.outside.uart_in(b"early")
    world.clock.sleep_ms(1)
    uart = open_uart(world)
    assert uart.any() == 0
    assert world.chip.outside.uart_lost() == 5


def test_a_reset_switches_the_uart_off_and_what_is_on_the_line_is_lost() -> None:
    world = World()
    uart = open_uart(world)
    world.chip.outside.uart_in(bytes(50))
    world.clock.sleep_ms(1)
    world.reset(world.chip.WDT_RESET)
    world.run_for_ms(100)
    assert uart.any() == 0
    assert open_uart(world).any() == 0


def test_writing_tells_when_the_last_byte_has_left() -> None:
    world = World()
    uart = open_uart(world)
    heard: list[tuple[bytes, int]] = []
    world.chip.outside.uart_out(lambda data, done_us: heard.append((data, done_us - START_US)))
    assert uart.write(b"abc") == 3
    assert uart.write(bytearray(b"d")) == 1
    world.clock.sleep_ms(5)
    uart.write(memoryview(b"e"))
    assert heard == [(b"abc", 261), (b"d", 348), (b"e", 5_087)]


def test_writing_waits_when_the_buffers_are_full_and_events_come_meanwhile() -> None:
    world = World()
    uart = open_uart(world, txbuf=64)
    heard: list[int] = []
    world.chip.Timer(-1).init(
        mode=0, period=1, callback=lambda _: heard.append(world.now_us - START_US), hard=True
    )
    uart.write(bytes(64 + FIFO_BYTES))
    assert world.now_us == START_US
    uart.write(bytes(100))
    assert world.now_us == START_US + -(-100 * 10_000_000 // BAUD)
    assert heard == [1_000]


@pytest.mark.parametrize("wrong", ["text", 5, None])
def test_only_bytes_are_written(wrong: Any) -> None:
    with pytest.raises(TypeError):
        open_uart(World()).write(wrong)


def test_wider_bytes_take_longer() -> None:
    world = World()
    uart = world.chip.UART(0, BAUD, 8, 0, 2)
    heard: list[int] = []
    world.chip.outside.uart_out(lambda _, done_us: heard.append(done_us - START_US))
    uart.write(bytes(1_000))
    assert heard == [-(-1_000 * 12 * 1_000_000 // BAUD)]


def test_the_second_uart_is_another_line() -> None:
    world = World()
    first = open_uart(world)
    second = world.chip.UART(1, BAUD, tx=4, rx=5)
    world.chip.outside.uart_in(b"x", uart=1)
    world.clock.sleep_ms(1)
    assert (first.any(), second.any()) == (0, 1)


@pytest.mark.parametrize(
    "settings",
    [
        {"_id": 2},
        {"_id": -1},
        {"_id": 0, "baudrate": 9_600},
        {"_id": 0, "tx": 1},
        {"_id": 0, "rx": 0},
        {"_id": 0, "tx": 4},
        {"_id": 1, "tx": 0},
        {"_id": 0, "tx": 30},
        {"_id": 0, "rxbuf": 32_767},
        {"_id": 0, "txbuf": 32_767},
        {"_id": 0, "bits": 9},
        {"_id": 0, "stop": 3},
    ],
)
def test_what_the_uart_cannot_do_is_refused(settings: Any) -> None:
    with pytest.raises(ValueError, match=r"UART|baud|pin|large|bits"):
        World().chip.UART(settings.pop("_id"), **settings)


def test_a_small_buffer_is_as_large_as_the_fifo() -> None:
    world = World()
    uart = open_uart(world, rxbuf=1)
    world.chip.outside.uart_in(bytes(40))
    world.clock.sleep_ms(10)
    assert uart.any() == 32


def test_recorders_hear_each_byte_and_a_replay_is_exact() -> None:
    world = World()
    uart = open_uart(world)
    rows: list[tuple[int, int, int, int]] = []
    world.chip.outside.record(lambda *what: rows.append((world.now_us, *what)))
    world.chip.outside.record_inputs(lambda *what: rows.append((world.now_us, *what)))
    world.chip.outside.uart_in(b"ab")
    world.clock.sleep_ms(1)
    uart.write(b"c")
    assert rows == [
        (START_US + 87, kinds.UART_IN, 0, ord("a")),
        (START_US + 174, kinds.UART_IN, 0, ord("b")),
        (START_US + 1_000, kinds.UART_OUT, 0, ord("c")),
    ]
    replayed = World()
    uart = open_uart(replayed)
    for t_us, _, _, byte in rows[:2]:
        replayed.at(t_us, replayed.chip.outside.uart_arrived, bytes([byte]))
    replayed.clock.sleep_us(173)
    assert uart.any() == 1
    replayed.clock.sleep_us(1)
    assert uart.read(2) == b"ab"
