"""`pump-programmer bolus`: shown before it is asked, given once, cancelled, told."""

import pytest

from protocol.programmer import show_bolus
from protocol.programmer.app import ALARM, USAGE
from protocol.programmer.bolus import Bolus, of_dose
from protocol.programmer.quantity import QuantityError
from protocol.wire import schema
from tests.wire.desk import OK, SIMPLE, Desk


@pytest.fixture
def running() -> Desk:
    desk = Desk()
    desk.program(SIMPLE)
    assert desk.run("start", "--yes").exit_code == OK
    return desk


def test_what_it_makes_of_the_day_is_shown_before_the_question(running: Desk) -> None:
    done = running.run("bolus", "50 mcg", "--over", "10 min", typed="n\n")
    assert done.exit_code == ALARM
    for words in ("50 mcg, 25 uL", "10 min 0 s", "3.6 mL/day on top", "350 mcg", "1000 mcg"):
        assert words in done.output, words
    assert done.output.index("350 mcg") < done.output.index("Give this bolus?")
    assert "Nothing was changed." in done.output
    assert running.ask("bolus")["result"]["count"] == 0


def test_it_is_given_told_and_cancelled(running: Desk) -> None:
    given = running.run("bolus", "50 mcg", "--over", "10 min", "--yes")
    assert given.exit_code == OK
    assert "Under way for 10 min 0 s." in given.output
    running.bed.run(minutes=4)
    assert "under way for " in running.run("status").output
    assert "it is being given" in running.run("bolus").output
    cancelled = running.run("bolus", "--cancel")
    assert "Cancelled. Of 25 uL it gave " in cancelled.output
    history = running.run("bolus")
    assert "cancelled by order" in history.output
    assert "The next may begin in 3 h 5" in history.output
    assert "of it by boluses" in running.run("totals").output
    none = running.run("bolus", "--cancel")
    assert none.exit_code == ALARM
    assert "NO_BOLUS" in none.stderr


def test_of_a_bolus_that_gave_a_known_amount_one_figure_is_told(running: Desk) -> None:
    assert running.run("bolus", "50 mcg", "--over", "6 h", "--yes").exit_code == OK
    assert "it gave 0 uL. Delivery" in running.run("bolus", "--cancel").output


def test_where_none_was_given_nothing_is_said_of_the_next(running: Desk) -> None:
    history = running.run("bolus").output
    assert "no bolus yet" in history
    assert "next" not in history
    locked = show_bolus.history({"count": 1, "wait_s": 60, "boluses": []})
    assert locked == "  no bolus on record\nThe next may begin in 1 min 0 s."


def test_a_refusal_says_what_to_do(running: Desk) -> None:
    assert running.run("bolus", "10 mcg", "--over", "1 h", "--yes").exit_code == OK
    running.run("bolus", "--cancel")
    locked = running.run("bolus", "10 mcg", "--over", "1 h", "--yes")
    assert locked.exit_code == ALARM
    assert "BOLUS_LOCKED_OUT" in locked.stderr
    assert "Wait." in locked.stderr
    running.run("stop")
    stopped = running.run("bolus", "10 mcg", "--over", "1 h", "--yes")
    assert "THERAPY_STOPPED" in stopped.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("50 mcg",),
        ("--over", "10 min"),
        ("--cancel", "50 mcg"),
        ("50", "--over", "10 min"),
        ("50 mcg", "--over", "10"),
        ("50 mcg", "--over", "0 min"),
        ("0.0001 mcg", "--over", "10 min"),
    ],
    ids=" ".join,
)
def test_what_is_not_clear_is_refused_before_anything_is_sent(
    running: Desk, arguments: tuple[str, ...]
) -> None:
    done = running.run("bolus", *arguments, "--yes")
    assert done.exit_code == USAGE
    assert running.bed.pump.boluses.count == 0


def test_a_dose_that_is_no_whole_volume_is_refused_with_the_nearest() -> None:
    with pytest.raises(QuantityError, match="nearest are"):
        of_dose(1, 600, 2_000)


@pytest.mark.parametrize("conc", schema.CONC_MCG_ML_ACCEPTED)
@pytest.mark.parametrize("duration_s", [60, 600, 3_600, 21_600])
def test_it_takes_as_long_as_asked_and_never_longer(conc: int, duration_s: int) -> None:
    bolus = of_dose(50_000, duration_s, conc)
    assert bolus.dose_ng == 50_000
    assert bolus.volume_nl == 50_000 * 1_000 // conc
    assert duration_s * 1_000 - 1_000 < bolus.duration_ms <= duration_s * 1_000


def test_the_digest_is_of_serial_order_and_number() -> None:
    bolus = Bolus(2_000, 5_000, 1_000_000)
    digests = {
        bolus.digest("A-1", 0),
        bolus.digest("A-1", 1),
        bolus.digest("A-2", 0),
        Bolus(2_000, 5_001, 1_000_000).digest("A-1", 0),
    }
    assert len(digests) == 4
