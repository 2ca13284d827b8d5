"""Fetching a DASH manifest, and following what stands in it."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from yarl import URL

from streamwatch_exporters.dash_manifest import Manifest
from streamwatch_exporters.dash_reading import read_manifest
from streamwatch_exporters.fetching import Fetched, Get
from streamwatch_exporters.probe import ProbeFailed
from streamwatch_exporters.settings import exact_url

_LIMIT = 4 * 1024 * 1024  # bytes: some hours of segments, one by one
_LARGE = 8 * 1024  # bytes from which a manifest is read beside the event loop


@dataclass(frozen=True)
class LoadedManifest:
    """A manifest as it was read. References in it hang on `url`, the address after redirects."""

    manifest: Manifest
    url: URL = field(repr=False)
    answer: Fetched = field(repr=False)


async def load_manifest(
    get: Get, url: URL, within: float, *, known: LoadedManifest | None = None
) -> LoadedManifest:
    """Fetch and read a manifest in less than `within` seconds, or raise `ProbeFailed`.

    With the same bytes as *known*, the load before, it is the same manifest object.
    """
    answer = await get(url, limit=_LIMIT, within=within)
    if known is not None and answer.body == known.answer.body:
        return LoadedManifest(known.manifest, answer.url, answer)
    if len(answer.body) > _LARGE:
        manifest = await asyncio.to_thread(read_manifest, answer.body)
    else:
        manifest = read_manifest(answer.body)
    return LoadedManifest(manifest, answer.url, answer)


def resolve(base: URL, references: Iterable[str]) -> URL:
    """Where references lead to, each seen from the one before. Raises `ProbeFailed` with `parse`."""
    try:
        for reference in references:
            if reference:
                base = base.join(exact_url(reference))
    except ValueError as exc:
        raise ProbeFailed("parse", "an address in the manifest is not a URL") from exc
    return base
