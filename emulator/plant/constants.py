"""Every constant of the plant, once: the unit ends the name, the mark begins the comment.

    published    read in the source named in brackets
    derived      computed from others; the formula stands beside it
    unconfirmed  widely repeated, but read in no source that could be opened
    assumed      chosen for this plant; the reason is given

Used by emulator/plant only. The firmware has none of these numbers: its ledger and the plant's
can be compared because they share no geometry.

Sources
    8709SC      Medtronic catheter models, professional.medtronic.com/pt/neuro/idd/prod
    TGA         Tubing volume corrected from 0.199 to 0.140 mL, TGA RC-2017-RN-00065-1
    SynchroMed  FDA recall text of 2013: reservoirs of 20 and 40 mL, models 8637-20 and 8637-40
    Prometra    Prometra II manual, p. 33: 110 cm of catheter, 0.0026 mL/cm
    MiniMed     MiniMed 2007C patient manual: reservoir below ambient pressure, for safety
    Codman      Codman 3000: a sealed propellant, warmed by the body, gives constant pressure,
                jnjmedtech.com/en-US/codman-pumps/patient-support
    Norager     Norager 2021: lumbar and intracranial pressure, 90 % intervals, PMC8045192
"""

from __future__ import annotations

from math import pi
from typing import NamedTuple

MMHG_PA = 133.322  # derived: 13.5951 g/cm3 x 9.80665 m/s2 x 1 mm

# Pump head: a rotor squeezes a tube against a round track.
TUBE_BORE_MM = 0.500  # assumed: fits an implant; the makers' rotors are not disclosed
STEPS_PER_TURN = 200  # assumed: the usual 1.8 degree motor, no gear
TRACK_RADIUS_MM = 8.106  # derived: 50 nL a step = bore area x 2 pi x radius / steps per turn
STEP_RAD = 2 * pi / STEPS_PER_TURN  # derived: angle of a step
TOLERANCE_MIN = 0.5  # assumed: worn tube, half of the stroke lost
TOLERANCE_MAX = 1.5  # assumed: far into over-infusion, which begins at +14.5 %
HEAD_LEAK_NL_DAY_KPA = 14.4  # assumed: 1 nL/min at 100 kPa, 3 % of the slowest rate
CAVITATION_PA = -95_000.0  # derived: water boils at 6.3 kPa absolute at 37 C; 6.3 - 101.3 kPa

# Motor, driver and encoder, as seen from the rotor's shaft.
SQUEEZE_TORQUE_UNM = 250.0  # assumed: rollers on the tube, without pressure
PULL_OUT_TORQUE_UNM = 800.0  # assumed: makes 346 kPa across the head a stall, see pump_head.py
ENERGISE_US = 2_000  # assumed: from EN or supply to full coil current, rotor on its detent
SETTLE_US = 10_000  # assumed: the swing after a step is over; also the shortest step period
RUNAWAY_HZ_MAX = 1e6 / SETTLE_US  # derived: faster than the rotor settles, steps are lost
ENCODER_QUARTER_US = 2_000  # assumed: a step passes one encoder line, in four quarters of 2 ms

# Reservoir.
RESERVOIRS_NL = (20e6, 40e6)  # published [SynchroMed]
RESIDUAL_NL = 1.0e6  # assumed: cannot be extracted; 1.4 mL is often quoted (unconfirmed)
PROPELLANT_PA = -7_000.0  # assumed: below ambient as in [MiniMed], constant as in [Codman]

# Fluid path: tubing inside the pump, catheter, kink, leak.
TUBING_NL = 140_000.0  # published [TGA]
CATHETER_LENGTH_MM = 890.0  # published [8709SC]: untrimmed
CATHETER_LENGTH_MM_MIN = 100.0  # assumed: a shorter one does not reach the spine
CATHETER_LENGTH_MM_MAX = 1_100.0  # published [Prometra]: untrimmed
CATHETER_BORE_MM = 0.53  # unconfirmed: agrees with the 0.0022 mL/cm that is quoted
CATHETER_OUTER_MM = 1.4  # assumed: usual for silicone catheters
SILICONE_MODULUS_PA = 3.0e6  # assumed: between the two below
SILICONE_MODULUS_PA_MIN = 2.0e6  # assumed: soft medical silicone
SILICONE_MODULUS_PA_MAX = 6.0e6  # assumed: hard medical silicone
SILICONE_POISSON = 0.5  # assumed: rubber keeps its volume
VISCOSITY_PA_S = 0.69e-3  # unconfirmed: water at 37 C, textbook
KINK_LENGTH_MM = 5.0  # assumed: length of the narrowed bore in a bend
OPEN_CONNECTOR_RATIO = 100.0  # assumed: an open connector conducts as 100 catheters do

# Pressure of the spinal fluid at the tip.
CSF_SUPINE_PA = (5.7 + 15.5) / 2 * MMHG_PA  # derived: middle of the interval of [Norager]
CSF_LATERAL_PA = (7.2 + 16.8) / 2 * MMHG_PA  # derived: middle of the interval of [Norager]
CSF_UPRIGHT_PA = (-5.9 + 8.3) / 2 * MMHG_PA  # derived: the same, intracranial, for a high tip
CSF_PA_MIN = -5.9 * MMHG_PA  # published [Norager]: upright, intracranial
CSF_PA_MAX = (16.8 + 60.0) * MMHG_PA  # unconfirmed: a cough adds 20 to 60 mmHg, under a second

# Body temperature: an input of the sensors' drift.
BODY_C = 37.0  # assumed: nominal
BODY_C_MIN = 34.0  # assumed: hypothermia, a sign of overdose
BODY_C_MAX = 42.0  # assumed: high fever, a sign of withdrawal


class SensorRow(NamedTuple):
    """What a sensor and its 12-bit converter make of a quantity, in the quantity's unit.

    zero: quantity at code 0. code: quantity of one code. drift: shift of the reading per degree
    away from 37 C. noise_bits: the noise is the number of ones among so many random bits (at most
    8), less half of them: sd sqrt(noise_bits) / 2 codes, never more than noise_bits / 2.
    """

    zero: float
    code: float
    drift: float
    noise_bits: int


# Scales are those of the reference pump's wiring, and so is the converter.
PRESSURE_SENSOR = SensorRow(  # assumed: noise 1 code, drift of a compensated bridge, 0.01 %/K
    zero=-20_000.0, code=200_000 / 4096, drift=20.0, noise_bits=4
)
LEVEL_SENSOR = SensorRow(  # assumed: noise 1.4 codes, drift 0.01 %/K
    zero=0.0, code=11_719.0, drift=5_000.0, noise_bits=8
)
CODE_MAX = 4095  # derived: 12 bits, 2 ** 12 - 1
