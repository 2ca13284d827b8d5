"""The stat page of nginx-rtmp (`rtmp_stat all`), read into facts.

Source: ngx_rtmp_stat_module.c. Units there: `uptime` seconds, client `time` and `avsync` milliseconds, `bytes_*`
bytes since the stream came up. `bw_*` is ignored: it is bits per second and 0 for the first ten seconds.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

from streamwatch_exporters.ingest_page import Page, StreamStat, resolution
from streamwatch_exporters.probe import ProbeFailed

_RELAY = "ngx-local-relay"


def read_stat_page(body: bytes) -> Page:
    """Read one worker's view, tolerating what forks add or leave out. Raises `ProbeFailed` with reason `parse`."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as exc:
        raise ProbeFailed("parse", "the stat page is not XML") from exc
    if root.tag != "rtmp":
        raise ProbeFailed("parse", "the answer is XML, but not a stat page of nginx-rtmp")
    pid = _number(root, "pid")
    return Page(
        pid=None if pid is None else int(pid),
        uptime=_number(root, "uptime"),
        clients=int(sum(_number(live, "nclients") or 0 for live in root.findall("server/application/live"))),
        streams={key: _stream(element) for key, element in _streams(root)},
        tells_drops=True,
    )


def _streams(root: Element) -> Iterator[tuple[tuple[str, str], Element]]:
    for application in root.findall("server/application"):
        app = _text(application, "name")
        for stream in application.findall("live/stream"):
            yield (app, _text(stream, "name")), stream


def _stream(element: Element) -> StreamStat:
    clients = element.findall("client")
    publisher = next((client for client in clients if client.find("publishing") is not None), None)
    publishing = element.find("publishing") is not None or publisher is not None
    video, audio = element.find("meta/video"), element.find("meta/audio")
    return StreamStat(
        publishing=publishing,
        publish_uptime=_publish_uptime(element, publisher) if publishing else None,
        readers=_readers(element, clients, publishing=publishing),
        received_bytes=_number(element, "bytes_in"),
        sent_bytes=_number(element, "bytes_out"),
        dropped={_text(client, "id"): int(_number(client, "dropped") or 0) for client in clients},
        av_offset=_milliseconds(publisher, "avsync"),
        codec=_text(video, "codec"),
        resolution=resolution(_number(video, "width"), _number(video, "height")),
        audio_codec=_text(audio, "codec"),
    )


def _publish_uptime(stream: Element, publisher: Element | None) -> float | None:
    return _milliseconds(publisher, "time") if publisher is not None else _milliseconds(stream, "time")


def _readers(stream: Element, clients: list[Element], *, publishing: bool) -> int | None:
    """`nclients` counts the publisher and relays; the list of clients tells them apart, when the page has one."""
    if clients:
        return sum(client.find("publishing") is None and _text(client, "flashver") != _RELAY for client in clients)
    total = _number(stream, "nclients")
    return None if total is None else max(0, int(total) - publishing)


def _milliseconds(element: Element | None, name: str) -> float | None:
    value = _number(element, name)
    return None if value is None else value / 1000


def _number(element: Element | None, name: str) -> float | None:
    try:
        value = float(_text(element, name))
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None


def _text(element: Element | None, name: str) -> str:
    return "" if element is None else (element.findtext(name) or "").strip()
