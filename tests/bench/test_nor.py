"""The virtual Pico's flash chip: busy for its time, half done where the power fails meanwhile."""

import pytest
from rp2040py.peripherals import ssi
from rp2040py.rp2040 import RP2040

from emulator.bench.nor import ERASE, PAGE, Nor, Operation

BLOCK = 0x12_3000
PAGE_AT = BLOCK + 0x400
SIZE = 2 << 20


class Bed:
    """A chip whose flash has work to do; `held` is called half-way through each operation."""

    def __init__(self) -> None:
        self.chip = RP2040()
        self.now_us = 0
        self.held = lambda: None
        self.nor = Nor(self.chip, self.hold, lambda: self.now_us)
        self.chip.flash[BLOCK : BLOCK + 4_096] = bytes(range(256)) * 16

    def hold(self, us: int) -> None:
        self.now_us += us // 2
        self.held()
        self.now_us += us - us // 2

    def send(self, opcode: int, address: int, data: bytes = b"", enabled: bool = True) -> None:
        """What the boot ROM does between selecting the chip and letting it go."""
        bus = self.chip.ssi
        bus._write_enabled = enabled
        bus._tx_buffer = bytearray([opcode, *address.to_bytes(3, "big"), *data])
        bus._apply_command()

    def block(self) -> bytes:
        return bytes(self.chip.flash[BLOCK : BLOCK + 4_096])


def test_an_erasure_takes_45_ms_and_sets_all_bits() -> None:
    bed = Bed()
    bed.send(ssi.CMD_SECTOR_ERASE, BLOCK + 5)
    assert bed.block() == b"\xff" * 4_096
    assert bed.now_us == bed.nor.busy_us == 45_000
    assert bed.nor.operations == [Operation(0, ERASE, BLOCK, 45_000)]


def test_a_page_takes_400_us_and_clears_bits_only() -> None:
    bed = Bed()
    bed.send(ssi.CMD_PAGE_PROGRAM, PAGE_AT, b"\xf0" * 256)
    assert bed.block()[0x400:0x500] == bytes(value & 0xF0 for value in range(256))
    assert bed.block()[:0x400] == bytes(range(256)) * 4
    assert bed.now_us == bed.nor.busy_us == 400
    assert bed.nor.operations == [Operation(0, PAGE, PAGE_AT, 400)]


def test_nothing_is_done_that_was_not_enabled() -> None:
    bed = Bed()
    before = bed.block()
    bed.send(ssi.CMD_SECTOR_ERASE, BLOCK, enabled=False)
    bed.send(ssi.CMD_PAGE_PROGRAM, PAGE_AT, bytes(256), enabled=False)
    assert bed.block() == before
    assert bed.now_us == 0
    assert not bed.nor.operations


def test_what_a_cut_leaves_between_two_operations_is_what_is_there() -> None:
    bed = Bed()
    bed.send(ssi.CMD_PAGE_PROGRAM, PAGE_AT, b"\xf0" * 256)
    assert bed.nor.after_cut(SIZE, seed=1) == bed.chip.flash[:SIZE]


@pytest.mark.parametrize("opcode", [ssi.CMD_PAGE_PROGRAM, ssi.CMD_SECTOR_ERASE])
def test_a_cut_in_an_operation_leaves_it_half_done(opcode: int) -> None:
    bed = Bed()
    left: list[bytes] = []
    bed.held = lambda: left.append(bytes(bed.nor.after_cut(SIZE, seed=1)[BLOCK : BLOCK + 4_096]))
    before = bed.block()
    bed.send(opcode, PAGE_AT, bytes(256))
    (torn,) = left
    assert torn not in (before, bed.block())
    outside = slice(0, 0x400) if opcode == ssi.CMD_PAGE_PROGRAM else slice(0, 0)
    assert torn[outside] == before[outside]


def test_a_chip_reset_meanwhile_does_not_stop_the_flash() -> None:
    bed = Bed()
    bed.held = bed.chip.ssi.reset
    bed.send(ssi.CMD_SECTOR_ERASE, BLOCK)
    assert bed.block() == b"\xff" * 4_096
