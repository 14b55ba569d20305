"""The emulated pump as a link: its time passes only while somebody waits, and always alike."""

import pytest

from emulator.emu_link import EmuLink, open_emulated
from protocol.programmer import link
from protocol.programmer.client import Client, connect
from protocol.programmer.link import Link
from protocol.wire import schema
from tests.pumps import Bed


def test_time_stands_still_until_somebody_waits(bed: Bed) -> None:
    line = EmuLink(bed.world)
    before_us = bed.world.now_us
    line.write(b"\x00\x00")
    line.close()
    assert bed.world.now_us == before_us
    assert line.read(0) == b""
    assert bed.world.now_us == before_us


def test_waiting_in_vain_takes_the_time_it_takes(bed: Bed) -> None:
    line = EmuLink(bed.world)
    before_ms = line.now_ms()
    assert line.read(500) == b""
    assert 500 <= line.now_ms() - before_ms <= 750, "the loop sleeps in slices of 250 ms"


def test_an_answer_comes_as_soon_as_its_last_byte_has_left(bed: Bed, client: Client) -> None:
    before_ms = client.link.now_ms()
    client.hello()
    assert client.link.now_ms() - before_ms <= 300 + 20, "first answer"
    before_ms = client.link.now_ms()
    client.status()
    taken_ms = client.link.now_ms() - before_ms
    assert 6 <= taken_ms <= 20 + 10, "17 and 53 bytes on the line take 6 ms"


def exchange_of(url: str) -> tuple[object, ...]:
    with connect(url) as client:
        assert isinstance(client.link, EmuLink)
        return client.status(), client.totals(), client.link.world.now_us


def test_the_same_url_is_the_same_pump_to_the_microsecond() -> None:
    assert exchange_of("emu://?seed=5&magnet=1") == exchange_of("emu://?seed=5&magnet=1")


def test_the_magnet_has_opened_the_window_or_not() -> None:
    with connect("emu://?magnet=1") as client:
        assert 280 <= client.status()["window_s"] <= 300
    with connect("emu://") as client:
        assert client.status()["window_s"] == 0
        assert client.status()["state"] == schema.UNCOMMISSIONED


@pytest.mark.parametrize("url", ["emu://x", "emu://?seed=-1", "emu://?seed", "emu://?speed=2"])
def test_a_faulty_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"emu://\?seed=NUMBER|whole number|bad query"):
        open_emulated(url)


def test_it_is_a_link_like_the_others(bed: Bed) -> None:
    line: Link = EmuLink(bed.world, "name")
    assert line.name == "name"
    members = {name for name in vars(link.Link) if not name.startswith("_")}
    assert members <= {name for name in dir(EmuLink) if not name.startswith("_")} | {"name"}
