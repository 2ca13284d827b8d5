"""The exporter itself, in this process, on a free port, watching what a test's streams.yml says."""

import asyncio
import io
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from streamwatch_exporters.clock import Clock
from streamwatch_exporters.config import load_config
from streamwatch_exporters.exporter import Exporter
from streamwatch_exporters.server import ExporterServer

CHAT_TOKEN = "token-of-the-test"


class Page:
    """One metrics page."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._samples = [s for family in text_string_to_metric_families(text) for s in family.samples]

    def values(self, name: str, /, **labels: str) -> list[float]:
        return [s.value for s in self._samples if s.name == name and labels.items() <= s.labels.items()]

    def value(self, name: str, /, **labels: str) -> float | None:
        """The only value of that name and those labels; None when there is none."""
        found = self.values(name, **labels)
        assert len(found) <= 1, f"{len(found)} series of {name} match {labels}"
        return found[0] if found else None

    def label_values(self, label: str) -> set[str]:
        return {s.labels[label] for s in self._samples if label in s.labels}


class RunningExporter:
    """A client of the exporter under test."""

    def __init__(self, exporter: Exporter, address: str, session: aiohttp.ClientSession, config: Path) -> None:
        self.exporter, self.address, self.config = exporter, address, config
        self._session = session
        self._headers = {"Authorization": f"Bearer {CHAT_TOKEN}"}

    async def page(self, **headers: str) -> Page:
        async with self._session.get(self.address + "/metrics", headers=headers) as answer:
            assert answer.status == 200
            return Page(await answer.text())

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        async with self._session.get(self.address + path, headers=headers) as answer:
            return answer.status, await answer.text()

    async def get_json(self, path: str) -> Any:
        async with self._session.get(self.address + path, headers=self._headers) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def post(
        self, path: str, body: bytes = b"", token: str | None = CHAT_TOKEN, content_type: str = ""
    ) -> tuple[int, Any]:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        headers |= {"Content-Type": content_type} if content_type else {}
        async with self._session.post(self.address + path, data=io.BytesIO(body), headers=headers) as answer:
            return answer.status, await answer.json()

    async def post_text(self, path: str, token: str | None = CHAT_TOKEN) -> tuple[int, str]:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        async with self._session.post(self.address + path, headers=headers) as answer:
            return answer.status, await answer.text()

    async def until(self, holds: Callable[[Page], bool], *, within: float = 15.0) -> Page:
        """Scrape until a page is as expected; fails with that page's own metrics when none is in time."""
        deadline = time.monotonic() + within
        while True:
            page = await self.page()
            if holds(page):
                return page
            if time.monotonic() > deadline:
                lines = [line for line in page.text.splitlines() if line.startswith("streamwatch_")]
                raise AssertionError(f"not in {within} s:\n" + "\n".join(lines))
            await asyncio.sleep(0.1)


def write_config(folder: Path, text: str) -> Path:
    """A streams.yml with the chat token beside it."""
    (folder / "chat_token").write_text(CHAT_TOKEN + "\n")
    path = folder / "streams.yml"
    path.write_text("chat: {token_file: chat_token}\n" + text)
    return path


@asynccontextmanager
async def running_exporter(folder: Path, text: str, clock: Clock | None = None) -> AsyncIterator[RunningExporter]:
    """An exporter with the streams of `text` (the file without its `chat` section)."""
    path = write_config(folder, text)
    exporter = Exporter(load_config(path), clock)
    await exporter.start()
    runner = web.AppRunner(ExporterServer(exporter, path).app(), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        async with aiohttp.ClientSession() as session:
            yield RunningExporter(exporter, f"http://{host}:{port}", session, path)
    finally:
        await runner.cleanup()
        await exporter.close()
