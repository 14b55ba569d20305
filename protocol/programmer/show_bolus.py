"""What a person reads about boluses: one that is proposed, and those that were given."""

from protocol import names
from protocol.programmer import amounts, texts
from protocol.programmer.answers import BolusesAnswer, BolusProposal, BolusRow
from protocol.programmer.bolus import Bolus
from protocol.programmer.show import table


def proposal(asked: Bolus, answer: BolusProposal, dose_ng_day_limit: int) -> str:
    """What the bolus would be, and what it would make of the day."""
    basal_ng = answer["total_ng_day"] - answer["boluses_ng_day"] - answer["dose_ng"]
    return table(
        [
            ("bolus", f"{amounts.dose(answer['dose_ng'])}, {amounts.volume(asked.volume_nl)}"),
            ("over", amounts.of_field("duration_ms", answer["duration_ms"])),
            ("rate", f"{amounts.volume_rate(asked.rate_nl_day)} on top of the prescription"),
            ("prescription, 24 hours", amounts.dose(basal_ng)),
            ("boluses, last 24 hours", amounts.dose(answer["boluses_ng_day"])),
            ("with this one", amounts.dose(answer["total_ng_day"])),
            ("limit of 24 h dose", amounts.dose(dose_ng_day_limit)),
        ]
    )


def history(answer: BolusesAnswer) -> str:
    """The newest boluses, the newest first."""
    rows = [_row(row) for row in reversed(answer["boluses"])]
    head = ("began", "dose", "volume", "rate", "gave at least", "at most", "")
    if not rows and not answer["wait_s"]:
        return "  no bolus yet"
    wait = amounts.duration(answer["wait_s"])
    following = f"The next may begin in {wait}." if answer["wait_s"] else "The next may begin now."
    return f"{table([head, *rows]) if rows else '  no bolus on record'}\n{following}"


def _row(row: BolusRow) -> tuple[str, ...]:
    outcome = amounts.name_of(row["outcome"], names.BOLUS_OUTCOMES)
    given = Bolus(row["conc_mcg_ml"], row["volume_nl"], row["rate_nl_day"])
    return (
        f"{amounts.duration(row['age_s'])} ago",
        amounts.dose(given.dose_ng),
        amounts.volume(given.volume_nl),
        amounts.volume_rate(given.rate_nl_day),
        amounts.volume(row["verified_nl"]),
        amounts.volume(row["possible_nl"]),
        texts.BOLUS_OUTCOMES.get(outcome, outcome),
    )
