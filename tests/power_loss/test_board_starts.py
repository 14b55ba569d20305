"""A start on the virtual Pico, each operation of its flash as slow as it may be."""

from tests.power_loss import board_starts

FIRST_STEP_MS_MAX = 3_000


def test_the_first_step_is_made_within_3_s_of_power_on_on_the_slowest_flash() -> None:
    """On that of sixty which keeps the start longest; its last write was cut. `make prove` has
    more of them (BOARD-17).
    """
    (lived,) = board_starts.slowest(2, 1)
    assert lived.flash_ms > 400, "an erasure before the motor has power"
    found = board_starts.started(lived)
    assert found.step_ms <= FIRST_STEP_MS_MAX
    assert found.supply_ms < found.step_ms
