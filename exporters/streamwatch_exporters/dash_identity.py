"""What a representation is called: by what it is, never by its address, because tokens in addresses rotate."""

from collections import Counter
from collections.abc import Iterable

from streamwatch_exporters.dash_manifest import Representation

_LABEL_LENGTH = 96


def named(representations: Iterable[Representation]) -> dict[str, Representation]:
    """Every representation of a period by its name; those of one name are told apart by codecs, then by order."""
    listed = list(representations)
    shorts = Counter(_short(each) for each in listed)
    seen: Counter[str] = Counter()
    result = {}
    for each in listed:
        name = _clean(_short(each) if shorts[_short(each)] == 1 else _long(each))
        seen[name] += 1
        result[name if seen[name] == 1 else f"{name}#{seen[name]}"] = each
    return result


def _short(each: Representation) -> str:
    return f"{each.resolution or each.kind}@{each.bandwidth}"


def _long(each: Representation) -> str:
    return "/".join(filter(None, (_short(each), each.codecs, each.language)))


def _clean(name: str) -> str:
    return "".join(c for c in name if c.isprintable())[:_LABEL_LENGTH]
