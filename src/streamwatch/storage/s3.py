"""Puts one file into a bucket. S3 checks signature and hash: it takes all of the file, unchanged, or nothing."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from streamwatch.clock import Clock
from streamwatch.errors import StreamWatchError
from streamwatch.storage.signing import Key, Request, encoded, signed

CHUNK = 1024 * 1024  # bytes that are read at once, away from the event loop
TIMEOUT = httpx.Timeout(60.0, connect=5.0)  # seconds without any progress
_CODE = re.compile(rb"<Code>([A-Za-z0-9]{1,60})</Code>")


class NotCopied(StreamWatchError):
    """The object storage did not take the file."""


@dataclass(frozen=True)
class Bucket:
    """*endpoint* without a trailing slash; the bucket stands in the path, as all services take it."""

    endpoint: str
    name: str
    key: Key


@dataclass(frozen=True)
class Copy:
    """A file of *bytes*, whose hash is on record, and the *key* under which it is kept."""

    key: str
    path: Path
    bytes: int
    sha256: str


async def put(http: httpx.AsyncClient, bucket: Bucket, copy: Copy, clock: Clock) -> None:
    """Return when it is there. Raises `NotCopied` with a reason that tells no address and no key."""
    base = httpx.URL(bucket.endpoint)
    path = f"{base.raw_path.decode().rstrip('/')}/{encoded(f'{bucket.name}/{copy.key}')}"
    sent = {"content-length": str(copy.bytes)}
    request = Request("PUT", base.netloc.decode(), path, "", {}, copy.sha256)
    headers = signed(request, bucket.key, clock()) | sent
    url = base.copy_with(raw_path=path.encode())
    try:
        reply = await http.put(url, content=_read(copy.path), headers=headers, timeout=TIMEOUT)
    except OSError as error:
        raise NotCopied(f"the file cannot be read ({error.strerror})") from error
    except (httpx.HTTPError, httpx.InvalidURL, RuntimeError) as error:
        raise NotCopied(f"no answer ({type(error).__name__})") from None
    if reply.status_code != 200:
        found = _CODE.search(reply.content[:10_000])
        code = f", {found[1].decode()}" if found else ""
        raise NotCopied(f"refused with HTTP {reply.status_code}{code}")


async def _read(path: Path) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk
    finally:
        file.close()
