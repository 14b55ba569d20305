"""`pump-programmer` against the real firmware: words, questions, exit codes."""

import datetime
import json
from collections.abc import Iterator

import click.testing
import pytest

from protocol.programmer import app
from protocol.programmer.app import ALARM, LINK, USAGE
from protocol.programmer.cli import main
from protocol.wire import schema
from tests.wire.desk import NIGHT, NOW, OK, SIMPLE, Desk
from tests.wire.other_schema import OtherSchemaLink


def test_the_whole_way_from_a_blank_pump_to_therapy(desk: Desk) -> None:
    assert "not commissioned" in desk.run("status").output
    desk.bed.programmer.hold_magnet()
    setup = desk.run("setup", SIMPLE, typed="y\n")
    assert setup.exit_code == OK, setup.output
    assert "Read back and equal" in setup.output
    assert desk.run("clock", "--set", "now", typed="y\n").exit_code == OK
    program = desk.run("program", NIGHT, typed="y\n")
    assert program.exit_code == OK, program.output
    for said in (
        "24 h dose",
        "380 mcg/day",
        "peak hour",
        "20 mcg from 20:00",
        "read back and equal",
    ):
        assert said in program.output
    assert "`pump-programmer start`" in program.output
    start = desk.run("start", typed="y\n")
    assert start.exit_code == OK
    assert "RUNNING" in start.output
    desk.bed.run(hours=2)
    status = desk.run("status")
    assert status.exit_code == OK
    assert "12 mcg/h, 0.144 mL/day (segment 1, next in 3 h 59 min" in status.output
    totals = desk.run("totals")
    assert "12 uL" in totals.output or "11.95 uL" in totals.output
    everything = desk.run("interrogate")
    assert everything.exit_code == OK
    for title in ("Status", "Set-up", "Prescription", "Delivered", "Alarms", "Clock", "Firmware"):
        assert f"\n{title}\n" in everything.output
    stop = desk.run("stop")
    assert stop.exit_code == OK
    assert "Watch for withdrawal" in stop.output
    assert desk.state_name() == "STOPPED"


def test_a_refusal_of_the_pump_is_explained(desk: Desk) -> None:
    done = desk.run("setup", SIMPLE, "--yes")
    assert done.exit_code == ALARM
    assert "MAGNET_NEEDED" in done.output
    assert "Hold the magnet to the pump for 3 seconds" in done.output
    done = desk.run("program", SIMPLE, "--serial", "", "--patient-label", "", "--yes")
    assert done.exit_code == ALARM
    assert "NOT_COMMISSIONED" in done.output
    assert "Commission it first" in done.output


def test_calibration(ready: Desk) -> None:
    done = ready.run("calibrate", "--steps", "500", "--volume", "25.1 uL", "--yes")
    assert done.exit_code == OK
    assert "50.2 nL a step" in done.output
    done = ready.run("calibrate", "--steps", "500", "--volume", "28 uL", "--yes")
    assert done.exit_code == ALARM
    assert "45 nL to 55 nL a step" in done.output
    for volume in ("25.1", "25,1 uL"):
        assert ready.run("calibrate", "--steps", "500", "--volume", volume).exit_code == USAGE
    assert ready.run("calibrate", "--steps", "0", "--volume", "25 uL").exit_code == USAGE
    done = ready.run("calibrate", "--steps", "100", "--volume", "5 uL", "--yes")
    assert done.exit_code == USAGE
    assert "200 steps to 10,000,000 steps" in done.output
    assert ready.run("start", "--yes").exit_code == OK
    done = ready.run("calibrate", "--steps", "500", "--volume", "25.1 uL", "--yes")
    assert done.exit_code == ALARM
    assert "Stop therapy first" in done.output


def test_the_clock_and_its_jump(desk: Desk) -> None:
    desk.program(NIGHT)
    desk.now = NOW + datetime.timedelta(minutes=2)
    shown = desk.run("clock")
    assert shown.exit_code == OK
    assert "2026-01-01 08:02:00" in shown.output
    assert "behind" in shown.output
    assert desk.run("start", "--yes").exit_code == OK
    done = desk.run("clock", "--set", "2026-01-01 22:00", typed="y\n")
    assert done.exit_code == OK
    for said in (
        "1 of 3, 06:00 to 14:00",
        "3 of 3, 20:00 to 06:00",
        "forward",
        "20 mcg/h",
        "120 mcg",
    ):
        assert said in done.output
    assert desk.ask("status")["result"]["rate_nl_day"] == 240_000
    for wrong in ("22:00", "tomorrow", "2026-02-30 08:00", "1999-12-31 08:00", "2026-01-01T08:00"):
        assert desk.run("clock", "--set", wrong, "--yes").exit_code == USAGE, wrong


