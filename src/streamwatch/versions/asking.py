"""Asks each part what it is: by its own API or page, programs of this machine by their `--version`."""

import asyncio
import os
import platform
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from streamwatch import __version__
from streamwatch.versions.needs import NEEDS, Part, judged
from streamwatch.versions.numbers import release

PATIENCE = 3.0  # seconds for each; they are asked at the same time
NAMED = 80  # characters of a version that are kept

# Where each says it. Sources: prometheus.io (HTTP API), Alertmanager's OpenAPI v2, grafana.com (HTTP API, health).
PATHS: Mapping[str, str] = {
    "receiver": "/metrics",
    "exporter": "/metrics",
    "prometheus": "/api/v1/status/buildinfo",
    "alertmanager": "/api/v2/status",
    "grafana": "/api/health",
}
_BUILD = re.compile(r'^streamwatch(?:_exporter)?_build_info\{[^}]*version="([^"]+)"', re.MULTILINE)


async def ask(addresses: Mapping[str, str]) -> list[Part]:
    """Every part, in the order of `NEEDS`; *addresses* by the names of `PATHS`. What does not answer is unknown."""
    named = {name: url for name, url in addresses.items() if name in PATHS}
    async with httpx.AsyncClient(timeout=PATIENCE) as http:
        answers = await asyncio.gather(*(_asked(http, name, url) for name, url in named.items()), _ffmpeg())
    found = dict(zip((*named, "ffmpeg"), answers, strict=True))
    found |= {"streamwatch": __version__, "python": platform.python_version()}
    return [judged(name, found[name]) for name in NEEDS if name in found]


async def _asked(http: httpx.AsyncClient, name: str, url: str) -> str | None:
    try:
        async with asyncio.timeout(PATIENCE):
            reply = await http.get(f"{url.rstrip('/')}{PATHS[name]}")
        return said(name, reply.text) if reply.is_success else None
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
        return None


def said(name: str, text: str) -> str | None:
    """The version in an answer; None when it is the answer of something else."""
    if name in ("receiver", "exporter"):
        found = _BUILD.search(text)
        return found and found[1][:NAMED]
    try:
        answer: Any = httpx.Response(200, text=text).json()
        version = {
            "prometheus": lambda: answer["data"]["version"],
            "alertmanager": lambda: answer["versionInfo"]["version"],
            "grafana": lambda: answer["version"],
        }[name]()
    except (ValueError, KeyError, TypeError):
        return None
    return str(version)[:NAMED]


async def _ffmpeg() -> str | None:
    program = shutil.which("ffmpeg", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/bin"]))
    if program is None:
        return None
    try:
        child = await asyncio.create_subprocess_exec(
            Path(program), "-version", stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        told, _ = await child.communicate()
    except OSError:
        return None
    return release(told.decode(errors="replace").partition("\n")[0])
