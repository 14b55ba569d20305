"""A served pump over a real pseudo-terminal and over TCP: pace, reconnection, console, replay.

Nothing here waits on the clock: a condition is asked for until it holds, and the test's own
time-out ends a wait in vain.
"""

import json
import socket
import time
from pathlib import Path

import pytest

from emulator import serve
from emulator.rig import Rig
from emulator.serve import LEAD_MS, Server
from emulator.story import recording
from emulator.story.ports import PtyPort
from protocol.programmer.client import Client, connect
from protocol.programmer.exchange import Refused
from protocol.programmer.link import PortLink
from protocol.programmer.setup_file import read as read_setup
from protocol.wire import schema
from tests.story.served import DEMO, emulator, programmer, programmer_ended, served

HOUR_MS = 3_600_000


class BenchLink(PortLink):
    """A port whose server runs in this thread: it serves while somebody waits to read."""

    def __init__(self, port: PtyPort, server: Server) -> None:
        super().__init__(port.name)
        self._server = server

    def read(self, timeout_ms: int) -> bytes:
        until_ms = self.now_ms() + timeout_ms
        self._server.run(lambda: not self._port.in_waiting and self.now_ms() < until_ms)
        return super().read(0)


class Bench:
    """A pump and its server on a real pseudo-terminal, without a second thread or process."""

    def __init__(self, speed: float | None) -> None:
        self.rig = Rig()
        self._port = PtyPort()
        self._server = Server(self.rig, self._port, speed)
        self.serve = self._server.run
        self.link = BenchLink(self._port, self._server)

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        self.link.close()
        self._port.close()


def test_the_programmer_programs_a_served_pump_over_a_pty() -> None:
    """Each command is a process of its own: the pump survives clients that come and go."""
    with served("--pty", "--magnet") as pump:
        programmer(pump.port, "setup", str(DEMO), "--yes")
        programmer(pump.port, "clock", "--set", "2026-01-01 23:00", "--yes")
        programmer(pump.port, "program", str(DEMO), "--yes")
        assert programmer(pump.port, "start", "--yes")["rate_nl_day"] == 276_000
        assert programmer(pump.port, "status")["state"] == schema.RUNNING
        assert pump.stop() == 0


def test_the_programmer_programs_a_served_pump_over_tcp() -> None:
    with served("--tcp", "0", "--magnet") as pump:
        assert pump.port.startswith("socket://127.0.0.1:")
        programmer(pump.port, "setup", str(DEMO), "--yes")
        found = programmer(pump.port, "interrogate")  # a client that hung up, and came back
        assert found["setup"]["serial"] == "ITB-0001"


