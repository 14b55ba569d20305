"""One pump for all tests over the wire, for each target."""

from collections.abc import Iterator

import pytest

from protocol.programmer.client import Client
from tests.on_target.option import targets
from tests.on_target.targets import Target, open_target


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test with each target; those of one target on one worker, so that each boots once."""
    if "target" in metafunc.fixturenames:
        rows = [
            pytest.param(name, marks=pytest.mark.xdist_group(f"on_target_{name}"))
            for name in targets(metafunc.config)
        ]
        metafunc.parametrize("target", rows, indirect=True, scope="session")


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    found = open_target(request.param)
    yield found
    found.close()


@pytest.fixture
def pump(target: Target) -> Iterator[Client]:
    """A session with a pump that delivers nothing."""
    client = Client(target.link)
    client.hello()
    client.stop()
    yield client
    client.stop()
    client.close()
