"""After a reset or a power failure the pump goes on as before, or says why not."""

import pytest

from firmware import keeper, records
from firmware.care import LEFT_STOPPED_H
from protocol import names
from protocol.wire import schema
from tests.kept import FOLDERS, NAMES, path_of
from tests.pumps import Bed

UL_DAY = 1_000


def after_a_power_failure(bed: Bed, off_s: float = 60) -> None:
    """The power fails now and comes back later; booted on return."""
    bed.world.power_cut()
    bed.run(s=off_s)
    bed.world.power_on()
    bed.run(s=2)


def made(bed: Bed) -> int:
    """Steps that the plant's rotor made."""
    found = bed.plant.snapshot()
    return int(found["forward_steps"] - found["backward_steps"])


def waiting(bed: Bed) -> set[str]:
    mask = bed.status()["alarms_waiting"]
    return {row[0] for alarm, row in enumerate(schema.ALARM_TABLE) if mask >> alarm & 1}


def corrupt(bed: Bed, kind: int, generations: str = "01") -> None:
    """One bit of each of these generations of a record flips."""
    for generation in generations:
        path = path_of(kind, generation)
        with bed.world.disk.open(path, "rb") as file:
            data = bytearray(file.read())
        data[len(data) // 2] ^= 0x10
        with bed.world.disk.open(path, "wb") as file:
            file.write(data)


def newest_of_the_ledger(bed: Bed) -> str:
    """The generation with the higher sequence; firmware/store.py has it after four bytes."""

    def sequence(generation: str) -> int:
        with bed.world.disk.open(path_of(records.LEDGER, generation), "rb") as file:
            return int.from_bytes(file.read()[4:8], "little")

    return max("01", key=sequence)


@pytest.mark.parametrize("ul_day", [48, 500, 1_000, 7_000, 24_000])
@pytest.mark.parametrize("at_s", [1.0, 61.7, 600.2, 3_599.9])
def test_a_running_pump_goes_on_and_its_bracket_holds_the_truth(ul_day: int, at_s: float) -> None:
    bed = Bed(capacity_nl=40_000_000)
    rate_nl_day = ul_day * UL_DAY
    bed.running((0, rate_nl_day))
    before = bed.ask(schema.READ_BACK)
    bed.run(s=at_s)
    truth = made(bed)
    after_a_power_failure(bed)
    assert bed.state == schema.RUNNING
    assert bed.ask(schema.READ_BACK) == before
    totals = bed.totals()
    width = totals["unverified_steps"]
    assert width <= keeper.block_steps(rate_nl_day)
    since = made(bed) - truth
    low, high = totals["verified_steps"], totals["verified_steps"] + width
    assert low - since <= truth <= high
    assert "CLOCK_LOST" in waiting(bed)


def test_up_to_1_ml_day_a_power_failure_hides_at_most_8_steps() -> None:
    assert keeper.block_steps(48_000) == keeper.block_steps(1_000_000) == 8


def test_what_a_damaged_ledger_is_counted_for_is_the_most_that_a_record_reserves() -> None:
    assert keeper.block_steps(schema.RATE_NL_DAY_MAX) == records.BLOCK_STEPS_MAX


def test_what_was_missed_without_power_is_not_caught_up() -> None:
    bed = Bed()
    bed.running((0, 1_000_000))
    bed.run(hours=1)
    after_a_power_failure(bed, off_s=7_200)
    steps = len(bed.steps)
    bed.run(hours=1)
    assert abs(len(bed.steps) - steps - 1_000_000 / 50 / 24) <= 1


def test_a_stopped_pump_stays_stopped() -> None:
    bed = Bed()
    bed.running((0, 1_000_000))
    bed.run(minutes=10)
    bed.ask(schema.STOP)
    totals = bed.totals()
    after_a_power_failure(bed)
    steps = len(bed.steps)
    bed.run(hours=1)
    assert (bed.state, len(bed.steps)) == (schema.STOPPED, steps)
    totals["boots"] += 1
    assert bed.totals() == totals, "a stop leaves no doubt about the ledger"
    bed.programmer.start()
    assert bed.state == schema.RUNNING


def test_a_held_pump_stays_held_until_the_block_is_gone() -> None:
    bed = Bed()
    bed.running((0, 1_000_000))
    bed.plant.kink(1.0)
    bed.run(minutes=30)
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.OCCLUSION)
    assert bed.state == schema.HELD
    after_a_power_failure(bed)
    assert bed.state == schema.HELD
    steps = len(bed.steps)
    bed.run(minutes=10)
    assert len(bed.steps) == steps
    bed.plant.release()
    bed.run(minutes=5)
    assert bed.state == schema.RUNNING


