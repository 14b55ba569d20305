"""Virtual years of a whole pump, all its tasks, on a chip whose clock jumps from one to the next.

What it writes, logs, sounds and delivers is compared with plain arithmetic, record by record.
"""

import struct
from collections.abc import Callable
from datetime import datetime
from typing import Any

from emulator.bedside import prescription
from firmware.commands import Commands
from firmware.pins import SUPPLY
from firmware.refusal import Refusal
from protocol.wire import codec, events, schema
from tests.jumping_chip import Chip, pump_on
from tests.plain_order import DAY_MS, HOUR_MS, TONES, WRAP
from tests.watched_pump import POWERED_S, PRESET, RTC_FROM, SEGMENTS, STEP_PL, TICKS, WatchedPump

YEARS = 10
DAYS = 3_653  # of them
CONC_MCG_ML = 2_000
BOLUS_NL, BOLUS_NL_DAY = 2_000, 4_800_000
WRONG_MAX = 20  # a life with more is not gone on with
TURNS_MAX = 100_000  # until the next thing that somebody does
LOG_KEPT, SEGMENTS_MAX = 8_800, 81  # docs/storage.md
MIN_MS = 60_000
SETUP = {
    "serial": "OITB-0010",
    "patient_label": "for ten years",
    "drug": "baclofen",
    "conc_mcg_ml": CONC_MCG_ML,
    "reservoir_nl": 20_000_000,
    "catheter_um": 890_000,
    "catheter_nl_cm": 2_200,
    "dose_ng_day_limit": schema.DOSE_NG_DAY_MAX,
}


def wall(*parts: int) -> int:
    """Seconds since 2000."""
    since = datetime(*parts) - datetime(2000, 1, 1)  # type: ignore[arg-type,misc]
    return since.days * 86_400 + since.seconds


BEGUN = wall(2034, 1, 7, 8, 55)  # two days before 2**30 s
# By day of the life: what the clock is set to, at 03:20.
SETTINGS = {
    91: wall(2038, 1, 17, 8, 22),  # two days before 2**31 s since 1970
    182: wall(2040, 2, 27, 13, 24),  # two days before a leap day
    273: wall(2068, 1, 17, 18, 26),  # two days before 2**31 s
}


