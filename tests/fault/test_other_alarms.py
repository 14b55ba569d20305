"""Reservoir, a pump left stopped, and how alarms are heard."""

from firmware.pins import BUZZER, LED, LEVEL, MAGNET
from protocol.wire import schema
from tests.pumps import Bed


class Ear:
    """Hears the buzzer: (t in s, Hz or 0)."""

    def __init__(self, bed: Bed) -> None:
        self.heard: list[tuple[float, int]] = []
        self._bed = bed
        self._last = 0
        bed.world.chip.outside.record(self._on_output)

    def _on_output(self, _kind: int, _place: int, _value: int) -> None:
        found = self._bed.world.chip.outside.pwm(BUZZER)
        hz = found[0] if found and found[1] else 0
        if hz != self._last:
            self._last = hz
            self.heard.append((self._bed.now_ms / 1000, hz))

    def patterns(self) -> list[list[tuple[float, int]]]:
        """Tones between two silences."""
        found: list[list[tuple[float, int]]] = [[]]
        for t_s, hz in self.heard:
            found[-1].append((t_s, hz))
            if not hz:
                found.append([])
        return found[:-1]


def test_low_then_empty_reservoir() -> None:
    bed = Bed(volume_nl=4_500_000.0)
    bed.running((0, 24_000_000), reservoir_nl=20_000_000)
    bed.run(minutes=25)
    assert bed.pump.alarms.mask(True) == 0
    bed.run(minutes=15)
    assert bed.pump.alarms.is_active(schema.RESERVOIR_LOW)
    assert bed.state == schema.RUNNING
    bed.run(hours=2, minutes=50)
    assert bed.state == schema.HELD
    assert bed.pump.alarms.is_active(schema.RESERVOIR_EMPTY)
    left_nl = bed.plant.snapshot()["reservoir_nl"]
    assert 1_000_000 < left_nl < 1_600_000


def test_reservoir_alarms_need_three_samples_and_do_not_flutter() -> None:
    bed = Bed()
    bed.running()
    outside = bed.world.chip.outside
    samples = iter([300, 2_000] * 30)
    outside.adc(LEVEL, lambda: next(samples))
    bed.run(minutes=50)
    assert bed.pump.alarms.mask(True) == 0


