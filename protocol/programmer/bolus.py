"""A bolus: a dose over a time, on top of the prescription. What is proposed and told back.

The pump takes a volume and a rate, both whole: a dose must be a whole volume at the pump's
concentration, as everywhere; the rate is the slowest whole one that takes no longer than asked.
"""

import hashlib
from dataclasses import dataclass
from fractions import Fraction

from protocol.programmer.answers import BolusProposal, BolusRow, ProposeBolusFields
from protocol.programmer.quantity import QuantityError, decimal
from protocol.wire import codec, schema

_DAY_S = 86_400
_DIGEST_BYTES = 16


@dataclass(frozen=True)
class Bolus:
    """volume_nl, at rate_nl_day, of a drug of conc_mcg_ml."""

    conc_mcg_ml: int
    volume_nl: int
    rate_nl_day: int

    @property
    def dose_ng(self) -> int:
        """Its dose, rounded down to a whole ng."""
        return self.volume_nl * self.conc_mcg_ml // 1_000

    @property
    def duration_ms(self) -> int:
        """The first whole ms at which all of it is due."""
        return -(-self.volume_nl * _DAY_S * 1_000 // self.rate_nl_day)

    def to_wire(self) -> ProposeBolusFields:
        """The fields of PROPOSE_BOLUS."""
        return {
            "conc_mcg_ml": self.conc_mcg_ml,
            "volume_nl": self.volume_nl,
            "rate_nl_day": self.rate_nl_day,
            "dose_ng": self.dose_ng,
        }

    def digest(self, serial: str, before: int) -> bytes:
        """What stands for it in the pump with this serial number. before: boluses until then."""
        payload = codec.encode(schema.PROPOSE_BOLUS, dict(self.to_wire()))
        data = serial.encode() + payload + before.to_bytes(4, "little")
        return hashlib.sha256(data).digest()[:_DIGEST_BYTES]


def of_dose(dose_ng: int, duration_s: int, conc_mcg_ml: int) -> Bolus:
    """The bolus of a dose over a time. Raises QuantityError where no whole volume is that dose."""
    exact_nl = Fraction(dose_ng * 1_000, conc_mcg_ml)
    if exact_nl.denominator != 1:
        below = int(exact_nl)
        doses = [decimal(Fraction(nl * conc_mcg_ml, 1_000_000), 9) for nl in (below, below + 1)]
        nearest = " and ".join(f'"{dose} mcg"' for dose in doses)
        raise QuantityError("is finer than the pump can hold", f"the nearest are {nearest}")
    volume_nl = int(exact_nl)
    return Bolus(conc_mcg_ml, volume_nl, -(-volume_nl * _DAY_S // duration_s))


def of_row(row: BolusRow) -> Bolus:
    """The bolus that a pump tells of."""
    return Bolus(row["conc_mcg_ml"], row["volume_nl"], row["rate_nl_day"])


def faults(proposal: BolusProposal, serial: str, before: int, bolus: Bolus) -> list[str]:
    """Where the pump's reading of the proposal differs from what was sent; [] is the pass."""
    pairs = (
        ("digest", proposal["digest"], bolus.digest(serial, before)),
        ("dose_ng", proposal["dose_ng"], bolus.dose_ng),
        ("duration_ms", proposal["duration_ms"], bolus.duration_ms),
    )
    return [
        f"{name}: the pump has {pump!r}, expected {ours!r}"
        for name, pump, ours in pairs
        if pump != ours
    ]


def has_begun(digest: bytes, serial: str, rows: list[BolusRow], count: int) -> bool:
    """Whether one of the boluses that the pump tells of is the one with this digest.

    count: how many the pump has ever given; the rows are the newest of them.
    """
    first = count - len(rows)
    return any(of_row(row).digest(serial, first + at) == digest for at, row in enumerate(rows))
