"""A motor and its encoder as simple as can be, with quiet sensors: where no plant can run.

Runs on MicroPython, which the plant does not.
"""

from firmware.pins import ENC_A, ENC_B, LEVEL, MAGNET, PRESSURE, STEP

EDGE_US = 2_000
PRESSURE_CODE = 430  # 1 kPa
LEVEL_CODE = 1_700  # 20 mL


class Motor:
    """Answers each step with the two edges of channel A, unless it is stalled."""

    def __init__(self, world):
        self.world = world
        self.stalled = False
        self.level_b = 0
        outside = world.chip.outside
        outside.drive(ENC_A, 0)
        outside.drive(MAGNET, 1)
        outside.read_from(ENC_B, lambda: self.level_b)
        outside.adc(PRESSURE, lambda: PRESSURE_CODE)
        outside.adc(LEVEL, lambda: LEVEL_CODE)
        outside.listen(STEP, self.on_step)

    def on_step(self, level):
        if level and not self.stalled:
            self.world.at(self.world.now_us + EDGE_US, self.edge, 1)
            self.world.at(self.world.now_us + 3 * EDGE_US, self.edge, 0)

    def edge(self, level):
        self.level_b = 1 - level
        self.world.chip.outside.drive(ENC_A, level)
