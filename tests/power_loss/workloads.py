"""What the pump is doing when its power fails: everything that writes to the flash.

Each works a ward whose pump has booted and delivers. It says in `may` what can be found after a
cut, which is what was answered, or else the old or the new.
"""

from contextlib import suppress
from typing import Any

from emulator.bedside import Refused
from protocol.wire import schema
from tests.power_loss.ward import Ward

SETTLE_S = 12  # the log gathers for up to 10 s
ATTEMPTS = 3
STALL_S = 15  # two steps at the slowest rate here
_STALLED = 1 << schema.MOTOR_STALLED


def boot(_: Ward) -> None:
    """Nothing more: the cuts come while it boots."""


def deliver(ward: Ward) -> None:
    """Reservations of the ledger."""
    ward.run(s=150)


def prescribe(ward: Ward) -> None:
    """Two prescriptions, one with as many segments as there can be."""
    ward.prescribe((0, 600_000), (720, 1_100_000))
    ward.prescribe(*[(60 * hour, 500_000 + 1_000 * hour) for hour in range(24)])


def stop_and_start(ward: Ward) -> None:
    """The condition."""
    with ward.becoming(is_on=False):
        ward.ask(schema.STOP)
    ward.run(s=3)
    with ward.becoming(is_on=True):
        ward.ask(schema.START)


def set_up_anew(ward: Ward) -> None:
    """Set-up, which ends the prescription, and calibration; then back to delivery."""
    with ward.becoming(is_on=False):
        ward.ask(schema.STOP)
    ward.bedside.hold_magnet()
    setup = dict(ward.setup, patient_label="next patient")
    with ward.becoming(treatment=(setup, None)):
        ward.ask(schema.SETUP, **setup)
    with ward.becoming(step_pl=50_010):
        ward.ask(schema.CALIBRATE, steps=1_000, volume_nl=50_010)
    ward.prescribe((0, 700_000))
    with ward.becoming(is_on=True):
        ward.ask(schema.START)


def alarm(ward: Ward) -> None:
    """A stall is latched, and acknowledged when it is over."""
    with ward.becoming(alarms=_STALLED):
        ward.plant.stall(True)
        ward.run(s=STALL_S + SETTLE_S)
    ward.plant.stall(False)
    with ward.becoming(alarms=0):
        ward.ask(schema.ACKNOWLEDGE, alarm=schema.MOTOR_STALLED)
        ward.run(s=SETTLE_S)


def set_the_clock(ward: Ward) -> None:
    """Wall time is kept with the ledger."""
    for wall_s in (500_000_000, 3_100_000_000):
        ward.ask(schema.SET_CLOCK, wall_s=wall_s)


def bolus(ward: Ward) -> None:
    """The history of boluses: one is cancelled. Before it all alarms are acknowledged."""
    ward.ask(schema.SET_CLOCK, wall_s=500_000_000)
    waiting = ward.ask(schema.STATUS)["alarms_waiting"]
    for alarm in range(len(schema.ALARM_TABLE)):
        if waiting >> alarm & 1:
            with ward.becoming(alarms=0):
                ward.ask(schema.ACKNOWLEDGE, alarm=alarm)
    ward.bolus(10_000, 4_800_000)
    ward.run(s=20)
    ward.cancel_bolus()
    ward.run(s=SETTLE_S)


def refill(ward: Ward) -> None:
    """The span since the last one begins anew, in both generations of the ledger."""
    ward.bedside.hold_magnet()
    for _ in range(2):
        with ward.becoming(refilled=ward.steps):
            ward.ask(schema.REFILLED)
        ward.run(s=SETTLE_S)
        ward.bedside.hold_magnet()


def log(ward: Ward) -> None:
    """Many events, flushed three times; where the ring is full the oldest go."""
    for time in range(3):
        for _ in range(12):
            with suppress(Refused):
                ward.ask(schema.ACKNOWLEDGE, alarm=schema.OCCLUSION)
        ward.ask(schema.SET_CLOCK, wall_s=400_000_000 + time)
        ward.run(s=SETTLE_S)
        ward.settled()


def upkeep(ward: Ward) -> None:
    """The folders above those of the records are written anew."""
    ward.upkeep.due_ms = 0
    ward.run(s=SETTLE_S)


WORKLOADS: dict[str, Any] = {
    work.__name__: work
    for work in (
        boot,
        deliver,
        prescribe,
        stop_and_start,
        set_up_anew,
        alarm,
        set_the_clock,
        bolus,
        refill,
        log,
        upkeep,
    )
}


def go_on(ward: Ward) -> None:
    """After a cut: the next prescription, and the log.

    Asked for once more where cells that waver have spoilt the write: refused, nothing changed.
    """
    for attempt in range(ATTEMPTS):
        try:
            ward.prescribe((0, 900_000))
            break
        except Refused as refusal:
            if refusal.values["code"] != schema.NOT_STORED or attempt == ATTEMPTS - 1:
                raise
    ward.run(s=SETTLE_S)
    ward.settled()
