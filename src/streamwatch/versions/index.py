"""Asks a package index for a newer StreamWatch. Only an address that people configured, and only when told to.

Source: PEP 691 (JSON of the simple API), PEP 592 (yanked), PEP 427 and 625 (names of files).
"""

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx

from streamwatch import __version__
from streamwatch.errors import CommandFailed
from streamwatch.language import Text
from streamwatch.versions.numbers import newest, number

PROJECT = "streamwatch"
ACCEPT = "application/vnd.pypi.simple.v1+json"
PATIENCE = 10.0  # seconds
LARGEST = 10_000_000  # bytes
_FILE = re.compile(rf"{PROJECT}-([^-]+)(?:-[^-]+){{3,4}}\.whl|{PROJECT}-(.+)\.tar\.gz", re.IGNORECASE)

_SETTING = re.compile(r"(:env:|global)\.index-url='(.+)'")

# httpx writes every address it calls, and that of an index may hold a password.
logging.getLogger("httpx").addFilter(lambda record: record.levelno >= logging.WARNING)

NO_INDEX = Text(
    "不知道去哪里问新版本：在 duty.yml 写 versions.index_url_file，或设置 pip 的 index-url",
    "there is no index to ask: write versions.index_url_file into duty.yml, or set pip's index-url",
)
SILENT = Text("软件包索引没有应答（{why}）", "the package index does not answer ({why})")
MISSING = Text("这个软件包索引里没有 streamwatch", "this package index has no streamwatch")
STRANGE = Text(
    "软件包索引的回答看不懂（HTTP {code}）：需要支持 PEP 691 的 JSON",
    "the answer of the package index is not understood (HTTP {code}): it must speak JSON as of PEP 691",
)


def pips_index() -> str | None:
    """What pip was told: by its variable, else by its files. Its own default is not asked: nobody configured it."""
    # Not `pip config get`: that overlooks the file of PIP_CONFIG_FILE.
    command = [sys.executable, "-m", "pip", "config", "list"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  # ours
    except (OSError, subprocess.TimeoutExpired):
        return None
    said = {found[1]: found[2] for line in told.stdout.splitlines() if (found := _SETTING.fullmatch(line))}
    return said.get(":env:") or said.get("global")


def newer(index: str, version: str = __version__) -> str | None:
    """The newest final release, if it is newer than *version*. Raises `CommandFailed`, never with *index*."""
    found = newest(versions(_answer(index)))
    mine, theirs = number(version), found and number(found)
    return found if theirs and (mine is None or mine < theirs) else None


def versions(answer: Any) -> Iterator[str]:
    """Of the files that are not yanked. Raises what an odd *answer* makes of it."""
    for file in answer["files"]:
        named = _FILE.fullmatch(file["filename"])
        if named and file.get("yanked", False) is False:
            yield named[1] or named[2]


def _answer(index: str) -> Any:
    try:
        url = f"{index.rstrip('/')}/{PROJECT}/"
        with (
            httpx.Client(timeout=PATIENCE, follow_redirects=True) as http,
            http.stream("GET", url, headers={"Accept": ACCEPT}) as reply,
        ):
            body = _read(reply)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CommandFailed(SILENT.format(why=type(error).__name__)) from None
    if reply.status_code == 404:
        raise CommandFailed(MISSING)
    strange = STRANGE.format(code=reply.status_code)
    if not reply.is_success or reply.headers.get("content-type", "").partition(";")[0].strip() != ACCEPT:
        raise CommandFailed(strange)
    try:
        answer = json.loads(body)
        major = str(answer["meta"]["api-version"]).partition(".")[0]
        list(versions(answer))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CommandFailed(strange) from None
    if major != "1":
        raise CommandFailed(strange)
    return answer


def _read(reply: httpx.Response) -> bytes:
    """As far as it can be the list of one project."""
    body = b""
    for part in reply.iter_bytes():
        body += part
        if len(body) > LARGEST:
            raise CommandFailed(STRANGE.format(code=reply.status_code))
    return body
