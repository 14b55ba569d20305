"""A programmer made of nothing but protocol.wire: for measurements, tests and recorded stimuli.

Runs wherever a World runs (the clinician's programmer needs CPython). Asks and waits; a request
that is refused raises.
"""

import binascii

from firmware.pins import MAGNET
from protocol.wire import codec, frame, schema

_ANSWER_MS_MAX = 3_000
_PATIENCE_MS = 5
_MAGNET_MS = 3_300  # held 3 s, plus a slice of the pump's loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

    from emulator.world import World

    Values = Dict[str, Any]


class Refused(Exception):
    """The pump refused. values: the fields of its REFUSED message."""

    def __init__(self, values: "Values") -> None:
        super().__init__(values["name"], values["field"])
        self.values = values


class Bedside:
    """A programmer at the pump of one World.

    pause_ms: before each request, as a person makes; 0: none.
    """

    def __init__(self, world: "World") -> None:
        self._world = world
        self._decoder = frame.Decoder(binascii.crc32)
        self._answers: "List[frame.Frame]" = []
        self.counter = 0
        self.pause_ms = 0
        world.chip.outside.uart_out(self._on_bytes)

    def ask(self, kind: int, values: "Optional[Values]" = None) -> "Values":
        """Send the request with the next number and return the values of its answer.

        Raises Refused; TimeoutError where no answer comes within 3 virtual seconds.
        """
        self.counter = (self.counter + 1) & schema.U32_MAX
        answer, got = self.exchange(kind, codec.encode(kind, values or {}), self.counter)
        if answer in (schema.REFUSED, schema.VERSION_REFUSED):
            raise Refused(got)
        return got

    def exchange(self, kind: int, payload: bytes, counter: int) -> "Tuple[int, Values]":
        """One frame out, one frame in: (type of the answer, its values)."""
        if self.pause_ms:
            self._world.run_for_ms(self.pause_ms)
        self._answers = []
        line = frame.encode(binascii.crc32, counter, kind, payload)
        self._world.chip.outside.uart_in(line)
        for _ in range(_ANSWER_MS_MAX // _PATIENCE_MS):
            self._world.run_for_ms(_PATIENCE_MS)
            for answer in self._answers:
                if answer.counter == counter:
                    return answer.kind, codec.decode(answer.kind, answer.payload)
        raise TimeoutError("no answer to %02x" % kind)

    def hello(self) -> "Values":
        """Open a session."""
        return self.ask(
            schema.HELLO,
            {
                "protocol_version": schema.PROTOCOL_VERSION,
                "schema_hash": schema.SCHEMA_HASH,
                "client": "bedside",
            },
        )

    def hold_magnet(self) -> None:
        """Hold the magnet until the programming window is open."""
        outside = self._world.chip.outside
        outside.drive(MAGNET, 0)
        self._world.run_for_ms(_MAGNET_MS)
        outside.drive(MAGNET, 1)

    def commission(self, **overrides: "Any") -> None:
        """Magnet, hello, set-up of a 40 mL pump with 2,000 mcg/mL, clock at 08:00."""
        setup = {
            "serial": "OITB-0001",
            "patient_label": "bench",
            "drug": "baclofen",
            "conc_mcg_ml": 2_000,
            "reservoir_nl": 40_000_000,
            "catheter_um": 890_000,
            "catheter_nl_cm": 2_200,
            "dose_ng_day_limit": schema.DOSE_NG_DAY_MAX,
        }
        setup.update(overrides)
        self.hold_magnet()
        self.hello()
        self.ask(schema.SETUP, setup)
        self.ask(schema.SET_CLOCK, {"wall_s": 8 * 3600})

    def prescribe(self, segments: "List[Tuple[int, int]]", conc_mcg_ml: int = 2_000) -> "Values":
        """Propose and confirm: [(start in minutes, nL/day)]; one at 0 min is simple continuous."""
        proposal = self.ask(schema.PROPOSE, prescription(segments, conc_mcg_ml))
        self.ask(schema.CONFIRM, {"digest": proposal["digest"]})
        return proposal

    def bolus(self, volume_nl: int, rate_nl_day: int, conc_mcg_ml: int = 2_000) -> "Values":
        """Propose a bolus and start it."""
        fields = {
            "conc_mcg_ml": conc_mcg_ml,
            "volume_nl": volume_nl,
            "rate_nl_day": rate_nl_day,
            "dose_ng": volume_nl * conc_mcg_ml // 1000,
        }
        proposal = self.ask(schema.PROPOSE_BOLUS, fields)
        self.ask(schema.START_BOLUS, {"digest": proposal["digest"]})
        return proposal

    def start(self) -> "Values":
        """Start therapy."""
        return self.ask(schema.START)

    def goodbye(self) -> None:
        """Close the session; the pump's loop goes back to its long slices."""
        self.ask(schema.GOODBYE)

    def _on_bytes(self, data: bytes, _done_us: int) -> None:
        self._answers += self._decoder.feed(data)


def prescription(segments: "List[Tuple[int, int]]", conc_mcg_ml: int) -> "Values":
    """The fields of PROPOSE for these segments, with their 24 h dose."""
    starts = [start for start, _ in segments]
    total = 0
    for i, (start, rate) in enumerate(segments):
        span = (starts[(i + 1) % len(starts)] - start) % schema.DAY_MIN or schema.DAY_MIN
        total += rate * span
    continuous = len(segments) == 1 and not starts[0]
    return {
        "conc_mcg_ml": conc_mcg_ml,
        "therapy": schema.CONTINUOUS if continuous else schema.SCHEDULE,
        "dose_ng_day": total * conc_mcg_ml // (schema.DAY_MIN * 1000),
        "segments": [{"start_min": start, "rate_nl_day": rate} for start, rate in segments],
    }
