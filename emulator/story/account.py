"""The account of a run: prescribed, commanded, verified, delivered, missed, let go.

Prescribed comes from the messages, commanded and verified from the firmware's ledger, all else
from the plant's. None is computed from another, but for the differences.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from emulator.story.chronicle import Chronicle


@dataclass(frozen=True)
class Account:
    """Volumes in nL since power-on; steps where the name says so.

    conc_mcg_ml: of the prescription; 0 where nothing was prescribed.
    prescribed: ordered, whether held or not. permitted: ordered, while the pump was RUNNING.
    delivered: out of the catheter's tip. let_go: stored behind a kink, and delivered at once when
    it opened. stored: still held back by pressure. returned: back through the head.
    hidden_steps: that may have been made, and that a reset hid. resets: how many there were.
    unasked_steps: of a motor that ran away. step: volume of one, as calibrated, on average.
    """

    conc_mcg_ml: int
    prescribed: Fraction
    permitted: Fraction
    commanded: Fraction
    verified: Fraction
    delivered: float
    let_go: float
    stored: float
    leaked: float
    returned: float
    commanded_steps: int
    verified_steps: int
    unverified_steps: int
    head_steps: int
    unasked_steps: int
    hidden_steps: int
    resets: int
    step: Fraction

    @property
    def missed(self) -> float:
        """Prescribed and not delivered. It is never caught up."""
        return float(self.prescribed) - self.delivered

    @property
    def steps_apart(self) -> int:
        """Steps by which the plant's ledger is ahead of the firmware's verified ones."""
        return self.head_steps - self.verified_steps

    def volume(self, name: str) -> float:
        """A volume of the account by its name."""
        return float(getattr(self, name))

    def mcg(self, name: str) -> float:
        """The same as a dose."""
        return self.volume(name) * self.conc_mcg_ml / 1e6

    def plain(self) -> dict[str, Any]:
        """For --json: volumes in nL, doses in mcg, steps."""
        found: dict[str, Any] = {"conc_mcg_ml": self.conc_mcg_ml}
        for name in VOLUMES:
            found[f"{name}_nl"] = round(self.volume(name), 3)
            found[f"{name}_mcg"] = round(self.mcg(name), 6)
        for name in ("commanded", "verified", "unverified", "head", "unasked", "hidden"):
            found[f"{name}_steps"] = getattr(self, f"{name}_steps")
        return found


# Name: what a table calls it.
VOLUMES = {
    "prescribed": "prescribed",
    "commanded": "commanded by the pump",
    "verified": "verified by the encoder",
    "delivered": "delivered at the catheter's tip",
    "missed": "missed (prescribed, not delivered)",
    "let_go": "stored volume let go at once",
    "stored": "still stored behind the tip",
    "leaked": "leaked at the connector",
    "returned": "back through the pump head",
}


def account(chronicle: Chronicle, until_ms: int | None = None) -> Account:
    """The account from power-on until until_ms; None: to the end."""
    end_ms = chronicle.end_ms if until_ms is None else until_ms
    orders = chronicle.orders
    steps = chronicle.steps_at(end_ms)
    plant = chronicle.sample_at(end_ms)
    permitted = Fraction(0)
    for from_ms, stop_ms in chronicle.stretches("RUNNING"):
        permitted += orders.volume_nl(from_ms, min(stop_ms, end_ms))
    commanded = Fraction(steps.commanded_pl, 1_000)
    return Account(
        conc_mcg_ml=orders.conc_mcg_ml,
        prescribed=orders.volume_nl(0, end_ms),
        permitted=permitted,
        commanded=commanded,
        verified=Fraction(steps.verified_pl, 1_000),
        delivered=plant.tip_nl,
        let_go=plant.released_nl,
        stored=plant.stored_nl,
        leaked=plant.leaked_nl,
        returned=plant.returned_nl,
        commanded_steps=steps.commanded,
        verified_steps=steps.verified,
        unverified_steps=steps.unverified,
        head_steps=plant.head_steps,
        unasked_steps=plant.unasked_steps,
        hidden_steps=chronicle.hidden_steps,
        resets=len(chronicle.boots) - 1,
        step=commanded / steps.commanded if steps.commanded else Fraction(50),
    )
