"""Whether a start is over. Runs on MicroPython too."""


def has_started(pump):  # type: ignore[no-untyped-def]
    """From then on all tasks run, and the serial line is looked at (firmware/restore.py, Rest)."""
    return pump.session in pump.loop._tasks