def test_a_level_alarm_goes_half_a_millilitre_above_where_it_came() -> None:
    bed = Bed()
    bed.running()
    level_nl = [3_900_000]
    bed.world.chip.outside.adc(LEVEL, lambda: level_nl[0] // 11_719)
    bed.run(minutes=5)
    assert bed.pump.alarms.is_active(schema.RESERVOIR_LOW)
    level_nl[0] = 4_400_000
    bed.run(minutes=10)
    assert bed.pump.alarms.is_active(schema.RESERVOIR_LOW)
    level_nl[0] = 4_600_000
    bed.run(minutes=5)
    assert not bed.pump.alarms.is_active(schema.RESERVOIR_LOW)


def test_left_stopped_for_48_hours_is_a_critical_alarm_until_started() -> None:
    bed = Bed()
    bed.running()
    bed.programmer.ask(schema.STOP)
    bed.run(hours=47.9)
    assert bed.pump.alarms.priority() == 0
    bed.run(hours=0.2)
    assert bed.pump.alarms.is_active(schema.LEFT_STOPPED)
    assert bed.pump.alarms.priority() == schema.CRITICAL
    bed.programmer.hello()
    bed.programmer.start()
    assert not bed.pump.alarms.is_active(schema.LEFT_STOPPED)


def test_a_commissioned_pump_that_was_never_prescribed_is_not_left_stopped() -> None:
    bed = Bed()
    bed.ready()
    bed.run(hours=60)
    assert bed.pump.alarms.mask(True) == 0


def test_a_critical_alarm_sounds_two_tones_for_3_s_every_10_minutes_for_ever() -> None:
    bed = Bed()
    bed.running()
    ear = Ear(bed)
    bed.plant.stall(True)
    bed.run(hours=100)
    patterns = ear.patterns()
    assert len(patterns) in (600, 601)
    for pattern in patterns:
        tones = [hz for _, hz in pattern]
        assert tones == [1_000, 750, 1_000, 750, 1_000, 750, 0]
        assert abs(pattern[-1][0] - pattern[0][0] - 3.0) < 0.01
    starts = [pattern[0][0] for pattern in patterns]
    assert all(abs(b - a - 600) < 0.01 for a, b in zip(starts, starts[1:]))


def test_the_magnet_silences_for_2_minutes_and_never_stops_therapy() -> None:
    bed = Bed()
    bed.running()
    bed.plant.stall(True)
    bed.run(minutes=1)
    ear = Ear(bed)
    bed.plant.magnet(True)
    bed.run(s=3.5)
    assert bed.world.chip.outside.level(MAGNET) == 0
    assert bed.world.chip.outside.level(LED) == 1
    status = bed.status()
    assert 117 <= status["silence_s"] <= 120
    assert 297 <= status["window_s"] <= 300
    bed.run(s=110)
    assert ear.heard == []
    bed.run(s=20)
    assert ear.heard, "silence is temporary"
    healthy = Bed()
    healthy.running()
    healthy.plant.magnet(True)
    healthy.run(hours=1)
    assert healthy.state == schema.RUNNING


def test_a_new_alarm_breaks_the_silence() -> None:
    bed = Bed()
    bed.running()
    bed.plant.stall(True)
    bed.run(minutes=1)
    bed.programmer.hold_magnet()
    ear = Ear(bed)
    bed.pump.alarms.raise_alarm(schema.LEFT_STOPPED, 0)
    bed.run(s=5)
    assert ear.heard


def test_a_magnet_held_for_less_than_3_s_opens_nothing() -> None:
    bed = Bed()
    bed.plant.magnet(True)
    bed.run(s=2.7)
    bed.plant.magnet(False)
    bed.run(s=10)
    assert bed.status()["window_s"] == 0


def test_nothing_cries_wolf_in_a_week() -> None:
    """Every alarm of the table, nominal noise, continuous and scheduled, over clock rebases."""
    simple = [(0, 500_000)]
    schedule = [(60, 200_000), (420, 48_000), (1_320, 900_000)]
    day_nl = (200_000 * 360 + 48_000 * 900 + 900_000 * 180) // 1_440
    for segments, week_nl in ((simple, 7 * 500_000), (schedule, 7 * day_nl)):
        bed = Bed(seed=7)
        bed.running(*segments)
        bed.run(hours=24 * 7)
        assert bed.state == schema.RUNNING
        assert abs(len(bed.steps) - week_nl / 50) <= 1
        assert [alarm.count for alarm in bed.pump.alarms.table] == [0] * len(schema.ALARM_TABLE)
        assert bed.pump.ledger.unverified.value() == 0


def test_hours_of_an_earlier_stop_do_not_count() -> None:
    bed = Bed()
    bed.running()
    for _ in range(3):
        bed.ask(schema.STOP)
        bed.run(hours=30)
        bed.ask(schema.START)
        bed.run(hours=1)
    assert bed.pump.alarms.mask(True) == 0


def test_an_alarm_that_stays_is_raised_once_and_one_that_came_back_again() -> None:
    bed = Bed()
    bed.running()
    alarms = bed.pump.alarms
    alarms.raise_alarm(schema.RESERVOIR_LOW, 1)
    alarms.raise_alarm(schema.RESERVOIR_LOW, 2)
    entry = alarms.table[schema.RESERVOIR_LOW]
    assert (entry.count, entry.value, entry.waiting) == (1, 1, True)
    alarms.clear(schema.RESERVOIR_LOW)
    assert entry.stands, "gone, but nobody has acknowledged it"
    alarms.raise_alarm(schema.RESERVOIR_LOW, 3)
    assert (entry.count, entry.value) == (2, 3)


def test_patterns_keep_their_pace_when_the_clock_moves_its_epoch() -> None:
    bed = Bed()
    bed.running()
    bed.plant.stall(True)
    bed.run(hours=24)
    ear = Ear(bed)
    bed.run(hours=3)
    starts = [pattern[0][0] for pattern in ear.patterns()]
    assert len(starts) == 18
    assert all(abs(b - a - 600) < 0.01 for a, b in zip(starts, starts[1:]))
