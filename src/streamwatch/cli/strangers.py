"""Streams that nobody knows: a misspelt one is answered like any other, and looks right."""

import re
from collections.abc import Collection
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

import click
import yaml

from streamwatch.config import Config
from streamwatch.duty import DutyBook, streams
from streamwatch.language import Text, reader_language

STRANGE = Text(
    "没有直播间“{stream}”{meant}；有：{known}",
    "there is no stream '{stream}'{meant}; known are: {known}",
)
CAREFUL = Text("注意：{said}", "careful: {said}")
MEANT = Text("（你是说 {near} 吗？）", " (did you mean {near}?)")
NOT_WATCHED = Text(
    "场次 {session}：streams.yml 里没有直播间“{stream}”{meant}",
    "session {session}: streams.yml has no stream '{stream}'{meant}",
)
ALIKE = Text(
    "场次 {session}：直播间“{stream}”和“{near}”很像，是不是写错了？",
    "session {session}: its stream '{stream}' is much like '{near}'; is it misspelt?",
)
NUMBER = re.compile(r"[-_. ]?\d+")
NEAR = 0.75  # of 1: how alike two names are


def watched_streams(duty_file: Path) -> list[str]:
    """Those of the exporter's streams.yml, where it lies beside duty.yml; else none is known."""
    try:
        said = yaml.safe_load((duty_file.parent / "streams.yml").read_text(encoding="utf-8-sig"))
        found = [each["id"] for each in said["streams"]]
    except (OSError, ValueError, yaml.YAMLError, RecursionError, LookupError, TypeError):
        return []  # `streamwatch-exporter --check` says what is wrong with it
    return sorted(each for each in found if isinstance(each, str))


def stranger(stream: str, known: Collection[str]) -> Text | None:
    """What is said of *stream* when it is none of *known*; nothing where none is known."""
    if not stream or not known or stream in known:
        return None
    return STRANGE.format(stream=stream, meant=_meant(stream, known), known=" ".join(sorted(known)))


def warn_of_stranger(book: DutyBook, duty_file: Path, stream: str) -> None:
    if said := stranger(stream, {*streams(book)[1:], *watched_streams(duty_file)}):
        click.echo(CAREFUL.format(said=said).read_in(reader_language()), err=True)


def strange_sessions(config: Config, duty_file: Path, now: datetime) -> list[Text]:
    """Of sessions that are not over. Without a streams.yml a stream is held against those of other sessions."""
    watched, sessions = watched_streams(duty_file), config.book.sessions
    shows = [each.stream for each in sessions]
    found: dict[str, Text] = {}
    for each in sessions:
        stream = each.stream
        if each.presence.end <= now or stream in found or stream in watched:
            continue
        if watched:
            meant = _meant(stream, watched)
            found[stream] = NOT_WATCHED.format(session=each.id, stream=stream, meant=meant)
        elif near := _alike(stream, [other for other in shows if shows.count(other) > shows.count(stream)]):
            found[stream] = ALIKE.format(session=each.id, stream=stream, near=near)
    return list(found.values())


def _meant(stream: str, known: Collection[str]) -> Text:
    near = _alike(stream, known)
    return MEANT.format(near=near) if near else Text("", "")


def _alike(stream: str, known: Collection[str]) -> str | None:
    """The nearest that differs by more than a number: stage-1 and stage-2 are both meant."""
    bare = NUMBER.sub("", stream)
    others = [each for each in known if NUMBER.sub("", each) != bare]
    return next(iter(get_close_matches(stream, others, 1, NEAR)), None)
