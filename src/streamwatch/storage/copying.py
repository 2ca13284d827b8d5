"""Copies what is wanted into the object storage, one file after the other, and again until it is there.

Pages do not wait for it: it is a loop of its own, and works only where the receiver presides.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import httpx
from prometheus_client import CollectorRegistry, Counter, Gauge

from streamwatch.clock import Clock
from streamwatch.language import Text
from streamwatch.storage.s3 import Bucket, Copy, NotCopied, put
from streamwatch.store import Store
from streamwatch.store.uploads import EVIDENCE, Wanted

log = logging.getLogger(__name__)

PAUSES = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 1800, 3600))
NOT_COPIED = Text(
    "{count} 个文件还没有存到对象存储（{why}）；本机的文件完好，会继续重试",
    "{count} files are not in the object storage yet ({why}); those on this machine are whole, it goes on trying",
)


def pause(tries: int) -> timedelta:
    """Until the next try, after so many that failed."""
    return PAUSES[min(tries, len(PAUSES)) - 1]


@dataclass(frozen=True)
class Standing:
    """How many wait, and why the last one that failed did; None: none has."""

    waiting: int
    why: str | None


class Copying:
    """*bucket* and *folder* (of the evidence) are those of the moment, None when duty.yml names none."""

    def __init__(
        self,
        store: Store,
        http: httpx.AsyncClient,
        bucket: Callable[[], Bucket | None],
        folder: Callable[[], Path | None],
        presiding: Callable[[], Awaitable[bool]],
        clock: Clock,
        registry: CollectorRegistry,
    ) -> None:
        self._store, self._http, self._bucket, self._folder = store, http, bucket, folder
        self._presiding, self._clock = presiding, clock
        self._standing = Standing(0, None)
        self._stopping = asyncio.Event()
        said = "Tries to copy a file to the object storage."
        self._copies = Counter("streamwatch_object_copies", said, ["result"], registry=registry)
        said = "Files that are not in the object storage yet."
        self._waiting = Gauge("streamwatch_object_copies_waiting", said, registry=registry)
        for result in ("done", "failed"):
            self._copies.labels(result)

    async def step(self) -> bool:
        """Whether another one is due at once."""
        bucket = self._bucket()
        if bucket is None or self._stopping.is_set() or not await self._presiding():
            self._show(Standing(0, None))
            return False
        uploads, folder = self._store.uploads, self._folder()
        if folder is not None:
            await asyncio.to_thread(uploads.want_evidence, folder, self._clock())
        copy = await asyncio.to_thread(uploads.due, self._clock())
        if copy is not None:
            await self._copy(bucket, copy)
        self._show(Standing(*await asyncio.to_thread(uploads.standing)))
        return copy is not None

    def stop(self) -> None:
        """What is on its way is broken off, and begun again at the next start: a large file takes minutes."""
        self._stopping.set()

    def warnings(self) -> list[Text]:
        """Nothing as long as nothing failed: what is on its way is no trouble."""
        if self._standing.why is None:
            return []
        return [NOT_COPIED.format(count=self._standing.waiting, why=self._standing.why)]

    async def _copy(self, bucket: Bucket, wanted: Wanted) -> None:
        tries = wanted.tries + 1
        try:
            copy = await asyncio.to_thread(_as_it_is, wanted)
            if copy is not None and not await self._put(bucket, copy):
                return
        except NotCopied as error:
            why, again = str(error), self._clock() + pause(tries)
            if tries == 1:
                log.warning("a file was not copied to the object storage (%s); trying on", why)
            await asyncio.to_thread(self._store.uploads.failed, wanted.key, tries, why, again)
            self._copies.labels("failed").inc()
        else:
            await asyncio.to_thread(self._store.uploads.done, wanted.key, wanted.sha256, self._clock())
            self._copies.labels("done").inc()

    async def _put(self, bucket: Bucket, copy: Copy) -> bool:
        """False: it was broken off."""
        going = asyncio.create_task(put(self._http, bucket, copy, self._clock))
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({going, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if going.done():
                await going
                return True
            return False
        finally:
            going.cancel()
            stopping.cancel()
            await asyncio.gather(going, stopping, return_exceptions=True)

    def _show(self, standing: Standing) -> None:
        self._standing = standing
        self._waiting.set(standing.waiting)


def _as_it_is(wanted: Wanted) -> Copy | None:
    """What to copy: evidence as it is on record alone. In a review people write; None: they threw it away."""
    path = Path(wanted.path)
    if wanted.key.startswith(EVIDENCE):
        return Copy(wanted.key, path, wanted.bytes, wanted.sha256)
    try:
        body = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NotCopied(f"the file cannot be read ({error.strerror})") from error
    return Copy(wanted.key, path, len(body), sha256(body).hexdigest())
