"""pump-board flash --uf2: one file for a blank board. Read here by the rules of the format, with
a reader of its own; the virtual Pico boots it in test_cli_virtual.py."""

import struct
from pathlib import Path

import pytest

from emulator.bench import boards, file_set, file_system, image, uf2
from tests.bench.cli import OK, USAGE, Done

PICO_W = boards.known()["pico_w"]
PICO2 = boards.known()["pico2"]
RP2040, RP2350, ABSOLUTE = 0xE48BFF56, 0xE48BFF59, 0xE48BFF57  # uf2families.json
FLASH = 0x10000000
PICO_W_FS = 0x10000000 + 2 * 1024 * 1024 - 848 * 1024


def block(address: int, data: bytes, number: int, count: int, family: int) -> bytes:
    head = struct.pack(
        "<8I", 0x0A324655, 0x9E5D5157, 0x2000, address, len(data), number, count, family
    )
    return (head + data).ljust(508, b"\0") + struct.pack("<I", 0x0AB16F30)


def image_of(pages: int, family: int, at: int = FLASH) -> bytes:
    return b"".join(
        block(at + 256 * n, bytes([n % 251]) * 256, n, pages, family) for n in range(pages)
    )


def blocks(content: bytes) -> "list[tuple[int, bytes, int, int, int]]":
    """(address, data, number, count, family) of each, as the format has it."""
    assert len(content) % 512 == 0
    found = []
    for at in range(0, len(content), 512):
        one = content[at : at + 512]
        start0, start1, flags, address, size, number, count, family = struct.unpack(
            "<8I", one[:32]
        )
        assert (start0, start1) == (0x0A324655, 0x9E5D5157)
        assert one[508:] == struct.pack("<I", 0x0AB16F30)
        assert flags == 0x2000
        assert size == 256
        found.append((address, one[32 : 32 + size], number, count, family))
    return found


def test_image_and_files_are_one_numbered_file() -> None:
    stock = image_of(16, RP2040)
    found = blocks(uf2.build(stock, PICO_W, file_set.build()))
    assert [number for _, _, number, _, _ in found] == list(range(len(found)))
    assert {count for *_, count, _ in found} == {len(found)}
    assert {family for *_, family in found} == {RP2040}
    assert [one[:2] for one in found[:16]] == [one[:2] for one in blocks(stock)]


def test_the_files_can_be_read_where_the_board_looks_for_them() -> None:
    found = blocks(uf2.build(image_of(16, RP2040), PICO_W, file_set.build()))
    system = bytearray(b"\0" * 848 * 1024)  # what is not written may hold anything
    for address, data, *_ in found[16:]:
        at = address - PICO_W_FS
        system[at : at + 256] = data
    assert file_system.read(bytes(system)) == file_set.build()


def test_sectors_are_written_whole() -> None:
    """The boot ROM erases 4,096 bytes with the first page: the rest of them has to come."""
    found = blocks(uf2.build(image_of(16, RP2040), PICO_W, file_set.build()))
    pages: dict[int, int] = {}
    for address, *_ in found[16:]:
        pages[address // 4096] = pages.get(address // 4096, 0) + 1
    assert set(pages.values()) == {16}


def test_blocks_for_another_chip_stay_as_they_are() -> None:
    """MicroPython's images for RP2350 begin with one: picotool's work around erratum E10."""
    first = block(0x10FFFF00, bytes(256), 0, 2, ABSOLUTE)
    made = uf2.build(first + image_of(16, RP2350), PICO2, {"x": b"1"})
    assert made[:512] == first
    assert [number for _, _, number, _, _ in blocks(made[512:])][:3] == [0, 1, 2]


def test_an_image_for_another_board_is_refused() -> None:
    with pytest.raises(uf2.Uf2Error, match="another chip"):
        uf2.build(image_of(16, RP2350), PICO_W, {})
    with pytest.raises(uf2.Uf2Error, match="into the place of its files"):
        uf2.build(image_of(1, RP2040, at=PICO_W_FS), PICO_W, {})
    with pytest.raises(uf2.Uf2Error, match="not a whole one"):
        uf2.build(image_of(16, RP2040)[:-1], PICO_W, {})


def test_the_command_takes_an_image_of_ones_own(tmp_path: Path) -> None:
    own, out = tmp_path / "own.uf2", tmp_path / "out" / "pump.uf2"
    own.write_bytes(image_of(16, RP2350))
    done = Done("flash", "--uf2", str(out), "--image", str(own), "--board", "pico2", "--json")
    assert done.code == OK, done.text
    assert out.read_bytes() == uf2.build(own.read_bytes(), PICO2, file_set.build(kind="pico2"))
    assert "Hold BOOTSEL" in Done("flash", "--uf2", str(out), "--image", str(own), "--board",
                                  "pico2").text  # fmt: skip


def test_what_cannot_be_made_is_a_usage_error_in_words(tmp_path: Path) -> None:
    out = str(tmp_path / "pump.uf2")
    done = Done("flash", "--uf2", out, "--board", "pico2")
    assert done.code == USAGE
    assert "Give --image with MicroPython's RPI_PICO2 image" in done.text
    text = tmp_path / "image.txt"
    text.write_text("no image")
    done = Done("flash", "--uf2", out, "--image", str(text))
    assert (done.code, done.text) == (USAGE, f"{text} is no UF2 image\n")
    assert Done("flash", "--uf2", out, "--virtual").code == USAGE
    assert not Path(out).exists()


def test_an_image_that_cannot_be_fetched_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # as without a network
    assert image.cache_folder() == tmp_path / "openitb"
    done = Done("virtual")
    assert done.code == USAGE
    assert "could not be fetched" in done.text
    assert "--image FILE.uf2" in done.text
