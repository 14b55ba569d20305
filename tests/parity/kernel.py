"""The kernel and the chip without firmware: prints what must be the same on every runtime."""

from emulator.world import START_US, World


class Sleeper:
    """Stands for the pump: reads what has come, sleeps."""

    def __init__(self, world):
        self.world = world
        self.uart = world.chip.UART(0, 115_200, txbuf=64, rxbuf=64)
        self.pin = world.chip.Pin(6, world.chip.Pin.IN)
        self.adc = world.chip.ADC(26)

    def turn(self):
        """One turn."""
        if self.uart.any():
            self.uart.write(self.uart.read(self.uart.any()))
        self.adc.read_u16()
        self.world.clock.sleep_ms(37)


def run(start_us):
    """One World; returns all that it recorded, as rows of integers."""
    world = World(seed=3, start_us=start_us)
    chip = world.chip
    rows = []

    def note(kind, place, value):
        rows.append((world.now_us - start_us, kind, place, value))

    chip.outside.record(note)
    chip.outside.record_inputs(note)
    chip.outside.adc(26, lambda: world.random.below(4_096))
    world.boot(build=lambda world: (None, Sleeper(world)))
    step = chip.Pin(2, chip.Pin.OUT, value=0)

    def on_step(_timer):
        step.value(1)
        step.value(0)
        rows.append((world.clock.ticks_ms(), world.clock.ticks_us()))

    chip.outside.listen(2, lambda level: chip.outside.drive(6, level))
    chip.Pin(6).irq(lambda pin: rows.append((pin.irq().flags(),)), hard=True)
    chip.Timer(-1).init(period=333, callback=on_step, hard=True)
    chip.PWM(9, freq=1_907, duty_u16=32_768)
    world.at(start_us + 1_000_000, chip.outside.uart_in, bytes(range(200)))
    chip.WDT(timeout=7_000)
    world.run_for_ms(8_000)
    rows += world.resets
    rows.append((world.clock.ticks_ms(), chip.reset_cause()))
    overflow(world, rows)
    return rows


def overflow(world, rows):
    """Eleven soft callbacks in one instant: three are dropped."""

    def note(_timer):
        rows.append((world.clock.ticks_us(),))

    def busy(_timer):
        world.clock.sleep_us(20_000)

    for _ in range(11):
        world.chip.Timer(-1).init(mode=0, period=50, callback=note)
    world.chip.Timer(-1).init(mode=0, period=40, callback=busy, hard=True)
    world.run_for_ms(100)
    rows.append((world.cpu.dropped, world.events, world.chip.outside.uart_lost()))


def outside_error():
    """What code outside the chip raises comes out of the run, past the firmware."""
    world = World()
    world.boot(build=lambda world: (None, Careless(world)))
    world.at(START_US + 1, lambda _: {}["missing"])
    try:
        world.run_for_ms(10)
    except KeyError as error:
        return error.args
    return None


class Careless:
    """Stands for a pump that catches every exception."""

    def __init__(self, world):
        self.world = world

    def turn(self):
        """One turn."""
        try:
            self.world.clock.sleep_ms(5)
        except Exception:
            raise SystemExit("the firmware was blamed")


def main():
    """Three Worlds: just before both wraps, at 0, and where the wraps are long past."""
    for start_us in (START_US, 0, (1 << 50) - 3):
        rows = run(start_us)
        digest = 0
        for row in rows:
            for value in row:
                digest = (digest * 1_000_003 ^ value) & 0xFFFF_FFFF_FFFF_FFFF
        print(len(rows), digest, *rows[-1])
    diff = World().clock.ticks_diff
    print(outside_error())
    print(diff(5, (1 << 30) - 5), diff((1 << 30) - 5, 5), diff(1 << 29, 0))


main()
