"""The newest segment of a variant, fetched once as a player would, and what that says about the way to it."""

from dataclasses import dataclass, field
from typing import Literal, get_args

import aiohttp
from yarl import URL

from streamwatch_exporters.fetching import Transfer, drain
from streamwatch_exporters.hls_playlist import Segment
from streamwatch_exporters.probe import ProbeFailed

CodeClass = Literal["4xx", "5xx", "timeout", "connect", "other"]
CODE_CLASSES: tuple[CodeClass, ...] = get_args(CodeClass)

_SEGMENT_LIMIT = 256 * 1024 * 1024  # bytes


@dataclass
class SegmentCounts:
    """What became of the segments of one stream."""

    requests: int = 0
    size: int = 0  # bytes
    failures: dict[CodeClass, int] = field(default_factory=lambda: dict.fromkeys(CODE_CLASSES, 0))


@dataclass
class Download:
    """The last segment of one variant. Both are None until one came, and again when one failed."""

    ratio: float | None = None  # download time ÷ media duration
    bandwidth: float | None = None  # segment bytes ÷ media duration

    def learn(self, transfer: Transfer | None, duration: float) -> None:
        known = transfer is not None and duration > 0
        self.ratio = transfer.seconds / duration if transfer and known else None
        self.bandwidth = transfer.size / duration if transfer and known else None


async def fetch_segment(session: aiohttp.ClientSession, url: URL, segment: Segment) -> Transfer:
    """Fetch a segment and throw it away; raises `ProbeFailed`. A player gives up after about two durations."""
    headers = {}
    if segment.byte_range is not None:
        start, length = segment.byte_range
        headers["Range"] = f"bytes={start}-{start + length - 1}"
    return await drain(session, url, limit=_SEGMENT_LIMIT, within=max(5.0, 2 * segment.duration), headers=headers)


def code_class(failure: ProbeFailed) -> CodeClass:
    match failure.reason:
        case "http_4xx" | "auth":
            return "4xx"
        case "http_5xx":
            return "5xx"
        case "timeout":
            return "timeout"
        case "dns" | "connect" | "tls":
            return "connect"
        case _:
            return "other"