def test_an_alarm_that_nobody_acknowledged_waits_over_a_reset_with_its_count() -> None:
    bed = Bed()
    bed.running((0, 1_000_000))
    bed.plant.stall(True)
    bed.run(minutes=5)
    bed.plant.stall(False)
    (before,) = bed.ask(schema.ALARMS)["alarms"]
    after_a_power_failure(bed)
    assert bed.state == schema.HELD
    (row,) = [one for one in bed.ask(schema.ALARMS)["alarms"] if one["alarm"] == before["alarm"]]
    assert (row["count"], row["acknowledged"]) == (before["count"], 0)
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.MOTOR_STALLED)
    assert bed.state == schema.RUNNING


def test_a_reset_leads_out_of_a_fault_and_somebody_has_to_acknowledge() -> None:
    bed = Bed()
    bed.running((0, 1_000_000))
    bed.run(minutes=1)
    bed.pump.fault_stop(names.FAULTS.index("TASK_RAISED"))
    bed.run(s=5)
    assert bed.state == schema.FAULT
    after_a_power_failure(bed)
    assert bed.state == schema.HELD
    assert "INVARIANT_BROKEN" in waiting(bed)
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.INVARIANT_BROKEN)
    assert bed.state == schema.RUNNING


def test_the_hours_of_a_stop_are_counted_over_resets() -> None:
    bed = Bed()
    bed.ready((0, 1_000_000))
    bed.run(hours=LEFT_STOPPED_H / 2 + 0.5)
    after_a_power_failure(bed)
    bed.run(hours=LEFT_STOPPED_H / 2 - 1)
    assert "LEFT_STOPPED" not in waiting(bed)
    bed.run(hours=1.5)
    assert "LEFT_STOPPED" in waiting(bed)


@pytest.mark.parametrize("generation", ["0", "1"])
@pytest.mark.parametrize("kind", [records.SETUP, records.THERAPY, records.CONDITION])
def test_one_damaged_generation_loses_nothing(kind: int, generation: str) -> None:
    bed = Bed()
    bed.running((0, 600_000), (720, 900_000))
    bed.run(minutes=5)
    setup, prescription = bed.ask(schema.READ_SETUP), bed.ask(schema.READ_BACK)
    bed.world.power_cut()
    corrupt(bed, kind, generation)
    bed.world.power_on()
    bed.run(s=2)
    assert bed.state == schema.RUNNING
    assert (bed.ask(schema.READ_SETUP), bed.ask(schema.READ_BACK)) == (setup, prescription)
    after_a_power_failure(bed)
    corrupt(bed, kind, "10"[int(generation)])
    after_a_power_failure(bed)
    assert bed.state == schema.RUNNING, "what was damaged has been written anew"


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (records.SETUP, schema.UNCOMMISSIONED),
        (records.THERAPY, schema.STOPPED),
        (records.CONDITION, schema.STOPPED),
        (records.LEDGER, schema.HELD),
    ],
)
def test_a_lost_record_is_a_critical_alarm_and_never_a_silent_stop(kind: int, state: int) -> None:
    bed = Bed()
    bed.running((0, 600_000))
    bed.run(minutes=5)
    bed.world.power_cut()
    corrupt(bed, kind)
    bed.world.power_on()
    bed.run(s=2)
    assert bed.state == state
    rows = {row["alarm"]: row for row in bed.ask(schema.ALARMS)["alarms"]}
    assert rows[schema.RESTORE_FAILED]["value"] & 1 << kind
    assert "RESTORE_FAILED" in waiting(bed)
    assert schema.ALARM_TABLE[schema.RESTORE_FAILED][1] == schema.CRITICAL


