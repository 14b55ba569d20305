"""What the firmware can see: motor encoder, outlet pressure, reservoir level.

Closed form: an encoder level is a function of the time since the last step, an ADC code one of the
quantity at the instant of the conversion. Noise is integer, from the World's generator; how much
of it, constants.py says.
"""

from __future__ import annotations

from typing import Callable

from emulator.plant import constants
from emulator.plant.ranges import require

_ONES = tuple(bin(bits).count("1") for bits in range(256))
_NEVER_US = -(1 << 62)


class Encoder:
    """Two channels in quadrature on the motor's shaft; a step passes one line of its disc.

        forward    A  _/--\\_    edges of A after 2 and 6 ms; B is 0 at the rise, 1 at the fall
                   B  __/--\\
        backward   A  __/--\\    edges of A after 4 and 8 ms; B is 1 at the rise, 0 at the fall
                   B  _/--\\_

    rise_us, fall_us: edges of channel A in the step taken last.
    """

    def __init__(self) -> None:
        self.rise_us = self.fall_us = _NEVER_US
        self._b_rise_us = self._b_fall_us = _NEVER_US

    def turn(self, t_us: int, direction: int) -> None:
        """The rotor leaves at ``t_us`` for the next step in ``direction`` (1, -1)."""
        quarter_us = constants.ENCODER_QUARTER_US
        first_us = t_us + quarter_us
        second_us = first_us + quarter_us
        if direction > 0:
            self.rise_us, self._b_rise_us = first_us, second_us
        else:
            self._b_rise_us, self.rise_us = first_us, second_us
        self.fall_us = self.rise_us + 2 * quarter_us
        self._b_fall_us = self._b_rise_us + 2 * quarter_us

    def level_a(self, t_us: int) -> int:
        """Channel A at ``t_us``, not before the last step."""
        return 1 if self.rise_us <= t_us < self.fall_us else 0

    def level_b(self, t_us: int) -> int:
        """Channel B at ``t_us``, not before the last step."""
        return 1 if self._b_rise_us <= t_us < self._b_fall_us else 0


class AnalogueSensor:
    """Turns a quantity into a 12-bit code with noise, clipped at both ends.

    row: scale, noise and drift. random_u16: gives 0 .. 65_535, or None: no noise.
    body_c: body temperature, 34 .. 42 C. Raises ValueError outside.
    """

    def __init__(
        self,
        row: constants.SensorRow,
        random_u16: Callable[[], int] | None = None,
        body_c: float = constants.BODY_C,
    ) -> None:
        require("body temperature in C", body_c, constants.BODY_C_MIN, constants.BODY_C_MAX)
        self._codes_per_unit = 1.0 / row.code
        drift = row.drift * (body_c - constants.BODY_C)
        self._offset_codes = (drift - row.zero) / row.code + 0.5
        self._random_u16 = random_u16
        self._noise_mask = (1 << row.noise_bits) - 1
        self._noise_mean = row.noise_bits // 2

    def read(self, quantity: float) -> int:
        """Code of ``quantity``, 0 .. 4095: the nearest, plus noise."""
        code = int(quantity * self._codes_per_unit + self._offset_codes)
        if self._random_u16 is not None:
            code += _ONES[self._random_u16() & self._noise_mask] - self._noise_mean
        if code < 0:
            return 0
        return code if code < constants.CODE_MAX else constants.CODE_MAX
