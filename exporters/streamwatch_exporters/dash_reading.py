"""The XML of a DASH manifest, read into facts. Pure; namespaces are not looked at, for packagers misspell them.

A manifest comes from a stranger: entities and DTDs are refused, and what it may make us hold is bounded.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import DefusedXMLParser  # type: ignore[import-untyped]

from streamwatch_exporters.dash_manifest import (
    Addressing,
    Manifest,
    Period,
    Representation,
    SegmentUrl,
    Timeline,
    UtcTiming,
)
from streamwatch_exporters.dash_timeline import Entry, read_timeline
from streamwatch_exporters.dash_values import byte_range, duration, instant, positive, seconds, whole
from streamwatch_exporters.probe import ProbeFailed

MAX_REPRESENTATIONS = 64  # of one period; each becomes series and downloads
_MAX_ELEMENTS = 100_000
_MAX_DEPTH = 64
_MAX_TAG = 128 * 1024  # bytes, roughly: one tag with a million attributes would become a hundred megabytes
_MAX_TEXT = 4096  # characters of an address or template
_MAX_URLS = 4096  # newest of a SegmentList
_MAX_PERIODS = 4096  # newest
_KINDS = ("video", "audio", "text", "image")
_ADDRESSING = ("SegmentTemplate", "SegmentList")


def read_manifest(body: bytes) -> Manifest:
    """Raises `ProbeFailed` with `parse`, or with `too_large` for more elements than a manifest has."""
    root = _tree(body)
    if _name(root) != "MPD":
        raise ProbeFailed("parse", "the answer is XML, but not a DASH manifest")
    return Manifest(
        dynamic=root.get("type", "static") == "dynamic",
        available_from=instant(root.get("availabilityStartTime")),
        published=instant(root.get("publishTime")),
        update_period=duration(root.get("minimumUpdatePeriod")),
        depth=duration(root.get("timeShiftBufferDepth")),
        longest_segment=duration(root.get("maxSegmentDuration")),
        location=next((_text(each) for each in _children(root, "Location")), ""),
        timings=tuple(
            UtcTiming(_scheme(each.get("schemeIdUri", "")), each.get("value", "")[:_MAX_TEXT])
            for each in islice(_children(root, "UTCTiming"), 8)
        ),
        periods=tuple(_Periods(root)),
    )


class _Bounded(TreeBuilder):
    """Stops before a manifest of few bytes has become very many objects."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = self._elements = self._depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self.heard += 1
        self._elements += 1
        self._depth += 1
        if self._elements > _MAX_ELEMENTS or self._depth > _MAX_DEPTH:
            raise _more_than_can_be()
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self.heard += 1
        self._depth -= 1
        return super().end(tag)

    def data(self, data: str, /) -> None:
        self.heard += 1
        super().data(data)


def _more_than_can_be() -> ProbeFailed:
    return ProbeFailed("too_large", "the manifest has more elements, or larger ones, than can be")


def _tree(body: bytes) -> Element:
    builder = _Bounded()
    parser = DefusedXMLParser(target=builder, forbid_dtd=True)
    try:
        for at in range(0, len(body), _MAX_TAG):
            heard = builder.heard
            parser.feed(body[at : at + _MAX_TAG])
            if builder.heard == heard and at + _MAX_TAG < len(body):
                raise _more_than_can_be()
        root: Element = parser.close()
    except (ParseError, DefusedXmlException, ValueError, LookupError) as exc:
        raise ProbeFailed("parse", "the manifest is not XML, or XML that is not safe to read") from exc
    return root


