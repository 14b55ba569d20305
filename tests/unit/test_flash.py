"""The flash chip: NOR, wear, times, and every way to fail."""

import pytest

from emulator import flash_damage
from emulator.flash import DEFECTS, EIO, ERASE_US_MAX, PAGE_US_MAX, Flash
from emulator.flash_damage import CUTS
from emulator.generator import Random

PAGE = bytes(range(256))
ERASED = b"\xff" * 256


def chip() -> Flash:
    return Flash(blocks=4)


def dead_after(flash: Flash, operation: object, *arguments: object) -> None:
    assert callable(operation)
    with pytest.raises(OSError, match=str(EIO)):
        operation(*arguments)
    assert flash.dead


def test_it_is_the_flash_that_a_pico_w_leaves_for_files() -> None:
    flash = Flash()
    assert flash.blocks * flash.block_bytes == 848 * 1024
    assert (flash.block_bytes, flash.page_bytes) == (4_096, 256)
    assert flash.image() == b"\xff" * 848 * 1024


def test_programming_clears_bits_and_only_erasing_sets_them() -> None:
    flash = chip()
    flash.program(1, 256, b"\xf0" * 256)
    assert flash.read(1, 256, 256) == b"\xf0" * 256
    assert flash.unerased == 0
    flash.program(1, 256, b"\x3c" * 256)
    assert flash.read(1, 256, 256) == b"\x30" * 256
    assert flash.unerased == 1
    flash.erase(1)
    assert flash.read(1, 0, 4_096) == b"\xff" * 4_096


def test_neighbours_are_left_alone() -> None:
    flash = chip()
    flash.program(2, 512, PAGE)
    image = flash.image()
    assert image[2 * 4_096 + 512 :][:256] == PAGE
    assert image.count(b"\xff"[0]) == 4 * 4_096 - 255


@pytest.mark.parametrize(
    ("offset", "size"), [(1, 256), (0, 255), (0, 0), (3_840, 512), (0, 4_352)]
)
def test_only_whole_pages_of_one_block_are_programmed(offset: int, size: int) -> None:
    flash = chip()
    with pytest.raises(ValueError, match=r"pages|block"):
        flash.program(0, offset, bytes(size))
    assert flash.operations == 0


def test_wear_and_operations_are_counted() -> None:
    flash = chip()
    for _ in range(3):
        flash.erase(2)
    flash.program(2, 0, PAGE)
    assert flash.worn == [0, 0, 3, 0]
    assert flash.operations == 4


def test_operations_take_their_time() -> None:
    """W25Q16JV: 45 ms, at most 400, to erase; 0.4 ms, at most 3, to program a page."""
    flash = chip()
    spent: list[int] = []
    flash.spend_us = spent.append
    flash.erase(0)
    flash.program(0, 0, PAGE * 4)
    flash.erase_us, flash.page_us = ERASE_US_MAX, PAGE_US_MAX
    flash.erase(0)
    flash.program(0, 0, PAGE)
    assert spent == [45_000, 1_600, 400_000, 3_000]
    assert flash.busy_us == sum(spent)


def test_a_snapshot_brings_back_all_that_it_held() -> None:
    flash = chip()
    flash.program(0, 0, PAGE)
    flash.erase(3)
    content, image = flash.snapshot(), flash.image()
    flash.erase(0)
    flash.cut(0, "weak", 5)
    dead_after(flash, flash.program, 1, 0, bytes(256))
    flash.restore(content)
    assert (flash.image(), flash.worn, flash.dead) == (image, [0, 0, 0, 1], False)
    assert flash.read(1, 0, 256) == ERASED


@pytest.mark.parametrize("kind", CUTS)
@pytest.mark.parametrize("operation", ["program", "erase"])
def test_nothing_after_the_cut_changes_the_image(kind: str, operation: str) -> None:
    flash = chip()
    flash.program(1, 0, PAGE)
    flash.cut(1, kind, 100)
    flash.program(1, 256, PAGE)
    arguments = (1,) if operation == "erase" else (1, 512, PAGE)
    dead_after(flash, getattr(flash, operation), *arguments)
    image = flash.image()
    for _ in range(3):
        dead_after(flash, flash.program, 1, 1_024, PAGE)
        dead_after(flash, flash.erase, 1)
        dead_after(flash, flash.read, 1, 0, 1)
    assert flash.image() == image
    flash.power_on()
    flash.erase(1)
    assert flash.image() == b"\xff" * 4 * 4_096


