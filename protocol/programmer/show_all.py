"""All that a pump says about itself, as text under headings."""

from collections.abc import Mapping

from protocol import names
from protocol.programmer import amounts, known_firmware, show, show_bolus, texts
from protocol.programmer.interrogation import Interrogation


def interrogation(found: Interrogation, here_s: int, sets: Mapping[bytes, str]) -> str:
    """Everything, under headings. here_s: local time here, as wall_s. sets: known_firmware.py."""
    hello = found.hello
    cause = amounts.name_of(hello["reset_cause"], names.RESETS)
    conc_mcg_ml = found.setup["conc_mcg_ml"] if found.setup else 0
    firmware = [
        ("version", hello["firmware_version"]),
        ("manifest", known_firmware.describe(hello["manifest_hash"], sets)),
        ("last start", texts.RESETS.get(cause, cause)),
    ]
    parts = [
        ("Status", show.status(found.status, conc_mcg_ml)),
        ("Set-up", show.setup(found.setup) if found.setup else "  none"),
        ("Prescription", show.program(found.program) if found.program else "  none"),
        ("Delivered", show.totals(found.totals)),
        ("Boluses", show_bolus.history(found.boluses)),
        ("Alarms", show.alarms(found.alarms, found.status["uptime_s"])),
        ("Clock", show.clock(found.clock, here_s)),
        ("Firmware", show.table(firmware)),
    ]
    return "\n\n".join([show.identity(hello)] + [f"{title}\n{text}" for title, text in parts])
