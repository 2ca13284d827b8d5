"""YAML as people write it: every value keeps its place, so that a mistake can be pointed at."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from streamwatch.errors import ConfigError, Mistake, Said, both
from streamwatch.language import Text

Loc = tuple[int | str, ...]

# Aliases make a short file endless: one that holds itself, or ten that hold ten of the one before.
MAX_VALUES = 100_000
MAX_DEPTH = 50

FULL_WIDTH = "，：［］｛｝"
NOT_HALF = Text(
    "这里是全角符号“{found}”，请换成半角“{half}”",
    "a full-width character stands here, '{found}'; use a half-width one, '{half}'",
)
LINES_BACK = 2  # YAML loses its way up to so many lines after the character that led it astray

_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|(?:^|\s)#.*")  # what YAML takes as it is, and comments
_WIDE = re.compile(f"[{FULL_WIDTH}]")
_ADDRESS = re.compile(r"(://)[^\s\"']+")  # in an address may stand the token of a robot


class YamlFile:
    """One file: its *data*, and where each value stands. Raises `ConfigError` when it is not YAML."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._places: dict[Loc, tuple[int, int]] = {(): (1, 1)}
        self._plain: dict[Loc, list[yaml.ScalarNode]] = {}  # words without quotation marks, by their place
        try:
            self._text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError([self._at(0, 0, "", _unreadable(error))]) from error
        try:
            node = yaml.compose(self._text, Loader=yaml.SafeLoader)
            self.data: Any = yaml.safe_load(self._text)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            raise ConfigError(
                [self._astray(line) or self._at(line, column, "", _not_yaml(error.problem))]
            ) from None
        except (yaml.YAMLError, ValueError) as error:
            raise ConfigError([self._at(1, 1, "", _not_yaml(type(error).__name__))]) from None
        except RecursionError:
            deep = Text("层次太深", "values are nested too deeply")
            raise ConfigError([self._at(1, 1, "", deep)]) from None
        twice = [] if node is None else list(self._walk(node, ()))
        if twice:
            again = Text("这个键写了两次，只留一个", "this key stands twice; keep one")
            raise ConfigError([self.mistake(loc, again) for loc in twice])

    def mistake(self, loc: Sequence[int | str], said: Said) -> Mistake:
        """A mistake at *loc*, or at the nearest place above it that the file has.

        Where a full-width comma, colon or bracket stands, that is the mistake: YAML took it for a letter.
        """
        known = self._nearest(loc)
        line, column = self._places[known]
        # Behind a full-width colon stands a value, and it may be a secret.
        key, bare = ".".join(_WIDE.split(str(part))[0] for part in loc), loc[:1] == ("channels",)
        wide = self._full_width(known)
        if wide:
            line, column, said = wide
        excerpt = self._mark(line, column) if wide and bare else self._excerpt(line, column, bare=bare)
        zh, en = both(said)
        return Mistake(str(self.path), line, column, key, en + excerpt, zh + excerpt)

    def is_full_width(self, loc: Sequence[int | str]) -> bool:
        """Whether the words at *loc* hold a full-width character that was meant as YAML."""
        return self._full_width(self._nearest(loc)) is not None

    def _full_width(self, loc: Loc) -> tuple[int, int, Text] | None:
        for node in self._plain.get(loc, ()):
            first, last = node.start_mark, node.end_mark
            for number in range(first.line, last.line + 1):
                begin = first.column if number == first.line else 0
                end = last.column if number == last.line else None
                if found := self._wide_in(number + 1, begin, end):
                    return found
        return None

    def _astray(self, line: int) -> Mistake | None:
        """The full-width character because of which YAML gave up at *line*, if there is one."""
        for number in range(line, max(0, line - 1 - LINES_BACK), -1):
            if found := self._wide_in(number):
                at, column, text = found
                zh, en = text
                excerpt = self._mark(at, column)
                return Mistake(str(self.path), at, column, "", en + excerpt, zh + excerpt)
        return None

    def _wide_in(self, line: int, begin: int = 0, end: int | None = None) -> tuple[int, int, Text] | None:
        lines = self._text.splitlines()
        words = (
            _QUOTED.sub(lambda quoted: " " * len(quoted[0]), lines[line - 1])[:end] if line <= len(lines) else ""
        )
        for column, character in enumerate(words[begin:], start=begin + 1):
            if character in FULL_WIDTH:
                return line, column, NOT_HALF.format(found=character, half=chr(ord(character) - 0xFEE0))
        return None

    def _at(self, line: int, column: int, key: str, text: Text) -> Mistake:
        return Mistake(str(self.path), line, column, key, text.en, text.zh)

    def _nearest(self, loc: Sequence[int | str]) -> Loc:
        """Parts that the file does not have are left out: pydantic names the variant of a union as well."""
        found: Loc = ()
        for part in loc:
            if (*found, part) in self._places:
                found = (*found, part)
        return found

    def _excerpt(self, line: int, column: int, *, bare: bool) -> str:
        """The line, and a mark below it. *bare*: of the line only the marked word, for the rest may be a secret."""
        lines = self._text.splitlines()
        if not 0 < line <= len(lines):
            return ""
        word = len(lines[line - 1][column - 1 :].split(":")[0].split(" ")[0]) or 1
        shown = _ADDRESS.sub(r"\1…", lines[line - 1])
        if bare:
            shown = " " * (column - 1) + lines[line - 1][column - 1 : column - 1 + word] + " …"
        return f"\n    {shown}\n    {' ' * (column - 1)}{'^' * word}"

    def _mark(self, line: int, column: int) -> str:
        """One character alone: around it may stand a secret."""
        space = " " * (column - 1)
        return f"\n    {space}{self._text.splitlines()[line - 1][column - 1]} …\n    {space}^"

    def _walk(self, node: yaml.Node, loc: Loc) -> Iterator[Loc]:
        """Note every place; yield the keys that stand twice."""
        if len(self._places) > MAX_VALUES or len(loc) > MAX_DEPTH:
            endless = Text(
                "值太多，或包含自己；不要用别名，逐一写出", "holds too many values, or itself; write aliases out"
            )
            raise ConfigError([self.mistake(loc[:1], endless)])
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, value in node.value:
                here = (*loc, str(key.value))
                if key.value in seen:
                    yield here
                seen.add(key.value)
                self._places[here] = (key.start_mark.line + 1, key.start_mark.column + 1)
                self._plain[here] = [each for each in (key, value) if _is_plain(each)]
                yield from self._walk(value, here)
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self._places[(*loc, index)] = (item.start_mark.line + 1, item.start_mark.column + 1)
                self._plain[(*loc, index)] = [item] if _is_plain(item) else []
                yield from self._walk(item, (*loc, index))


def _is_plain(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.style is None


def _not_yaml(problem: object) -> Text:
    return Text(f"不是 YAML：{problem}", f"not YAML: {problem}")


def _unreadable(error: OSError | UnicodeDecodeError) -> Text:
    if isinstance(error, UnicodeDecodeError):
        return Text("不是 UTF-8，请另存为 UTF-8", "not UTF-8; save it as UTF-8")
    if isinstance(error, FileNotFoundError):
        return Text("没有这个文件，用 --config 指定", "no such file; name another with --config")
    return Text(f"无法读取：{error.strerror}", f"cannot be read: {error.strerror}")
