"""The end of a virtual Pico; apart from it, so that it can be told of without rp2040py."""


class GuestPanicError(Exception):
    """The program on the chip came to a breakpoint: MicroPython's panic, or a hard fault."""
