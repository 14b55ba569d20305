"""What happens to patient and pump, by the words of a scenario: "kink", amount "97 %".

Also what a person types at a served pump: "kink 97 %".
"""

from collections.abc import Callable
from typing import Any

from emulator.rig import Rig
from emulator.story import units
from protocol.programmer import quantity
from protocol.programmer.quantity import QuantityError
from protocol.programmer.show import table

Reader = Callable[[Any], Any]

# Word: its keys, and how each is read.
HAPPENINGS: dict[str, dict[str, Reader]] = {
    "magnet": {},
    "kink": {"amount": units.fraction},
    "release": {},
    "leak": {"amount": units.fraction},
    "stall": {},
    "free": {},
    "slip": {"amount": units.fraction},
    "runaway": {"rate": units.hertz},
    "refill": {"volume": quantity.volume_nl},
    "posture": {"to": units.posture_pa},
    "power_off": {},
    "power_on": {},
}
MEANINGS = {
    "magnet": "held to the pump until the programming window is open, and taken away",
    "kink": "close this part of the catheter's bore",
    "release": "open the kink",
    "leak": "lose this part of the flow at the catheter's connector; 0 %: tight again",
    "stall": "jam the rotor",
    "free": "free the rotor",
    "slip": "lose this part of the steps, at random; 0 %: none",
    "runaway": "let the motor step by itself; 0 Hz: no more",
    "refill": "inject this volume into the reservoir",
    "posture": "the patient lies or stands: another pressure of the spinal fluid",
    "power_off": "the power fails",
    "power_on": "it is back: the pump boots from what its flash holds",
}
# What an amount looks like.
EXAMPLES = {
    "kink": "97 %",
    "leak": "10 %",
    "slip": "5 %",
    "runaway": "20 Hz",
    "refill": "15 mL",
    "posture": "upright",
}


def help_text() -> str:
    """What can be typed, and what it does."""
    return table([(f"{word} {EXAMPLES.get(word, '')}", MEANINGS[word]) for word in HAPPENINGS])


def do(rig: Rig, word: str, values: dict[str, Any]) -> None:
    """Do it now. Raises ValueError where the plant cannot; nothing has happened then."""
    if word == "magnet":
        rig.hold_magnet()
    elif word in ("stall", "free"):
        rig.happen("stall", 1.0 if word == "stall" else 0.0)
    elif word in ("power_off", "power_on"):
        rig.happen("power", 1.0 if word == "power_on" else 0.0)
    elif word == "posture":
        rig.happen("csf", values["to"])
    else:
        rig.happen(word, next(iter(values.values()), 0.0))


def parse(line: str) -> tuple[str, dict[str, Any]]:
    """A typed line as (word, values). Raises QuantityError with what could be typed instead."""
    word, _, rest = line.strip().partition(" ")
    if word not in HAPPENINGS:
        raise QuantityError(f'"{word}" is not known', f"there are: {', '.join(HAPPENINGS)}")
    readers = HAPPENINGS[word]
    if rest and not readers:
        raise QuantityError(f'"{word}" takes nothing more', f'type "{word}"')
    return word, {key: reader(rest) for key, reader in readers.items()}