def test_a_second_client_over_tcp_is_told_that_there_is_another() -> None:
    with served("--tcp", "0") as pump:
        number = int(pump.port.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", number)):
            code, said = programmer_ended(pump.port, "status")
            assert (code, said["error"]["kind"]) == (3, "HUNG_UP")
        assert programmer(pump.port, "status")["state"] == schema.UNCOMMISSIONED


def test_a_client_that_vanishes_in_the_middle_leaves_a_pump_that_answers() -> None:
    with served("--pty") as pump:
        gone = Client(PortLink(pump.port))
        gone.hello()
        gone.link.write(b"\0\x05\x01\x02")  # a frame that never ends
        gone.link.close()
        with connect(pump.port) as client:
            assert client.status()["state"] == schema.UNCOMMISSIONED


def test_full_speed_stops_for_a_session_and_goes_on_after_it() -> None:
    with Bench(speed=None) as bench:
        bench.serve(lambda: bench.rig.now_ms < HOUR_MS)
        client = Client(bench.link)
        client.hello()
        at_ms = bench.rig.now_ms
        for _ in range(20):
            client.read_clock()
        assert bench.rig.now_ms - at_ms < 2_000  # 20 requests take less than that by either clock
        client.goodbye()
        bench.serve(lambda: bench.rig.now_ms < at_ms + HOUR_MS)


def test_speed_is_virtual_seconds_a_second() -> None:
    """Measured against the same clock: an hour at 36,000 takes about a tenth of a second."""
    with Bench(speed=36_000) as bench:
        from_s = time.monotonic()
        bench.serve(lambda: bench.rig.now_ms < HOUR_MS)
        assert time.monotonic() - from_s >= 0.09


def test_what_happens_can_be_typed() -> None:
    with served("--pty") as pump:
        with connect(pump.port) as client:
            with pytest.raises(Refused, match="MAGNET_NEEDED"):
                client.setup(read_setup(DEMO, {}))
            assert pump.type("magnet") == "done: magnet"
            assert client.setup(read_setup(DEMO, {}))["state"] == schema.STOPPED
        assert pump.type("kink 97 %") == "done: kink 97 %"
        assert pump.type("stall") == "done: stall"
        assert "stalled motor" in pump.type("runaway 5 Hz")
        assert pump.type("kink 0.97").startswith('"0.97" is no amount in %')


def test_a_served_run_is_replayed_to_the_byte(tmp_path: Path) -> None:
    kept, trace, again = (tmp_path / name for name in ("kept.jsonl", "a.jsonl", "b.jsonl"))
    options = ("--record", str(kept), "--trace", str(trace), "--seed", "9", "--content", "5 mL")
    with served("--pty", "--magnet", "--speed", "20", *options) as pump:
        programmer(pump.port, "setup", str(DEMO), "--yes")
        programmer(pump.port, "clock", "--set", "2026-01-01 08:00", "--yes")
        programmer(pump.port, "program", str(DEMO), "--yes")
        programmer(pump.port, "start", "--yes")
        pump.type("kink 100 %")
        while not programmer(pump.port, "totals")["verified_steps"]:
            continue
        assert pump.stop() == 0
    done = emulator("replay", str(kept), "--trace", str(again), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["account"]["commanded_steps"] > 0
    assert again.read_bytes() == trace.read_bytes()


def test_a_recording_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    path.write_text('{"format":1,"seed":1,"plant":{},"schema_hash":0}\n{"t_us":1,"what":"end"}\n')
    with pytest.raises(recording.RecordingError, match="another schema"):
        recording.replay(path)
    path.write_text("")
    assert emulator("replay", str(path)).returncode == 2
    head = {"format": 1, "seed": 1, "plant": {}, "schema_hash": schema.SCHEMA_HASH}
    path.write_text(json.dumps(head) + '\n{"t_us":1,"what":"end"}\n')
    with pytest.raises(recording.RecordingError, match="does not follow the recording at 1 us"):
        recording.replay(path)


def test_the_world_is_never_far_ahead_of_the_wall_clock() -> None:
    """However fast a client asks: the lead is bounded, and what is beyond it waits."""
    with Bench(speed=1.0) as bench:
        client = Client(bench.link)
        client.hello()
        from_s, from_ms = time.monotonic(), bench.rig.now_ms
        for _ in range(1_200):
            client.read_clock()
            lead_ms = bench.rig.now_ms - from_ms - (time.monotonic() - from_s) * 1_000
            assert lead_ms <= LEAD_MS


def test_a_world_too_slow_for_the_wall_clock_still_looks_at_its_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A virtual board may be: ten seconds late, it runs a turn of 0.1 s, and lets the rest go."""
    real, late_s = time.monotonic, [0.0]
    monkeypatch.setattr(serve.time, "monotonic", lambda: real() + late_s[0])
    with Bench(speed=1.0) as bench:
        from_ms = bench.rig.now_ms

        def once() -> bool:
            late_s[0] += 10.0
            return late_s[0] < 15.0

        bench.serve(once)
        slice_ms = 250  # the pump's loop ends its sleep first
        assert 100 <= bench.rig.now_ms - from_ms <= 100 + slice_ms


@pytest.mark.parametrize(
    "options",
    [(), ("--pty", "--tcp", "0"), ("--pty", "--speed", "0"), ("--pty", "--content", "5")],
    ids=lambda options: " ".join(options) or "none",
)
def test_options_that_make_no_sense_are_usage_errors(options: tuple[str, ...]) -> None:
    assert emulator("serve", *options).returncode == 2


def test_a_port_that_is_taken_is_a_link_error() -> None:
    with served("--tcp", "0") as pump:
        taken = pump.port.rsplit(":", 1)[1]
        assert emulator("serve", "--tcp", taken).returncode == 3