class Life(WatchedPump):
    """What somebody does to it, day by day."""

    def __init__(self, spared: bool) -> None:
        super().__init__(spared)
        self._commands = Commands(self.pump)
        self._began_ms: list[int] = []  # boluses
        self._stops = 0  # of 48 hours or more
        self._set_up()

    def _set_up(self) -> None:
        pump, order = self.pump, self.order
        self.ordering = True
        pump.commission(SETUP, 0)
        order.note(events.STATE, schema.UNCOMMISSIONED, schema.STOPPED)
        pump.calibrate(STEP_PL)
        order.note(events.CALIBRATED, schema.STEP_PL_NOMINAL, STEP_PL)
        self._set_clock(BEGUN)
        digest = self.ask(schema.PROPOSE, prescription(SEGMENTS, CONC_MCG_ML))["digest"]
        self.ask(schema.CONFIRM, {"digest": digest})
        order.note(events.PRESCRIPTION, *struct.unpack(">II", digest[:8]))
        self.start()

    def ask(self, kind: int, values: dict[str, Any] | None = None) -> dict[str, Any]:
        """One request, now. Raises Refusal."""
        self.ordering = kind in schema.CHANGING
        try:
            payload = codec.encode(kind, values or {})
            now_ms = self.pump.clock.read()
            answer: dict[str, Any]
            _, answer = self._commands.execute(kind, payload, now_ms)
            return answer
        finally:
            self.ordering = False

    def set_clock(self, wall_s: int) -> None:
        """To another day."""
        self._set_clock(wall_s)
        self.order.begin_day()

    def _set_clock(self, wall_s: int) -> None:
        self.order.set_clock(wall_s)
        self.ask(schema.SET_CLOCK, {"wall_s": wall_s})

    def start(self) -> None:
        """Therapy."""
        self.order.start()
        self.ask(schema.START)

    def stop(self) -> None:
        """Therapy."""
        self.order.stop()
        self.ask(schema.STOP)

    def start_again(self) -> None:
        """After a stop: whose hours are on the flash, and whose tones have been heard."""
        self.counted["stops"] += 1
        self.compare("stopped_h", self.condition["stopped_h"], self.order.stopped_h)
        tones = set(self.chip.tones) ^ set(self.order.tones)
        self.compare("tones that differ", sorted(tones)[:TONES], [])
        self.compare("tones", len(self.chip.tones), len(self.order.tones))
        self.chip.tones.clear()
        self.order.tones.clear()
        self.start()

    def acknowledge(self) -> None:
        """The alarm that it was left stopped."""
        self._stops += 1
        self.ask(schema.ACKNOWLEDGE, {"alarm": schema.LEFT_STOPPED})
        self.order.note(events.ALARM_ACKNOWLEDGED, schema.LEFT_STOPPED)

    def bolus(self) -> None:
        """Propose one and give it."""
        proposal = {
            "conc_mcg_ml": CONC_MCG_ML,
            "volume_nl": BOLUS_NL,
            "rate_nl_day": BOLUS_NL_DAY,
            "dose_ng": BOLUS_NL * CONC_MCG_ML // 1_000,
        }
        answer = self.ask(schema.PROPOSE_BOLUS, proposal)
        of_day = [at for at in self._began_ms if self.chip.now_ms - at < DAY_MS]
        self.compare("boluses of a day", bool(answer["boluses_ng_day"]), bool(of_day))
        self.ask(schema.START_BOLUS, {"digest": answer["digest"]})
        self.order.bolus(BOLUS_NL, BOLUS_NL_DAY)
        self._began_ms.append(self.chip.now_ms)
        self.counted["boluses"] += 1

    def bolus_too_soon(self) -> None:
        """It is locked out for another second."""
        try:
            self.bolus()
        except Refusal as no:
            self.compare("lock-out", (no.code, no.low), (schema.BOLUS_LOCKED_OUT, 1))
        else:
            self.say("a bolus while locked out")

    def look(self) -> None:
        """What the pump says of itself, at the end of a day."""
        order = self.order
        self.compare(
            "state", self.pump.state.state, schema.RUNNING if order.runs else schema.STOPPED
        )
        self.compare("supply", self.chip.Pin.at[SUPPLY].level, int(order.runs))
        self.compare("motor", self.chip.steps, order.steps)
        told = self.ask(schema.READ_CLOCK)
        self.compare("uptime_s", told["uptime_s"], self.chip.now_ms // 1_000)
        self.compare("wall_s", told["wall_s"], order.wall_s)
        totals = self.ask(schema.TOTALS)
        for name, steps in (
            ("midnight", order.day_steps),
            ("schedule", order.steps),
            ("refill", order.steps),
            ("bolus", order.given_steps),
            ("continuous", 0),
        ):
            self.compare(name, totals[f"{name}_verified_nl"], steps * STEP_PL // 1_000)
        self.compare("verified", totals["verified_steps"], order.verified)
        if self.chip.now_ms - self.record_ms > HOUR_MS:
            self.say("no record for an hour")
        told = self.ask(schema.BOLUSES)
        ages = [self.chip.now_ms // 1_000 - at // 1_000 for at in self._began_ms]
        found = [row["age_s"] for row in told["boluses"]]
        self.compare("ages of boluses", found, ages[-schema.BOLUSES_MAX :])
        self.compare("boluses", told["count"], (PRESET + len(ages)) % WRAP)

    def until(self, at_ms: int) -> None:
        """Run, to the end of the last turn before."""
        self.chip.until_ms = at_ms
        for _ in range(TURNS_MAX):
            if self.chip.now_ms >= at_ms:
                break
            self.pump.turn()
        else:
            raise AssertionError("the loop does not come to rest")
        self.order.advance(at_ms)

    def day(self, number: int) -> None:
        """From midnight to midnight, or from the start on."""
        self.until(self.order.midnight_after_ms(1) if number else 0)
        for at_ms, do in self._plan(number, self.order.midnight_after_ms(0)):
            self.until(at_ms)
            do()
        self.until(self.order.midnight_after_ms(1) - 1)
        self.look()
        self.counted["days"] += 1
        if number % 28 == 27:
            self.read_log()

    def _plan(self, day: int, begins_ms: int) -> list[tuple[int, Callable[[], None]]]:
        """What somebody does on a day, and when.

        Boluses go on, and an alarm sounds, while the pump moves the epoch of its clock.
        """
        epoch_ms = begins_ms + (HOUR_MS - begins_ms) % DAY_MS
        if day in SETTINGS:
            return [(begins_ms + 200 * MIN_MS + 777, lambda: self.set_clock(SETTINGS[day]))]
        if day % 30 == 10:
            first_ms = begins_ms + 765 * MIN_MS if day % 60 == 10 else epoch_ms - 20_000
            again_ms = first_ms + schema.BOLUS_LOCKOUT_S * 1_000
            return [
                (first_ms, self.bolus),
                (again_ms - 1_000, self.bolus_too_soon),
                (again_ms, self.bolus),
            ]
        plan: dict[int, list[tuple[int, Callable[[], None]]]] = {
            20: [(epoch_ms - 1_000, self.stop)],
            22: [
                (epoch_ms + 2 * HOUR_MS, self.acknowledge),
                (epoch_ms + 5 * HOUR_MS + 5 * MIN_MS, self.start_again),
            ],
            50: [(begins_ms + 540 * MIN_MS, self.stop)],
            51: [(begins_ms + 905 * MIN_MS, self.start_again)],
        }
        return plan.get(day % 60, [])

    def end(self) -> None:
        """The rest of the log; how much of it is kept; and another start from the same flash."""
        self.read_log()
        page = self.log(0)
        kept = page["newest_event"] + 1 - page["oldest_event"]
        if kept < min(LOG_KEPT, self.counted["events"]):
            self.say(f"only {kept} events are kept")
        if len(self.disk.listdir("/pump/log")) > SEGMENTS_MAX + 1:  # and what settles the folder
            self.say("the log grows")
        for alarm, entry in enumerate(self.pump.alarms.table):
            times = self._stops if alarm == schema.LEFT_STOPPED else 0
            self.compare(f"alarm {alarm}", entry.count, times)
        self.disk.on_file = lambda _path, _data: None
        again = pump_on(Chip(TICKS, RTC_FROM), self.disk)
        self.compare(
            "verified", again.ledger.verified.value(), (PRESET + self.record_steps) % WRAP
        )
        self.compare("unverified", again.ledger.unverified.value(), self.reserved)
        self.compare("powered_s", again.ledger.powered_s, POWERED_S + self.record_ms // 1_000)
        self.compare("boluses", again.boluses.count, (PRESET + len(self._began_ms)) % WRAP)
        self.compare("state", again.state.state, self.pump.state.state)
        self.compare("alarms", again.alarms.mask(True), 1 << schema.CLOCK_LOST)


def live(days: int, spared: bool = False) -> Life:
    """A life of so many days, or until too much is wrong. spared: see WatchedPump."""
    life = Life(spared)
    for day in range(days):
        try:
            life.day(day)
        except Refusal as no:
            life.say(f"an order was refused: {no}")
            return life
        if len(life.wrong) >= WRONG_MAX:
            return life
    life.end()
    return life
