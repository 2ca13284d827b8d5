"""What holds the event loop up, and what is done about it."""

import gc

import pytest

from streamwatch_exporters import event_loop
from streamwatch_exporters.config import Config
from streamwatch_exporters.exporter import Exporter


async def test_what_stays_is_not_searched_for_garbage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once settled; a change lets the search find what it leaves behind, and nothing is kept out after the end."""
    monkeypatch.setattr(event_loop, "_SETTLED", 0.0)
    try:
        await event_loop.spare_what_stays()
        assert gc.get_freeze_count() > 0
        monkeypatch.setattr(event_loop, "_SETTLED", 3600.0)
        exporter = Exporter(Config())
        await exporter.start()
        assert gc.get_freeze_count() == 0
        await exporter.close()
        assert gc.get_freeze_count() == 0
    finally:
        gc.unfreeze()