@pytest.mark.parametrize("rate_nl_day", [1_000_000, 6_000_000, 24_000_000])
def test_the_bracket_holds_where_the_newest_record_of_the_ledger_is_damaged(
    rate_nl_day: int,
) -> None:
    """Steps were made within the reservation of the record before, and of the one that is gone."""
    bed = Bed(capacity_nl=40_000_000)
    bed.running((0, rate_nl_day))
    for at_s in (20, 61, 177, 300, 431):
        bed.run(s=at_s)
        truth = made(bed)
        bed.world.power_cut()
        corrupt(bed, records.LEDGER, newest_of_the_ledger(bed))
        bed.world.power_on()
        bed.run(s=0.6)
        ledger = bed.pump.ledger
        low = ledger.verified.value()
        assert low <= truth <= low + ledger.unverified.value()
        assert bed.state == schema.RUNNING


def test_a_prescription_of_another_set_up_is_not_taken_up_again() -> None:
    """New set-up, and the power fails before anything else is written."""
    bed = Bed()
    bed.ready((0, 600_000))
    bed.programmer.commission(patient_label="somebody else")
    after_a_power_failure(bed)
    assert bed.pump.therapy.prescription is None
    assert bed.state == schema.STOPPED
    assert bed.ask(schema.READ_SETUP)["patient_label"] == "somebody else"


def test_a_calibration_is_kept_and_what_was_delivered_before_keeps_its_volume() -> None:
    bed = Bed()
    bed.running((0, 1_000_000))
    bed.run(minutes=30)
    bed.ask(schema.STOP)
    bed.programmer.hold_magnet()
    bed.ask(schema.CALIBRATE, steps=1_000, volume_nl=52_000)
    bed.ask(schema.START)
    bed.run(minutes=30)
    bed.ask(schema.STOP)
    before = bed.totals()
    after_a_power_failure(bed)
    before["boots"] += 1
    assert bed.totals() == before
    assert before["step_pl"] == 52_000


class Broken:
    """A disk that fails to write, as long as `fails` is set: files whose path has this part."""

    def __init__(self, disk: object, part: str) -> None:
        self._disk = disk
        self._part = part
        self.fails = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._disk, name)

    def open(self, path: str, mode: str) -> object:
        if self.fails and mode != "rb" and self._part in path:
            raise OSError(5)
        return self._disk.open(path, mode)  # type: ignore[attr-defined]


def with_broken(part: str, **plant: int) -> "tuple[Bed, Broken]":
    """A pump whose disk can be broken in this part."""
    found: list[Broken] = []

    def wrap(world: object) -> None:
        found.append(Broken(world.disk, part))  # type: ignore[attr-defined]
        world.disk = found[0]  # type: ignore[attr-defined]

    return Bed(before=wrap, **plant), found[0]


@pytest.mark.parametrize(
    ("kind", "command", "values"),
    [
        (records.CONDITION, schema.START, {}),
        (records.SETUP, schema.CALIBRATE, {"steps": 1_000, "volume_nl": 52_000}),
    ],
)
def test_what_cannot_be_written_is_refused_alarms_and_changes_nothing(
    kind: int, command: int, values: dict[str, int]
) -> None:
    bed, disk = with_broken(NAMES[kind])
    bed.ready((0, 600_000))
    bed.programmer.hold_magnet()
    before = bed.ask(schema.READ_SETUP)
    disk.fails = True
    with pytest.raises(Exception, match="NOT_STORED"):
        bed.ask(command, **values)
    assert bed.state == schema.STOPPED
    assert bed.ask(schema.READ_SETUP) == before
    assert "STORE_FAILED" in waiting(bed)
    disk.fails = False
    bed.ask(command, **values)
    bed.run(hours=1.1)
    assert not bed.status()["alarms_active"] & 1 << schema.STORE_FAILED


