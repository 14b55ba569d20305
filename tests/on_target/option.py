"""`pytest tests/on_target --target emulator | unix | virtual | PORT`, and what is said of a run
without a board.

For tests/conftest.py, which is read before any test is collected.
"""

import pytest

TARGETS = ("emulator", "unix", "virtual")
NOT_VERIFIED = "not verified on hardware: tests/on_target ran without a board (--target PORT)"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the tests over the wire find their pump."""
    parser.addoption(
        "--target",
        action="append",
        default=[],
        metavar="emulator|unix|virtual|PORT",
        help="pump for tests/on_target; PORT: the programmer's line of a real one",
    )


def targets(config: pytest.Config) -> tuple[str, ...]:
    """Those that were asked for, or all that need no board."""
    return tuple(config.getoption("--target")) or TARGETS


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:  # type: ignore[no-untyped-def]
    """A board that is not there is no green test and no silent skip: it is told at the end."""
    ports = [name for name in targets(config) if name not in TARGETS]
    if ports:
        terminalreporter.write_line(f"hardware: tests/on_target ran with {', '.join(ports)}")
    else:
        terminalreporter.write_line(NOT_VERIFIED, yellow=True)