class _Periods:
    """The periods in their order. A timeline that many representations share is read once."""

    def __init__(self, root: Element) -> None:
        self._root = root
        self._timelines: dict[int, tuple[int, Timeline | None]] = {}

    def __iter__(self) -> Iterator[Period]:
        elements = list(_children(self._root, "Period"))
        spans = _spans(elements, duration(self._root.get("mediaPresentationDuration")))
        outer = _bases(self._root)
        for element, (start, end) in list(zip(elements, spans, strict=True))[-_MAX_PERIODS:]:
            if start is not None:
                found = islice(self._representations(element, outer), MAX_REPRESENTATIONS)
                yield Period(element.get("id", "")[:_MAX_TEXT] or f"#{start}", start, end, tuple(found))

    def _representations(self, period: Element, outer: tuple[str, ...]) -> Iterator[Representation]:
        for adaptation in _children(period, "AdaptationSet"):
            for element in _children(adaptation, "Representation"):
                levels = (period, adaptation, element)
                yield Representation(
                    id=element.get("id", "")[:256],
                    kind=_kind(adaptation, element),
                    bandwidth=whole(element.get("bandwidth"), 0),
                    resolution=_resolution(adaptation, element),
                    codecs=_attribute("codecs", adaptation, element),
                    frame_rate=_attribute("frameRate", adaptation, element),
                    language=_attribute("lang", adaptation, element),
                    addressing=self._addressing(levels),
                    bases=outer + sum(map(_bases, levels), ()),
                )

    def _addressing(self, levels: tuple[Element, ...]) -> Addressing | None:
        """What is said further in stands for what is said further out (clause 5.3.9.1)."""
        found = [child for level in levels for child in level if _name(child) in _ADDRESSING]
        if not found:
            return None
        said: dict[str, str] = {}
        timeline: Element | None = None
        urls: list[Element] = []
        for element in found:
            said |= element.attrib
            timeline = next(_children(element, "SegmentTimeline"), timeline)
            urls = list(_children(element, "SegmentURL")) or urls
        timescale = positive(said.get("timescale"), 1)
        end = said.get("endNumber")
        media = said.get("media", "")
        if len(media) > _MAX_TEXT:
            raise ProbeFailed("parse", "an address in the manifest is too long")
        return Addressing(
            timescale=timescale,
            offset=whole(said.get("presentationTimeOffset"), 0),
            start_number=whole(said.get("startNumber"), 1),
            end_number=None if end is None else whole(end, 0),
            media=media,
            duration=positive(said["duration"], 1) if "duration" in said else None,
            timeline=None if timeline is None else self._timeline(timeline, timescale),
            urls=tuple(_segment_url(each) for each in urls[-_MAX_URLS:]),
            urls_before=max(0, len(urls) - _MAX_URLS),
            early=seconds(said.get("availabilityTimeOffset")),
        )

    def _timeline(self, element: Element, timescale: int) -> Timeline | None:
        known = self._timelines.get(id(element))
        if known is None or known[0] != timescale:
            entries = (Entry(s.get("t"), s.get("d"), s.get("r")) for s in _children(element, "S"))
            known = self._timelines[id(element)] = timescale, read_timeline(entries, timescale)
        return known[1]


class _Span(NamedTuple):
    start: float | None
    end: float | None


def _spans(periods: list[Element], total: float | None) -> list[_Span]:
    """When each begins and ends (clause 5.3.2.1). One without a beginning is announced, and not yet there."""
    spans: list[_Span] = []
    after: float | None = 0.0
    for element in periods:
        said, length = duration(element.get("start")), duration(element.get("duration"))
        start = after if said is None else said
        if spans and spans[-1].end is None:
            spans[-1] = _Span(spans[-1].start, start)
        after = None if start is None or length is None else start + length
        spans.append(_Span(start, after))
    if spans and spans[-1].end is None:
        spans[-1] = _Span(spans[-1].start, total)
    return spans


def _name(element: Element) -> str:
    tag: str = element.tag if isinstance(element.tag, str) else ""
    return tag.rpartition("}")[2]


def _children(element: Element, name: str) -> Iterator[Element]:
    return (child for child in element if _name(child) == name)


def _text(element: Element) -> str:
    text = (element.text or "").strip()
    if len(text) > _MAX_TEXT:
        raise ProbeFailed("parse", "an address in the manifest is too long")
    return text


def _bases(element: Element) -> tuple[str, ...]:
    """The first of several: the others are the same at other places."""
    return tuple(_text(each) for each in islice(_children(element, "BaseURL"), 1))


def _scheme(uri: str) -> str:
    """`urn:mpeg:dash:utc:http-head:2014` is `http-head`."""
    parts = uri.split(":")
    return parts[4] if len(parts) == 6 and parts[:4] == ["urn", "mpeg", "dash", "utc"] else ""


def _attribute(name: str, adaptation: Element, element: Element) -> str:
    return (element.get(name) or adaptation.get(name) or "")[:_MAX_TEXT]


def _resolution(adaptation: Element, element: Element) -> str:
    width, height = (whole(_attribute(side, adaptation, element) or None, 0) for side in ("width", "height"))
    return f"{width}x{height}" if width and height else ""


def _kind(adaptation: Element, element: Element) -> str:
    said = adaptation.get("contentType") or _attribute("mimeType", adaptation, element).partition("/")[0]
    if not said and _attribute("width", adaptation, element):
        return "video"
    return said if said in _KINDS else "other"


def _segment_url(element: Element) -> SegmentUrl:
    media = element.get("media", "")
    if len(media) > _MAX_TEXT:
        raise ProbeFailed("parse", "an address in the manifest is too long")
    return SegmentUrl(media, byte_range(element.get("mediaRange")))