def test_a_prescription_that_cannot_be_written_leaves_the_old_one_running() -> None:
    bed, disk = with_broken(NAMES[records.THERAPY])
    bed.running((0, 600_000))
    before = bed.ask(schema.READ_BACK)
    disk.fails = True
    with pytest.raises(Exception, match="NOT_STORED"):
        bed.programmer.prescribe([(0, 700_000)])
    assert bed.ask(schema.READ_BACK) == before
    assert bed.status()["rate_nl_day"] == 600_000
    disk.fails = False
    after_a_power_failure(bed)
    assert bed.ask(schema.READ_BACK) == before


def test_a_ledger_that_cannot_be_written_alarms_and_stops_no_delivery() -> None:
    bed, disk = with_broken(NAMES[records.LEDGER])
    bed.running((0, 1_000_000))
    bed.run(minutes=1)
    disk.fails = True
    steps = len(bed.steps)
    bed.run(hours=1)
    assert "STORE_FAILED" in waiting(bed)
    assert abs(len(bed.steps) - steps - 1_000_000 / 50 / 24) <= 1
    disk.fails = False
    bed.run(minutes=5)
    assert not bed.status()["alarms_active"] & 1 << schema.STORE_FAILED


@pytest.mark.parametrize("part", [*NAMES.values(), *FOLDERS, "/"])
def test_a_flash_that_takes_no_write_at_boot_stops_no_therapy(part: str) -> None:
    bed, disk = with_broken(part)
    bed.running((0, 1_000_000))
    bed.run(minutes=5)
    bed.world.power_cut()
    disk.fails = True
    bed.world.power_on()
    bed.run(s=2)
    steps = len(bed.steps)
    bed.run(hours=1)
    assert bed.state == schema.RUNNING
    assert abs(len(bed.steps) - steps - 1_000_000 / 50 / 24) <= 1
    if part in ("/", "condition", "ledger", *FOLDERS):
        assert "STORE_FAILED" in waiting(bed)


def test_no_step_is_made_before_its_reservation_is_on_the_flash() -> None:
    """At every step the record on the flash covers it, at any rate."""
    for rate_nl_day in (48_000, 1_000_000, 8_000_000, 24_000_000):
        bed = Bed(capacity_nl=40_000_000)
        promised: list[int] = []
        memory = bed.pump.memory
        save = memory.save_ledger

        def watched(ledger, steps, wall_s, uptime_s, save=save, promised=promised):  # type: ignore[no-untyped-def]
            save(ledger, steps, wall_s, uptime_s)
            promised.append(ledger.commanded.value() + steps)

        memory.save_ledger = watched
        bed.running((0, rate_nl_day))
        until_s = 40 * 4_320_000_000 // rate_nl_day // 1_000
        for _ in range(200):
            bed.run(ms=until_s * 5)
            assert len(bed.steps) <= promised[-1]
        assert len(bed.steps) > 30
        assert len(promised) > 2


def test_totals_since_midnight_begin_anew_at_midnight_and_only_they() -> None:
    bed = Bed()
    bed.running((0, 1_000_000))
    bed.ask(schema.SET_CLOCK, wall_s=23 * 3_600)
    bed.run(hours=2)
    totals = bed.totals()
    assert abs(totals["midnight_verified_nl"] - 1_000_000 / 24) <= 100
    assert totals["verified_nl"] >= 1_000_000 / 12 - 100
    after_a_power_failure(bed)
    again = bed.totals()
    assert again["midnight_verified_nl"] <= totals["midnight_verified_nl"] + 50 * 8
    assert again["midnight_possible_nl"] >= totals["midnight_verified_nl"]
