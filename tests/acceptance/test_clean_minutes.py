"""A healthy stream, looked at for ten minutes, or for an hour by `make soak`: nobody may be accused of anything."""

import os
import time
from pathlib import Path

import pytest

from servers.whole_path import WELL, whole_path

SECONDS = float(os.environ.get("STREAMWATCH_SOAK_SECONDS", "600"))


@pytest.mark.timeout(SECONDS + 120)
async def test_while_all_is_well_nobody_is_accused(tmp_path: Path) -> None:
    """Not at one look, at no hop; and the exporter answers all the time."""
    async with whole_path(tmp_path) as (_, history):
        began = last = time.monotonic()
        while (at := await history.next()) - began < SECONDS:
            assert at - last < 10, "the exporter did not answer"
            last = at
            assert history.accused_since(began) == {}
            assert [str(each) for each in WELL if not each.holds(history.moment())] == []