def test_an_alarm_sets_the_exit_code_until_it_is_over(ready: Desk) -> None:
    assert ready.run("alarms").exit_code == OK
    ready.run("start", "--yes")
    ready.bed.plant.stall(True)
    ready.bed.run(minutes=3)
    for command in ("status", "alarms", "interrogate"):
        done = ready.run(command)
        assert done.exit_code == ALARM
        assert "MOTOR_STALLED" in done.output
    shown = ready.run("alarms").output
    assert "NOT acknowledged" in shown
    assert "Watch for withdrawal" in shown
    ready.bed.plant.stall(False)
    done = ready.run("acknowledge")
    assert done.exit_code == OK
    assert "Acknowledged: MOTOR_STALLED" in done.output
    assert "RUNNING" in done.output
    assert ready.run("status").exit_code == OK
    done = ready.run("acknowledge")
    assert "No alarm waits" in done.output
    done = ready.run("acknowledge", "motor_stalled")
    assert done.exit_code == ALARM
    assert "ALARM_NOT_ACTIVE" in done.output
    assert ready.run("acknowledge", "toothache").exit_code == USAGE


def test_a_start_that_an_alarm_holds_says_so(ready: Desk) -> None:
    ready.run("start", "--yes")
    ready.bed.plant.stall(True)
    ready.bed.run(minutes=3)
    ready.run("stop")
    done = ready.run("start", "--yes")
    assert done.exit_code == ALARM
    assert "HELD" in done.output
    assert "MOTOR_STALLED" in done.output


def test_stop_goes_out_before_anything_else(ready: Desk) -> None:
    ready.run("start", "--yes")
    sent: list[bytes] = []
    ready.bed.world.chip.outside.uart_out(lambda data, done_us: sent.append(data))
    assert ready.run("stop").exit_code == OK
    assert len(sent) == 1, "one answer: nothing was said but STOP"


def test_a_dead_line_ends_in_a_diagnosis(desk: Desk) -> None:
    desk.broken = FileNotFoundError(2, "No such file or directory")
    done = desk.run("status")
    assert done.exit_code == LINK
    assert "There is no port /dev/pump." in done.output
    assert "pump-programmer ports" in done.output
    said = json.loads(desk.run("--json", "status").stdout)
    assert said["error"]["kind"] == "PORT_MISSING"


def test_a_pump_of_another_schema_is_told_apart(desk: Desk) -> None:
    desk.link_type = OtherSchemaLink
    for command in ("status", "stop"):
        done = desk.run(command)
        assert done.exit_code == LINK
        assert f"schema {schema.SCHEMA_HASH:08X}" in done.output
        assert "Use the programmer that came with this firmware" in done.output


def test_without_a_port_it_is_a_question_of_usage() -> None:
    runner = click.testing.CliRunner(env={"PUMP_PORT": ""})
    done = runner.invoke(main, ["status"])
    assert done.exit_code == USAGE
    assert "PUMP_PORT" in done.output


def test_a_faulty_emulator_url_is_a_question_of_the_link() -> None:
    runner = click.testing.CliRunner()
    for url in ("emu://?sed=1", "emu://?seed=x", "emu://here", "emu://?magnet=2"):
        done = runner.invoke(main, ["--port", url, "status"])
        assert done.exit_code == LINK, url
        assert "is no port" in done.output


def test_the_emulator_is_a_port_like_any_other() -> None:
    runner = click.testing.CliRunner()
    done = runner.invoke(main, ["--port", "emu://?seed=3&magnet=1", "setup", SIMPLE, "--yes"])
    assert done.exit_code == OK, done.output
    assert "Read back and equal. The pump is STOPPED" in done.output


def test_json_is_one_object_with_names_beside_numbers(ready: Desk) -> None:
    said = ready.ask("status")
    assert said["ok"] is True
    result = said["result"]
    assert (result["state"], result["state_name"]) == (schema.STOPPED, "STOPPED")
    assert result["alarms_active_names"] == []
    assert result["serial"] == "OITB-0001"
    everything = ready.ask("interrogate")["result"]
    assert everything["program"]["segments"] == [{"start_min": 0, "rate_nl_day": 150_000}]
    programmed = ready.ask("program", NIGHT, "--yes")["result"]
    assert programmed["old"]["dose_ng_day"] == 300_000
    assert programmed["new"]["dose_ng_day"] == 380_000
    assert len(bytes.fromhex(programmed["proposal"]["digest"])) == 16
    for command in ("totals", "alarms", "clock"):
        assert ready.ask(command)["ok"] is True


def test_json_asks_nothing(ready: Desk) -> None:
    done = ready.run("--json", "program", NIGHT)
    assert done.exit_code == USAGE
    assert json.loads(done.stdout)["error"]["what"] == "--json asks nothing: add --yes"
    assert ready.run("--json", "start").exit_code == USAGE
    assert ready.state_name() == "STOPPED"


class FakePort:
    device = "/dev/ttyACM0"
    description = "Pump"
    hwid = "USB"


@pytest.mark.parametrize("found", [[], [FakePort()]])
def test_ports_are_listed(monkeypatch: pytest.MonkeyPatch, found: list[FakePort]) -> None:
    def comports() -> Iterator[FakePort]:
        return iter(found)

    monkeypatch.setattr("serial.tools.list_ports.comports", comports)
    done = click.testing.CliRunner().invoke(main, ["ports"])
    assert done.exit_code == OK
    assert ("/dev/ttyACM0" in done.output) == bool(found)


def test_a_bug_is_not_dressed_up() -> None:
    with pytest.raises(ZeroDivisionError):
        app.explain(ZeroDivisionError(), "port")
