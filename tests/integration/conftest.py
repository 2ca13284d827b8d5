"""What several files begin with: a clock, lines to services, and a phone that rings."""

from collections.abc import AsyncIterator, Iterator

import pytest

from servers.lines import Switchboard
from servers.receiver import PhoneServer
from servers.story import Hands


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
async def dial(clock: Hands) -> AsyncIterator[Switchboard]:
    """Opens a line to a service of the kind."""
    board = Switchboard(clock)
    yield board
    await board.close()


@pytest.fixture(scope="module")
def phone() -> Iterator[PhoneServer]:
    phone = PhoneServer()
    yield phone
    phone.close()
