"""YAML read with the place of every key and value, so that a mistake can be shown where it stands."""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from streamwatch_exporters.language import Text

Path = tuple[str | int, ...]

_MAX_NODES = 100_000
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


@dataclass(frozen=True)
class Place:
    """Where something stands: 1-based line and column, and how many characters of that line it takes."""

    line: int
    column: int
    width: int = 1


class Misread(Exception):
    """The text is not the YAML that is expected. Carries the place and what is wrong."""

    def __init__(self, place: Place, text: Text, key: str = "") -> None:
        super().__init__(text.en)
        self.place, self.text, self.key = place, text, key


@dataclass
class Document:
    """Plain data, and for each path in it the place of its key (or its value where it has none)."""

    data: Any = None
    keys: dict[Path, Place] = field(default_factory=dict)
    scalars: list[tuple[str, Place]] = field(default_factory=list)  # (last key above it, its place)
    duplicates: list[tuple[Path, Place]] = field(default_factory=list)
    _nodes: int = 0

    def place(self, path: Path) -> Place:
        """The place of a path, or of the nearest thing above it that is written."""
        while path and path not in self.keys:
            path = path[:-1]
        return self.keys.get(path, Place(1, 1))


def read_yaml(text: str) -> Document:
    """Read one document of plain data; raises `Misread` for what is no YAML. Duplicate keys are noted."""
    document = Document()
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is not None:
            document.data = _plain(document, loader, node, ())
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        problem = _QUOTED.sub("…", exc.problem or "unreadable")  # what is quoted may be a secret
        raise Misread(place, Text(f"不是有效的 YAML（{problem}）", f"this is not YAML: {problem}")) from exc
    except (yaml.YAMLError, RecursionError, ValueError) as exc:
        raise Misread(Place(1, 1), Text("不是可读的 YAML 文本", "this is not readable as YAML text")) from exc
    finally:
        loader.dispose()
    return document


def _plain(document: Document, loader: yaml.SafeLoader, node: Node, path: Path) -> Any:
    document._nodes += 1
    if document._nodes > _MAX_NODES:
        raise Misread(_place(node), Text("内容过多，请去掉重复的别名", "too much content: use no repeated aliases"))
    document.keys.setdefault(path, _place(node))
    if isinstance(node, MappingNode):
        return _mapping(document, loader, node, path)
    if isinstance(node, SequenceNode):
        return [_plain(document, loader, item, (*path, i)) for i, item in enumerate(node.value)]
    above = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
    document.scalars.append((above, _place(node)))
    return loader.construct_object(node)


def _mapping(document: Document, loader: yaml.SafeLoader, node: MappingNode, path: Path) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, ScalarNode) else "?"
        here = (*path, key)
        if key in result:
            document.duplicates.append((here, _place(key_node)))
            continue
        document.keys[here] = _place(key_node)
        result[key] = _plain(document, loader, value_node, here)
    return result


def _place(node: Node) -> Place:
    start, end = node.start_mark, node.end_mark
    width = end.column - start.column if end.line == start.line else 1
    return Place(start.line + 1, start.column + 1, max(1, width))
