"""A rules file as people wrote it: each value, and each character of an expression, keeps its place. Pure."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import yaml

from streamwatch.rules.finding import Place
from streamwatch.rules.parsing import PromqlError, parse, seconds
from streamwatch.rules.promql import Node

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # both name the same places


@dataclass(frozen=True)
class Source:
    """A file: its name as people are shown it, and its text."""

    file: str
    text: str

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(at + 1 for at, each in enumerate(self.text) if each == "\n")]

    def line_at(self, offset: int) -> int:
        """Counted from 1."""
        return bisect_right(self._starts, offset)

    def line(self, number: int) -> str:
        return self.text[self._starts[number - 1] :].split("\n", 1)[0]

    def place(self, start: int, end: int) -> Place:
        """From offset to offset, as far as the line goes."""
        number = self.line_at(start)
        column = start - self._starts[number - 1] + 1
        return Place(self.file, number, column, self.line(number), max(1, end - start))


@dataclass(frozen=True)
class Value:
    """A word of a rule: its text, where it stands, and where each of its characters stands in the file."""

    source: Source
    text: str
    start: int
    end: int
    offsets: tuple[int, ...] = field(repr=False, default=())

    @property
    def place(self) -> Place:
        return self.source.place(self.start, self.end)

    def part(self, start: int, end: int) -> Place:
        """From character to character of the text."""
        return self.source.place(self.offsets[start], self.offsets[max(start, end - 1)] + 1)


@dataclass(frozen=True)
class Rule:
    """One alert or recording rule. *values* by key: `expr`, `for`, `labels.hop`, `annotations.summary_zh`, …"""

    source: Source
    kind: str  # alert, record
    name: str
    values: Mapping[str, Value]
    start: int
    end: int
    tree: Node | None = field(repr=False, default=None)
    trouble: PromqlError | None = field(repr=False, default=None)
    interval: float | None = None  # seconds between two evaluations, if its group says so

    @property
    def expr(self) -> Value:
        return self.values["expr"]

    def duration(self, key: str) -> float:
        """`for` or `keep_firing_for` in seconds; 0 when it says nothing, or what is no duration."""
        try:
            return seconds(self.values[key].text) if key in self.values else 0.0
        except ValueError:
            return 0.0

    def named(self, prefix: str) -> dict[str, Value]:
        """`labels` or `annotations`."""
        head = f"{prefix}."
        return {key.removeprefix(head): each for key, each in self.values.items() if key.startswith(head)}

    def at(self, key: str) -> Place:
        """Where *key* stands; where the rule is named if it has none."""
        return (self.values.get(key) or self.values[self.kind]).place

    def part(self, node: Node) -> Place:
        return self.expr.part(node.start, node.end)


def composed(text: str) -> Any:
    """The nodes of a text, fast where that reads it. Raises `yaml.YAMLError`."""
    try:
        return yaml.compose(text, Loader=LOADER)
    except yaml.YAMLError:
        return yaml.compose(text, Loader=yaml.SafeLoader)


def read_rules(source: Source) -> list[Rule]:
    """The rules of a file that is YAML. What is no rule is left to promtool, which says so."""
    root = composed(source.text)
    found = []
    for group in _items(_get(root, "groups")):
        every = _get(group, "interval")
        interval = _seconds(every.value) if isinstance(every, yaml.ScalarNode) else None
        found += [rule for node in _items(_get(group, "rules")) if (rule := _rule(source, node, interval))]
    return found


def _rule(source: Source, node: yaml.Node, interval: float | None) -> Rule | None:
    values = dict(_values(source, node))
    kind = next((each for each in ("alert", "record") if each in values), None)
    if kind is None or "expr" not in values:
        return None
    tree, trouble = None, None
    try:
        tree = parse(values["expr"].text)
    except PromqlError as error:
        trouble = error
    start, end = node.start_mark.index, node.end_mark.index
    return Rule(source, kind, values[kind].text, values, start, end, tree, trouble, interval)


def _values(source: Source, node: yaml.Node, prefix: str = "") -> Iterator[tuple[str, Value]]:
    if not isinstance(node, yaml.MappingNode):
        return
    merged = [value for key, value in node.value if key.value == "<<"]
    for each in merged:  # said again by the mapping itself, it counts as said there
        for part in _items(each) or [each]:
            yield from _values(source, part, prefix)
    for key, value in node.value:
        if isinstance(value, yaml.ScalarNode):
            yield f"{prefix}{key.value}", value_of(source, value)
        elif isinstance(value, yaml.MappingNode):
            yield from _values(source, value, f"{prefix}{key.value}.")


def value_of(source: Source, node: yaml.ScalarNode) -> Value:
    """YAML folds lines and takes away quotes: each character is looked for behind the one before it."""
    text, start = source.text, node.start_mark.index
    at = start
    if node.style in ("|", ">"):
        at = text.index("\n", at)
    elif node.style in ("'", '"'):
        at += 1
    offsets = []
    for character in node.value:
        if not character.isspace():
            found = text.find(character, at)
            at = found if found >= 0 else at
        offsets.append(min(at, len(text) - 1))
        at += 1
    shown = (offsets[0], offsets[-1] + 1) if offsets else (start, start + 1)
    return Value(source, node.value, *shown, tuple(offsets))


def _get(node: Any, key: str) -> Any:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def _items(node: Any) -> list[yaml.Node]:
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _seconds(text: str) -> float | None:
    try:
        return seconds(text)
    except ValueError:
        return None