def test_a_cut_before_leaves_nothing_and_one_after_leaves_all() -> None:
    for kind, expected in (("before", ERASED), ("after", PAGE)):
        flash = chip()
        flash.cut(0, kind)
        dead_after(flash, flash.program, 0, 0, PAGE)
        flash.power_on()
        assert flash.read(0, 0, 256) == expected


@pytest.mark.parametrize("amount", [0, 1, 77, 255])
def test_a_torn_page_ends_where_the_power_failed(amount: int) -> None:
    """Up to there it is new, after it as it was; the byte at the end may be anything between."""
    flash = chip()
    data = bytes(256)
    flash.cut(0, "torn", amount)
    dead_after(flash, flash.program, 0, 256, data)
    flash.power_on()
    page = flash.read(0, 256, 256)
    assert page[:amount] == data[:amount]
    assert page[amount + 1 :] == ERASED[amount + 1 :]
    assert flash.read(0, 0, 256) == ERASED


def test_a_torn_erasure_is_cleared_mixed_half_or_nearly_done() -> None:
    pages = []
    for amount in (1, 90, 170, 255):
        flash = chip()
        flash.program(0, 0, PAGE * 16)
        flash.cut(0, "torn", amount)
        dead_after(flash, flash.erase, 0)
        flash.power_on()
        pages.append(flash.read(0, 0, 4_096))
    cleared, mixed, half, nearly = pages
    assert cleared == bytes(4_096)
    assert half == b"\xff" * 2_048 + PAGE * 8
    assert sum(byte != 0xFF for byte in nearly) == 1
    for byte, before in zip(mixed, PAGE * 16, strict=True):
        assert byte & before == before, "no bit is cleared"
    assert PAGE * 16 != mixed != b"\xff" * 4_096


def test_wavering_bits_read_at_random_until_they_are_programmed() -> None:
    flash = chip()
    flash.cut(0, "wavering", 3)
    dead_after(flash, flash.program, 0, 0, bytes(256))
    flash.power_on()
    seen = {flash.read(0, 0, 256) for _ in range(200)}
    assert len(seen) == 8, "three bits, each both ways"
    assert bytes(256) in seen
    flash.program(0, 0, bytes(256))
    assert {flash.read(0, 0, 256) for _ in range(50)} == {bytes(256)}


def test_a_wavering_erasure_ends_with_the_next_one() -> None:
    flash = chip()
    flash.program(0, 0, bytes(256))
    flash.cut(0, "wavering", 2)
    dead_after(flash, flash.erase, 0)
    flash.power_on()
    assert len({flash.read(0, 0, 256) for _ in range(100)}) == 4
    flash.erase(0)
    assert {flash.read(0, 0, 256) for _ in range(50)} == {ERASED}


def test_weak_bits_read_the_same_until_the_next_power_on() -> None:
    flash = chip()
    flash.cut(0, "weak", 3)
    dead_after(flash, flash.program, 0, 0, bytes(256))
    seen = set()
    for _ in range(100):
        flash.power_on()
        (once,) = {flash.read(0, 0, 256) for _ in range(5)}
        seen.add(once)
    assert len(seen) == 8
    flash.program(0, 0, bytes(256))
    assert flash.read(0, 0, 256) == bytes(256)
    flash.power_on()
    assert flash.read(0, 0, 256) == bytes(256)


def test_the_same_seed_is_the_same_damage() -> None:
    images = []
    for seed in (1, 1, 2):
        flash = Flash(blocks=1, seed=seed)
        flash.program(0, 0, PAGE * 16)
        flash.cut(0, "torn", 90)
        dead_after(flash, flash.erase, 0)
        images.append(flash.image())
    assert images[0] == images[1] != images[2]


PROGRAMMED = bytes([0xF0] * 256)
LOW_HALVES = bytes([0x0F] * 256)
# What is done after the last sync, to blocks that hold PAGE; the first is lost, or the second.
ORDERS = {
    "two pages of a block": (("program", 0, 256, PAGE), ("program", 0, 512, PAGE)),
    "a page of another block": (("program", 0, 256, PAGE), ("program", 1, 256, PAGE)),
    "a page over another": (("program", 0, 0, PROGRAMMED), ("program", 0, 0, LOW_HALVES)),
    "an erasure, then a page": (("erase", 0), ("program", 0, 0, PROGRAMMED)),
    "a page, then an erasure": (("program", 0, 256, PAGE), ("erase", 0)),
    "an erasure, then two pages": (
        ("erase", 0),
        ("program", 0, 256, PAGE),
        ("program", 0, 512, PAGE),
    ),
    "an erasure, a page, another block": (
        ("erase", 0),
        ("program", 0, 0, PROGRAMMED),
        ("program", 1, 256, PAGE),
    ),
}


