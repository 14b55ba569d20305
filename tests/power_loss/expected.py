"""What a pump may be found to be, while changes are asked of it and its power fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from emulator.bedside import Bedside, Refused, prescription
from protocol.wire import schema
from tests.power_loss.given import Given

Known = dict[str, Any]


class Expected:
    """may: what each thing may be found to be, by name; one value where it is certain.

    treatment: (set-up, fields of the prescription), either may be None. step_pl: as calibrated.
    is_on: whether therapy is. boluses: how many were given. alarms: the mask of those that must be
    waiting. refilled: the plant's steps at the latest refill. newest: the log must go as far as
    this. known: what is certain at the start; None: a
    pump that is new. given: the latest bolus.
    """

    bedside: Bedside
    setup: Any  # as the pump has it now
    steps: int  # that the plant has made

    def __init__(self, known: Known | None) -> None:
        everything: Known = {
            "treatment": (None, None),
            "step_pl": schema.STEP_PL_NOMINAL,
            "is_on": False,
            "alarms": 0,
            "boluses": 0,
            "refilled": 0,
            "newest": 0,
        }
        everything.update(known or {})
        self.may = {name: [value] for name, value in everything.items()}
        self.given: Given | None = None

    def certain(self) -> Known:
        """All that is, where nothing is being changed."""
        assert all(len(values) == 1 for values in self.may.values())
        return {name: values[0] for name, values in self.may.items()}

    @contextmanager
    def becoming(self, **new: Any) -> Iterator[None]:
        """A change is asked for: until it is answered, each may be the old or the new.

        Where it is refused it must be the old.
        """
        old = {name: self.may[name] for name in new}
        for name, value in new.items():
            self.may[name] = [*old[name], value]
        try:
            yield
        except Refused:
            self.may.update(old)
            raise
        for name, value in new.items():
            self.may[name] = [value]

    def ask(self, kind: int, **values: Any) -> dict[str, Any]:
        """One request; opens a session where there is none."""
        if not self.bedside.counter:
            self.bedside.hello()
        return self.bedside.ask(kind, values)

    def prescribe(self, *segments: tuple[int, int]) -> None:
        """Propose and confirm."""
        conc_mcg_ml = self.ask(schema.READ_SETUP)["conc_mcg_ml"]
        fields = prescription(list(segments), conc_mcg_ml)
        digest = self.ask(schema.PROPOSE, **fields)["digest"]
        with self.becoming(treatment=(self.setup, fields)):
            self.ask(schema.CONFIRM, digest=digest)

    def bolus(self, volume_nl: int, rate_nl_day: int) -> None:
        """Propose and start."""
        conc_mcg_ml = self.ask(schema.READ_SETUP)["conc_mcg_ml"]
        basal_nl_day = self.ask(schema.STATUS)["rate_nl_day"]
        number = self.may["boluses"][0] + 1
        self.given = Given(number, rate_nl_day, basal_nl_day, self.steps)
        with self.becoming(boluses=number):
            self.bedside.bolus(volume_nl, rate_nl_day, conc_mcg_ml)

    def cancel_bolus(self) -> None:
        """The one under way."""
        self.ask(schema.CANCEL_BOLUS)
        self.bolus_over()

    def bolus_over(self) -> None:
        """If one was under way: it was cancelled, or the power has failed."""
        if self.given is not None:
            self.given = self.given.over(self.steps)

    def wrong_boluses(
        self, told: Known, goes_on: bool, hidden_max: int | None = None
    ) -> list[str]:
        """What is not as it may be after a restart, in words.

        told: the fields of BOLUSES. goes_on: whether one does. hidden_max: as for Given.
        """
        wrong = self.unlike({"boluses": told["count"]})
        outcomes = [row["outcome"] for row in told["boluses"]]
        if goes_on or schema.UNDER_WAY in outcomes:
            wrong.append("a bolus goes on after a power failure")
        given = self.given
        if given is not None and told["count"] >= given.number:
            wrong += given.wrong(told["boluses"][given.number - told["count"] - 1], hidden_max)
        return wrong

    def unlike(self, found: Known) -> list[str]:
        """What is not as it may be, in words."""
        return [
            f"{name} is {value!r}, may be {self.may[name]!r}"
            for name, value in found.items()
            if value not in self.may[name]
        ]

    def untold(self, waiting: int, alarmed: bool) -> list[str]:
        """Alarms that must be there and are not, or that tell of something lost.

        waiting: the mask of those that wait. alarmed: they may say that the flash failed.
        """
        wrong = []
        if not any(waiting & mask == mask for mask in self.may["alarms"]):
            wrong.append(f"alarms {waiting:#x}, may be {self.may['alarms']}")
        told = (schema.STORE_FAILED, schema.LOG_FAILED)
        for alarm in (schema.RESTORE_FAILED, *(() if alarmed else told)):
            if waiting >> alarm & 1:
                wrong.append(f"alarm {schema.ALARM_TABLE[alarm][0]}")
        return wrong
