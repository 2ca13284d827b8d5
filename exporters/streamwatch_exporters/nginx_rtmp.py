"""Probe `nginx_rtmp`: the stat page of nginx-rtmp. `url` is that of the page itself."""

import asyncio
import time

import aiohttp

from streamwatch_exporters.fetching import fetch
from streamwatch_exporters.ingest_json import ServerSettings
from streamwatch_exporters.ingest_page import Page
from streamwatch_exporters.nginx_rtmp_stat import read_stat_page
from streamwatch_exporters.nginx_rtmp_workers import WorkerWatch
from streamwatch_exporters.settings import http_url

_PAGE_LIMIT = 8 * 1024 * 1024  # bytes
_LARGE = 256 * 1024  # bytes from which the XML is read beside the event loop


class NginxRtmpSettings(ServerSettings):
    """Where the stat page is."""


class NginxRtmp:
    """One nginx, which must have one worker."""

    def __init__(self, settings: NginxRtmpSettings) -> None:
        self._url = http_url(settings.secret_url)
        self._workers = WorkerWatch()

    async def read(self, session: aiohttp.ClientSession, within: float) -> Page:
        fetched = await fetch(session, self._url, limit=_PAGE_LIMIT, within=within)
        if len(fetched.body) > _LARGE:
            page = await asyncio.to_thread(read_stat_page, fetched.body)
        else:
            page = read_stat_page(fetched.body)
        self._workers.check(page.pid, page.uptime, time.monotonic())
        return page
