"""Years of a whole pump: every count is preset to shortly before its end, and nothing stops."""

from tests.pump_years import live

DAYS = 2 * 365  # `make prove` has ten years of it, and spares nothing


def test_years_of_a_whole_pump_go_as_plain_arithmetic_has_them() -> None:
    """Log, records, midnights, edges, hours stopped, boluses, steps: with the year 2038 in it."""
    life = live(DAYS, spared=True)
    assert not life.wrong
    counted = life.counted
    assert counted["days"] == DAYS
    assert counted["events"] > DAYS * 28, "an hour each, and four edges of the schedule"
    assert counted["records"] > DAYS * 24
    assert (counted["boluses"], counted["stops"]) == (2 * 24, 2 * 12)
