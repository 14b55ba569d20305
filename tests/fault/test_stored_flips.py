"""A bit of a stored record that flips without power costs nothing, or is told and holds."""

from tests.fault.stored_flips import KINDS, campaign

EVERY = 19  # a prime: over the records each place in a byte


def test_a_flipped_bit_of_any_stored_record_is_found_before_the_next_step() -> None:
    """Every bit: `make prove`, MEMORY-04."""
    count, failed = campaign(EVERY)
    print(f"{count} bits flipped, {len(failed)} not found in time")
    assert failed == []
    assert count > 100 * len(KINDS)
