"""What was prescribed, exactly: the integral of what the clinician ordered, by the clock as set.

Built from the messages alone (requests and the pump's answers), in whole numbers and fractions;
it knows nothing of how the firmware computes. A prescription counts while therapy is started and
not stopped: also while an alarm holds it, since that dose is owed to the patient and not given. A
bolus counts until an alarm, a stop or a reset ends it: what is left of it is owed no more.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

_DAY_MS = 86_400_000
_MIN_MS = 60_000

Segments = tuple[tuple[int, int], ...]  # (start in ms after midnight, nL/day), in order


class _Order(NamedTuple):
    """From t_ms on, when it is day_ms after midnight, this day is in force; (): nothing is."""

    t_ms: int
    day_ms: int
    day: Segments


class _Bolus(NamedTuple):
    """So much more a day, from from_ms until until_ms."""

    from_ms: int
    until_ms: int
    rate_nl_day: int


class Orders:
    """Takes requests and answers in the order in which they passed.

    conc_mcg_ml: of the prescription confirmed last; 0 before. started_ms: when therapy was first
    started. first_set: (t_ms, wall_s) of the first setting of the clock. log: (t_ms, what) of
    every order that the pump accepted.
    """

    def __init__(self) -> None:
        self.conc_mcg_ml = 0
        self.started_ms: int | None = None
        self.first_set: tuple[int, int] | None = None
        self.log: list[tuple[int, str]] = []
        self._orders: list[_Order] = []
        self._boluses: list[_Bolus] = []
        self._requested: dict[int, dict[str, Any]] = {}  # fields of the requests, by counter
        self._proposed: dict[str, Any] = {}
        self._confirmed: Segments = ()
        self._running = False
        self._midnight_ms = 0  # a moment at which the pump's clock shows midnight
        self._answered: tuple[int, str] = (-1, "")
        self._accepted: dict[str, Callable[[int, dict[str, Any]], str]] = {
            "SETUP_ANSWER": self._on_setup,
            "CALIBRATE_ANSWER": self._on_calibrate,
            "SET_CLOCK_ANSWER": self._on_set_clock,
            "CONFIRM_ANSWER": self._on_confirm,
            "START_BOLUS_ANSWER": self._on_start_bolus,
            "CANCEL_BOLUS_ANSWER": self._on_cancel_bolus,
            "START_ANSWER": self._on_start,
            "STOP_ANSWER": self._on_stop,
        }

    def boot(self, t_ms: int) -> None:
        """What was said and not confirmed is forgotten; what was ordered is still owed."""
        self._requested.clear()
        self._proposed = {}
        self.end_bolus(t_ms)

    def end_bolus(self, t_ms: int) -> None:
        """Whatever bolus was under way at t_ms ended then."""
        self._boluses = [
            one._replace(until_ms=t_ms) if one.from_ms <= t_ms < one.until_ms else one
            for one in self._boluses
        ]

    def request(self, counter: int, fields: dict[str, Any]) -> None:
        """A request is on its way."""
        self._requested = {counter: fields}

    def answer(self, t_ms: int, counter: int, message: str) -> None:
        """The pump answered: what it accepted is in force from now on.

        A repeated answer changes nothing.
        """
        if (counter, message) == self._answered:
            return
        self._answered = (counter, message)
        asked = self._requested.get(counter, {})
        if message in ("PROPOSAL", "BOLUS_PROPOSAL"):
            self._proposed = asked
        elif message in self._accepted:
            self.log.append((t_ms, self._accepted[message](t_ms, asked)))

    def day_ms(self, t_ms: int) -> int:
        """Time of day on the pump's clock at t_ms, in ms; since power-on where it is not set."""
        return (t_ms - self._midnight_ms) % _DAY_MS

    def rate_nl_day(self, t_ms: int) -> int:
        """The rate ordered at t_ms."""
        bolus = sum(one.rate_nl_day for one in self._boluses if one.from_ms <= t_ms < one.until_ms)
        in_force = [order for order in self._orders if order.t_ms <= t_ms]
        if not in_force or not in_force[-1].day:
            return bolus
        order = in_force[-1]
        return _piece(order.day, (order.day_ms + t_ms - order.t_ms) % _DAY_MS)[0] + bolus

    def edges_ms(self, until_ms: int) -> list[int]:
        """Every instant up to until_ms from which another rate is ordered."""
        edges = [t_ms for t_ms, _, _ in self._pieces(0, until_ms)]
        edges += [t_ms for one in self._boluses for t_ms in one[:2] if t_ms <= until_ms]
        return sorted(edges)

    def volume_nl(self, from_ms: int, until_ms: int) -> Fraction:
        """Volume ordered between the two, exact."""
        total = sum(rate * span_ms for _, rate, span_ms in self._pieces(from_ms, until_ms))
        for one in self._boluses:
            span_ms = min(one.until_ms, until_ms) - max(one.from_ms, from_ms)
            total += one.rate_nl_day * max(0, span_ms)
        return Fraction(total, _DAY_MS)

    def _on_setup(self, t_ms: int, asked: dict[str, Any]) -> str:
        self._confirmed = ()
        return f"the pump is commissioned as {asked['serial']} for {asked['patient_label']}"

    def _on_calibrate(self, t_ms: int, asked: dict[str, Any]) -> str:
        return f"the pump is calibrated: {asked['volume_nl']:,} nL in {asked['steps']:,} steps"

    def _on_set_clock(self, t_ms: int, asked: dict[str, Any]) -> str:
        wall_s = asked["wall_s"]
        self._midnight_ms = t_ms - wall_s * 1_000 % _DAY_MS
        if self.first_set is None:
            self.first_set = (t_ms, wall_s)
        self._enact(t_ms)
        return f"the clock is set to {wall_s // 3_600 % 24:02d}:{wall_s // 60 % 60:02d}"

    def _on_confirm(self, t_ms: int, asked: dict[str, Any]) -> str:
        self._confirmed = _day_of(self._proposed["segments"])
        self.conc_mcg_ml = self._proposed["conc_mcg_ml"]
        self._enact(t_ms)
        return f"programmed: {self._proposed['dose_ng_day'] / 1_000:g} mcg in 24 hours"

    def _on_start_bolus(self, t_ms: int, asked: dict[str, Any]) -> str:
        """It lasts for the first whole ms in which all of it is due."""
        volume_nl, rate_nl_day = self._proposed["volume_nl"], self._proposed["rate_nl_day"]
        lasts_ms = -(-volume_nl * _DAY_MS // rate_nl_day)
        self._boluses.append(_Bolus(t_ms, t_ms + lasts_ms, rate_nl_day))
        return f"a bolus of {self._proposed['dose_ng'] / 1_000:g} mcg begins"

    def _on_cancel_bolus(self, t_ms: int, asked: dict[str, Any]) -> str:
        self.end_bolus(t_ms)
        return "the bolus is cancelled"

    def _on_start(self, t_ms: int, asked: dict[str, Any]) -> str:
        self._running = True
        if self.started_ms is None:
            self.started_ms = t_ms
        self._enact(t_ms)
        return "therapy is started"

    def _on_stop(self, t_ms: int, asked: dict[str, Any]) -> str:
        self._running = False
        self.end_bolus(t_ms)
        self._enact(t_ms)
        return "therapy is stopped"

    def _enact(self, t_ms: int) -> None:
        day = self._confirmed if self._running else ()
        self._orders.append(_Order(t_ms, self.day_ms(t_ms), day))

    def _pieces(self, from_ms: int, until_ms: int) -> list[tuple[int, int, int]]:
        """(start, nL/day, ms) of each stretch of one rate between the two."""
        found: list[tuple[int, int, int]] = []
        ends = [order.t_ms for order in self._orders[1:]] + [until_ms]
        for order, end_ms in zip(self._orders, ends):
            t_ms = order.t_ms
            while order.day and t_ms < min(end_ms, until_ms):
                rate, left_ms = _piece(order.day, (order.day_ms + t_ms - order.t_ms) % _DAY_MS)
                stop_ms = min(t_ms + left_ms, end_ms, until_ms)
                if stop_ms > from_ms:
                    start_ms = max(t_ms, from_ms)
                    found.append((start_ms, rate, stop_ms - start_ms))
                t_ms = stop_ms
        return found


def _day_of(segments: list[dict[str, int]]) -> Segments:
    return tuple((one["start_min"] * _MIN_MS, one["rate_nl_day"]) for one in segments)


def _piece(day: Segments, day_ms: int) -> tuple[int, int]:
    """(nL/day at this time of day, ms until the next edge); the last one runs past midnight."""
    later = [start_ms for start_ms, _ in day if start_ms > day_ms]
    held = [rate for start_ms, rate in day if start_ms <= day_ms]
    rate = held[-1] if held else day[-1][1]
    next_ms = later[0] if later else day[0][0] + _DAY_MS
    return rate, next_ms - day_ms
