"""`pump-programmer program`: the right pump, old beside new, a yes; a no changes nothing."""

from pathlib import Path

from protocol.programmer.app import ALARM, USAGE
from tests.pumps import bytes_of_state
from tests.wire.desk import NIGHT, OK, SIMPLE, Desk


def test_old_and_new_are_shown_before_the_question(ready: Desk) -> None:
    done = ready.run("program", NIGHT, typed="n\n")
    assert done.exit_code == ALARM
    table, question = done.output.index("+26.7 %"), done.output.index("Program this pump?")
    assert table < question
    assert "Nothing was changed." in done.output
    assert ready.ask("interrogate")["result"]["program"]["dose_ng_day"] == 300_000


def test_a_no_changes_nothing(ready: Desk) -> None:
    ready.bed.run(s=20)  # what was done before is in the log, and the ledger knows of it
    before = bytes_of_state(ready.bed.pump)
    ready.bed.programmer.hold_magnet()
    commands = (
        ("program", NIGHT),
        ("start",),
        ("clock", "--set", "2026-01-01 22:00"),
        ("setup", SIMPLE, "--reservoir", "40 mL"),
        ("calibrate", "--steps", "500", "--volume", "25.1 uL"),
    )
    for command in commands:
        done = ready.run(*command, typed="n\n")
        assert done.exit_code == ALARM, command
        assert "Nothing was changed." in done.output
    after = bytes_of_state(ready.bed.pump)
    assert without_window(after) == without_window(before)


def without_window(state: str) -> list[str]:
    """Without what holding the magnet changes, and the age of a proposal that is forgotten."""
    passing = ("_until_ms", "_proposed_s")
    return [line for line in state.splitlines() if not any(name in line for name in passing)]


def test_another_pump_has_to_be_typed(ready: Desk, tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text(Path(NIGHT).read_text().replace("OITB-0001", "OITB-0009"))
    wrong = ready.run("program", str(file), typed="OITB-0009\n")
    assert wrong.exit_code == ALARM
    assert 'the file has "OITB-0009", the pump "OITB-0001"' in wrong.output
    assert "is not the serial number of this pump" in wrong.output
    right = ready.run("program", str(file), typed="OITB-0001\ny\n")
    assert right.exit_code == OK
    given = ready.run("program", str(file), "--serial", "OITB-0001", "--yes")
    assert given.exit_code == OK


def test_yes_does_not_stand_in_for_the_right_pump(ready: Desk, tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text(Path(NIGHT).read_text().replace("Example A", "Somebody else"))
    done = ready.run("program", str(file), "--yes", typed="\n")
    assert done.exit_code == ALARM
    assert ready.run("--json", "program", str(file), "--yes").exit_code == USAGE
    assert ready.ask("interrogate")["result"]["program"]["dose_ng_day"] == 300_000
    done = ready.run("program", str(file), "--yes", "--patient-label", "Example A")
    assert done.exit_code == OK


def test_a_file_without_a_patient_asks_for_both(ready: Desk, tmp_path: Path) -> None:
    text = Path(NIGHT).read_text()
    file = tmp_path / "nobody.toml"
    file.write_text(text[text.index("[drug]") :])
    done = ready.run("program", str(file), typed="OITB-0001\nExample A\ny\n")
    assert done.exit_code == OK


def test_an_unusual_change_has_to_be_typed(ready: Desk, tmp_path: Path) -> None:
    file = tmp_path / "double.toml"
    file.write_text(Path(SIMPLE).read_text().replace("300 mcg/day", "600 mcg/day"))
    wrong = ready.run("program", str(file), typed="300 mcg/day\n")
    assert wrong.exit_code == ALARM
    assert "UNUSUAL: the 24 h dose changes by +100.0 %" in wrong.output
    bare = ready.run("program", str(file), typed="600\n")
    assert bare.exit_code == USAGE
    right = ready.run("program", str(file), typed="600 mcg/day\ny\n")
    assert right.exit_code == OK


def test_another_drug_is_refused(ready: Desk, tmp_path: Path) -> None:
    file = tmp_path / "drug.toml"
    file.write_text(Path(SIMPLE).read_text().replace('"baclofen"', '"morphine"'))
    done = ready.run("program", str(file), "--yes")
    assert done.exit_code == ALARM
    assert "set up for baclofen, the file prescribes morphine" in done.output


def test_a_faulty_file_names_the_place_and_opens_no_port(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "bare.toml"
    file.write_text(Path(SIMPLE).read_text().replace('dose = "300 mcg/day"', "dose = 300"))
    desk.broken = AssertionError("no port is to be opened")
    done = desk.run("program", str(file))
    assert done.exit_code == USAGE
    assert "bare.toml, [therapy], dose" in done.output
    assert '"300 mcg/day"' in done.output
