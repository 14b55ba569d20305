"""What somebody reads who has no board yet, the wrong port, or an option too many."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click.testing
import pytest

from emulator.bench import cli_doctor, cli_hil, cli_serve_board, cli_virtual, transport
from emulator.bench.cli import main as pump_board
from emulator.bench.cli_parts import BoardApp, Target
from emulator.bench.doctor import FAILED as NOT_WELL
from emulator.bench.wiring import BoardWorld
from emulator.cli import main as pump_emulator
from emulator.story import happenings
from protocol.programmer.cli import main as pump_programmer
from protocol.programmer.quantity import QuantityError
from tests.bench.cli import LINK, OK, USAGE, Done, Stranger
from tests.bench.emulated_board import EmulatedBoard

SCENARIO = str(Path(__file__).parents[2] / "docs/scenarios/kink_at_full_rate.toml")
NO_PORT = "/dev/no-such-port"


@pytest.mark.parametrize("command", [pump_board, pump_programmer, pump_emulator])
def test_the_summary_of_no_command_is_cut_short(command: click.Group) -> None:
    done = click.testing.CliRunner().invoke(command, ["--help"], terminal_width=80)
    listed = done.output.partition("Commands:")[2].split("\n")
    assert len(listed) > len(command.commands)
    assert [line for line in listed if line.endswith("...")] == []


def test_hil_without_a_port_says_where_ports_are_found_and_what_needs_none() -> None:
    done = Done("hil", SCENARIO)
    assert done.code == USAGE
    assert "`pump-programmer ports` lists the ports" in done.text
    assert "pump-board virtual" in done.text


def test_a_port_that_is_gone_may_have_been_served() -> None:
    for command in (("verify",), ("hil", SCENARIO)):
        done = Done(*command, "--port", NO_PORT)
        assert done.code == LINK
        assert f"There is no port {NO_PORT}." in done.text
        assert "Plug it in, or start what serves there" in done.text


def test_what_is_wrong_with_a_scenario_is_told_before_a_board_is_touched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def touched(*_: object) -> Any:
        raise AssertionError("the board")

    monkeypatch.setattr(cli_hil.bench, "on_the_bench", touched)
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('title = "no duration"')
    for path in (wrong, tmp_path, tmp_path / "none.toml"):
        done = Done("hil", str(path), "--port", NO_PORT)
        assert done.code == USAGE
        assert path.name in done.text


@pytest.mark.parametrize(
    "args",
    [
        ("hil", SCENARIO, "--port", NO_PORT, "--magnet"),
        ("hil", "--port", NO_PORT, "--pty", "--trace", "t.jsonl"),
        ("hil", "--port", NO_PORT, "--pty", "--report", "r.html"),
        ("virtual", "--trace", "t.jsonl"),
        ("virtual", "--serve", "--pty", "--report", "r.html"),
    ],
    ids=" ".join,
)
def test_an_option_that_would_do_nothing_is_refused(args: tuple[str, ...]) -> None:
    done = Done(*args)
    assert done.code == USAGE
    assert "scenario" in done.text


def test_who_waits_is_told_why_and_stdout_stays_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_QUIET_S", 0.2)
    with Stranger() as silent:
        done = Done("verify", "--port", silent.port)
        assert done.text.startswith(f"No MicroPython has answered at {silent.port} yet")
        assert done.code == LINK
        assert list(Done("verify", "--port", silent.port, "--json").plain) == ["error"]
    made: Any = EmulatedBoard()
    monkeypatch.setattr(cli_virtual, "_board", lambda *_: lambda seed: BoardWorld(made, seed))
    done = Done("virtual")
    assert done.code == OK
    assert done.text.startswith("The virtual Pico boots")
    assert done.stdout.startswith("The pump answers")


def test_who_serves_a_board_is_told_what_to_do_next(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def on_the_bench(*_: object) -> Iterator[EmulatedBoard]:
        yield EmulatedBoard()

    monkeypatch.setattr(cli_hil.bench, "on_the_bench", on_the_bench)
    monkeypatch.setattr(cli_serve_board, "until_stopped", lambda: lambda: False)
    done = Done("hil", "--port", NO_PORT, "--pty")
    assert done.code == OK
    assert "Type what happens to the pump (help lists it); Ctrl-C ends." in done.text
    assert "Ctrl-C" not in done.stdout


def test_a_board_that_starts_nothing_is_not_asked_for_a_hello(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = Target("a port", "a line", True)
    app = BoardApp(False)
    monkeypatch.setattr(Target, "hello", None)
    pump = cli_doctor._hello(app, found, False)
    assert (pump.part, pump.verdict) == ("pump", NOT_WELL)
    assert "pump-board flash" in pump.seen
    with pytest.raises(TypeError):
        cli_doctor._hello(app, found, True)


def test_a_person_at_the_console_reads_what_can_be_typed() -> None:
    lines = happenings.help_text().split("\n")
    assert len(lines) == len(happenings.HAPPENINGS)
    assert len({line.index(meaning) for line, meaning in _meanings(lines)}) == 1, "aligned"
    for word, readers in happenings.HAPPENINGS.items():
        example = happenings.EXAMPLES.get(word, "")
        assert happenings.parse(f"{word} {example}")[0] == word
        if readers:
            with pytest.raises(QuantityError):
                happenings.parse(word)


def _meanings(lines: list[str]) -> list[tuple[str, str]]:
    return list(zip(lines, (happenings.MEANINGS[word] for word in happenings.HAPPENINGS)))
