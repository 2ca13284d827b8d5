"""What a variant or rendition is called: by what it is, never by its URL, because tokens in URLs rotate."""

from collections import Counter
from dataclasses import dataclass, field

from streamwatch_exporters.hls_playlist import MasterPlaylist, Rendition, Variant

_LABEL_LENGTH = 96


@dataclass(frozen=True, order=True)
class PlaylistId:
    """The labels of one media playlist. A stream without a master has one, called `single`."""

    variant: str = ""
    rendition: str = ""


SINGLE = PlaylistId(variant="single")


@dataclass(frozen=True)
class Listed:
    """One media playlist of a master: its identity, its reference, and what the master declares of it."""

    id: PlaylistId
    uri: str = field(repr=False)
    variant: Variant | None = None


def listed_playlists(master: MasterPlaylist) -> list[Listed]:
    """Name every playlist of a master. Two with one identity (a backup, say) are told apart by their order."""
    variants = _told_apart([_variant_names(variant) for variant in master.variants])
    renditions = _told_apart([_rendition_names(rendition) for rendition in master.renditions])
    return [
        *(Listed(PlaylistId(variant=name), v.uri, v) for name, v in zip(variants, master.variants, strict=True)),
        *(Listed(PlaylistId(rendition=name), r.uri) for name, r in zip(renditions, master.renditions, strict=True)),
    ]


def _variant_names(variant: Variant) -> tuple[str, str]:
    """The short name, and the one used where short names meet."""
    short = f"{variant.resolution or 'audio'}@{variant.bandwidth}"
    return short, "/".join(filter(None, (short, variant.codecs, variant.audio_group)))


def _rendition_names(rendition: Rendition) -> tuple[str, str]:
    name = f"{rendition.kind}/{rendition.group}/{rendition.name}"
    return name, name


def _told_apart(names: list[tuple[str, str]]) -> list[str]:
    shorts = Counter(short for short, _ in names)
    chosen = [_clean(long if shorts[short] > 1 else short) for short, long in names]
    seen: Counter[str] = Counter()
    result = []
    for name in chosen:
        seen[name] += 1
        result.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return result


def _clean(name: str) -> str:
    return "".join(c for c in name if c.isprintable())[:_LABEL_LENGTH]
