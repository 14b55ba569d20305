"""The answers of the pump as types: field for field as the schema has them, checked by a test."""

from typing import TypedDict


class HelloAnswer(TypedDict):
    """HELLO_ANSWER."""

    protocol_version: int
    schema_hash: int
    firmware_version: str
    manifest_hash: bytes
    serial: str
    patient_label: str
    state: int
    reset_cause: int


class StatusAnswer(TypedDict):
    """STATUS_ANSWER."""

    state: int
    therapy: int
    rate_nl_day: int
    segment: int
    next_change_s: int
    alarms_active: int
    alarms_waiting: int
    uptime_s: int
    wall_s: int
    window_s: int
    silence_s: int
    pressure_pa: int
    level_nl: int
    fault_reason: int
    bolus_left_s: int


class AlarmRow(TypedDict):
    """A row of ALARMS_ANSWER."""

    alarm: int
    active: int
    acknowledged: int
    count: int
    raised_s: int
    value: int


class AlarmsAnswer(TypedDict):
    """ALARMS_ANSWER."""

    alarms: list[AlarmRow]


class TotalsAnswer(TypedDict):
    """TOTALS_ANSWER."""

    commanded_steps: int
    verified_steps: int
    unverified_steps: int
    verified_nl: int
    possible_nl: int
    verified_ng: int
    possible_ng: int
    step_pl: int
    continuous_verified_nl: int
    continuous_possible_nl: int
    schedule_verified_nl: int
    schedule_possible_nl: int
    refill_verified_nl: int
    refill_possible_nl: int
    midnight_verified_nl: int
    midnight_possible_nl: int
    bolus_verified_nl: int
    bolus_possible_nl: int
    boots: int


class RefilledAnswer(TypedDict):
    """REFILLED_ANSWER."""

    level_nl: int
    ended_verified_nl: int
    ended_possible_nl: int


class ReadClockAnswer(TypedDict):
    """READ_CLOCK_ANSWER."""

    set: int
    wall_s: int
    uptime_s: int


class SetupFields(TypedDict):
    """The fields of SETUP."""

    serial: str
    patient_label: str
    drug: str
    conc_mcg_ml: int
    reservoir_nl: int
    catheter_um: int
    catheter_nl_cm: int
    dose_ng_day_limit: int


class ReadSetupAnswer(SetupFields):
    """READ_SETUP_ANSWER."""

    step_pl: int


class SegmentRow(TypedDict):
    """A row of the segments in PROPOSE and READ_BACK_ANSWER."""

    start_min: int
    rate_nl_day: int


class ProposeFields(TypedDict):
    """The fields of PROPOSE."""

    conc_mcg_ml: int
    therapy: int
    dose_ng_day: int
    segments: list[SegmentRow]


class ReadBackAnswer(ProposeFields):
    """READ_BACK_ANSWER."""

    digest: bytes


class Proposal(TypedDict):
    """PROPOSAL."""

    digest: bytes
    total_nl_day: int
    total_ng_day: int
    old_total_ng_day: int
    change_permille: int
    peak_start_min: int
    peak_ng_hour: int


class BolusRow(TypedDict):
    """A row of BOLUSES_ANSWER."""

    age_s: int
    volume_nl: int
    rate_nl_day: int
    conc_mcg_ml: int
    outcome: int
    verified_nl: int
    possible_nl: int


class BolusesAnswer(TypedDict):
    """BOLUSES_ANSWER."""

    count: int
    wait_s: int
    boluses: list[BolusRow]


class ProposeBolusFields(TypedDict):
    """The fields of PROPOSE_BOLUS."""

    conc_mcg_ml: int
    volume_nl: int
    rate_nl_day: int
    dose_ng: int


class BolusProposal(TypedDict):
    """BOLUS_PROPOSAL."""

    digest: bytes
    dose_ng: int
    duration_ms: int
    peak_nl_day: int
    boluses_ng_day: int
    total_ng_day: int


class StartBolusAnswer(TypedDict):
    """START_BOLUS_ANSWER."""

    rate_nl_day: int
    duration_ms: int


class CancelBolusAnswer(TypedDict):
    """CANCEL_BOLUS_ANSWER."""

    volume_nl: int
    verified_nl: int
    possible_nl: int
    rate_nl_day: int


class LogRow(TypedDict):
    """A row of the records in LOG_ANSWER."""

    record: bytes


class LogAnswer(TypedDict):
    """LOG_ANSWER."""

    oldest_event: int
    newest_event: int
    first_event: int
    before: bytes
    records: list[LogRow]


class SetClockAnswer(TypedDict):
    """SET_CLOCK_ANSWER."""

    was_set: int
    old_wall_s: int
    wall_s: int
    rate_nl_day: int


class StateAnswer(TypedDict):
    """SETUP_ANSWER."""

    state: int


class AcknowledgeAnswer(StateAnswer):
    """ACKNOWLEDGE_ANSWER."""

    alarms_active: int


class CalibrateAnswer(TypedDict):
    """CALIBRATE_ANSWER."""

    old_step_pl: int
    step_pl: int


class DeliveryAnswer(StateAnswer):
    """CONFIRM_ANSWER and START_ANSWER."""

    rate_nl_day: int


class StopAnswer(StateAnswer):
    """STOP_ANSWER."""

    commanded_steps: int
