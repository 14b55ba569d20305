"""Random numbers: fixed for ever, and even enough for noise."""

from emulator.generator import Random


def test_the_stream_of_a_seed_never_changes() -> None:
    """Recorded runs depend on it, on every runtime."""
    random = Random(1)
    assert [random.u16() for _ in range(5)] == [60771, 41896, 17101, 12171, 26965]


def test_every_seed_gives_a_stream_of_its_own() -> None:
    starts = {tuple(Random(seed).u16() for _ in range(2)) for seed in range(1_000)}
    assert len(starts) > 990
    assert Random(0).u16() != Random(0x6D2B_79F5).u16()


def test_numbers_are_even() -> None:
    random = Random(7)
    counts = [0] * 16
    for _ in range(32_000):
        counts[random.below(16)] += 1
    chi_square = sum((count - 2_000) ** 2 / 2_000 for count in counts)
    assert chi_square < 37.7  # 15 degrees of freedom, p = 0.001


def test_below_stays_below() -> None:
    random = Random(3)
    for n in (1, 2, 3, 65_536):
        assert all(0 <= random.below(n) < n for _ in range(200))