def held() -> Flash:
    flash = chip()
    for block in (0, 1):
        flash.program(block, 0, PAGE)
    flash.sync()
    return flash


@pytest.mark.parametrize("name", ORDERS)
def test_out_of_order_is_as_if_one_operation_had_never_been_asked_for(name: str) -> None:
    """On a chip that does the others and nothing else."""
    order = ORDERS[name]
    for lost in range(len(order) - 1):
        other = held()
        for number, (what, *arguments) in enumerate(order):
            if number != lost:
                getattr(other, what)(*arguments)
        flash = held()
        assert flash.unsynced == 0
        flash.cut(len(order) - 1, "out of order", len(order) - 1 - lost)
        for what, *arguments in order[:-1]:
            getattr(flash, what)(*arguments)
        assert flash.unsynced == len(order) - 1
        what, *arguments = order[-1]
        dead_after(flash, getattr(flash, what), *arguments)
        flash.power_on()
        assert flash.image() == other.image(), lost


def test_power_that_fails_in_the_middle_of_an_operation_tears_it() -> None:
    flash = chip()
    flash.spend_us = lambda _us: flash.power_off()
    dead_after(flash, flash.program, 0, 0, bytes(256))
    flash.power_on()
    assert flash.read(0, 0, 256) not in (bytes(256), ERASED)


def test_what_resets_the_chip_meanwhile_does_not_stop_the_flash() -> None:
    class Reset(BaseException):
        pass

    def reset(_us: int) -> None:
        raise Reset

    flash = chip()
    flash.spend_us = reset
    with pytest.raises(Reset):
        flash.program(0, 0, PAGE)
    assert flash.read(0, 0, 256) == PAGE


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_bad_block_does_what_its_defect_says_and_others_do_not(defect: str) -> None:
    what, how = defect.split()
    flash = chip()
    flash.program(1, 0, PAGE)
    flash.defects[1] = defect
    arguments = {"program": (1, 256, PAGE), "erase": (1,), "read": (1, 0, 256)}[what]
    operation = getattr(flash, what)
    found = None
    if how == "error":
        with pytest.raises(OSError, match=str(EIO)):
            operation(*arguments)
    else:
        found = operation(*arguments)
    flash.defects.clear()
    assert flash.read(1, 0, 256) == PAGE, "what it held stays"
    assert flash.read(1, 256, 256) == ERASED
    assert found in (None, ERASED)
    flash.program(0, 0, PAGE)
    assert flash.read(0, 0, 256) == PAGE
    assert not flash.dead


def test_an_unknown_cut_is_refused() -> None:
    with pytest.raises(ValueError, match="sideways"):
        chip().cut(0, "sideways")


def test_nothing_changes_where_nothing_was_to_change() -> None:
    random = Random(1)
    assert flash_damage.torn(PAGE, PAGE, 7, random) == PAGE
    assert flash_damage.weak_bits(PAGE, PAGE, 3, random) == bytes(256)


def test_to_program_what_is_there_already_is_no_operation_but_takes_its_time() -> None:
    """A power failure in it leaves what one before it leaves."""
    flash = chip()
    flash.program(0, 0, PAGE)
    image, busy_us = flash.image(), flash.busy_us
    flash.cut(0, "torn", 90)
    flash.program(0, 0, PAGE)
    assert (flash.image(), flash.operations, flash.dead) == (image, 1, False)
    assert flash.busy_us == 2 * busy_us
    flash.defects[0] = "program error"
    with pytest.raises(OSError, match=str(EIO)):
        flash.program(0, 0, PAGE)
    flash.power_off()
    with pytest.raises(OSError, match=str(EIO)):
        flash.program(1, 0, ERASED)


@pytest.mark.parametrize("kind", ["weak", "wavering"])
def test_only_the_page_that_is_programmed_just_then_is_in_doubt(kind: str) -> None:
    """The chip programs one page after the other; those before are done."""
    for seed in range(20):
        flash = Flash(blocks=1, seed=seed)
        flash.cut(0, kind, 9)
        dead_after(flash, flash.program, 0, 256, bytes(512) + ERASED)
        seen = set()
        for _ in range(20):
            flash.power_on()
            seen.add(flash.read(0, 0, 4_096))
        assert {data[:512] for data in seen} == {ERASED + bytes(256)}
        assert len({data[512:768] for data in seen}) > 1
        assert {data[768:] for data in seen} == {b"\xff" * (4_096 - 768)}
