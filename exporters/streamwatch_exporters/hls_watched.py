"""What the watcher keeps of one media playlist of a stream."""

import asyncio
from dataclasses import dataclass, field

from yarl import URL

from streamwatch_exporters.hls_details import PlaylistDetails
from streamwatch_exporters.hls_playlist import Variant
from streamwatch_exporters.hls_segment import Download
from streamwatch_exporters.hls_state import PlaylistState
from streamwatch_exporters.playlist_loading import Loaded
from streamwatch_exporters.probe import ProbeFailed


@dataclass
class WatchedPlaylist:
    """One media playlist: its state, what its last load gave, and its last segment."""

    variant: Variant | None = None
    url: URL | None = field(default=None, repr=False)
    state: PlaylistState = field(default_factory=PlaylistState)
    up: bool | None = None
    failure: ProbeFailed | None = None
    download: Download = field(default_factory=Download)
    details: PlaylistDetails = field(default_factory=PlaylistDetails)
    loaded: Loaded | None = field(default=None, repr=False)
    reload_due: float = 0.0
    task: asyncio.Task[None] | None = None
    segment_task: asyncio.Task[None] | None = None
    reload_task: asyncio.Task[None] | None = None

    def tasks(self) -> list[asyncio.Task[None]]:
        return [task for task in (self.task, self.segment_task, self.reload_task) if task is not None]
