"""What is wrong with a rule, where, and the cure, in two languages. Pure."""

from dataclasses import dataclass
from typing import Literal

from streamwatch.language import Text

Level = Literal["bad", "warning"]
LEVELS = {"bad": Text("错误", "bad"), "warning": Text("注意", "warning")}


@dataclass(frozen=True)
class Place:
    """*line* and *column* count from 1; 0 when the whole file is meant. *shown* is the line as it stands there."""

    file: str
    line: int = 0
    column: int = 0
    shown: str = ""
    width: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def excerpt(self) -> str:
        """The line, and a mark under the words that are meant. A wide character takes two columns of a terminal."""
        if not self.line:
            return ""
        before, marked = self.shown[: self.column - 1], self.shown[self.column - 1 :][: self.width]
        return f"\n    {self.shown}\n    {' ' * _columns(before)}{'^' * max(1, _columns(marked))}"


@dataclass(frozen=True)
class Finding:
    """One thing wrong. *check* is its name, by which a comment allows it: `# allow CHECK: reason`."""

    check: str
    place: Place
    what: Text
    cure: Text
    level: Level = "bad"
    rule: str = ""

    @property
    def words(self) -> Text:
        """`file:line:column: check (level): rule: what; cure`, the line and a mark."""
        level, rule = LEVELS[self.level], f"{self.rule}: " if self.rule else ""
        head, tail = f"{self.place}: {self.check}", self.place.excerpt()
        return Text(
            f"{head}（{level.zh}）：{rule}{self.what.zh}；{self.cure.zh}{tail}",
            f"{head} ({level.en}): {rule}{self.what.en}; {self.cure.en}{tail}",
        )

    def as_json(self) -> dict[str, object]:
        place = self.place
        return {
            "check": self.check, "level": self.level, "rule": self.rule,
            "file": place.file, "line": place.line, "column": place.column,
            "what": self.what.en, "what_zh": self.what.zh,
            "cure": self.cure.en, "cure_zh": self.cure.zh,
        }  # fmt: skip


def _columns(text: str) -> int:
    """As terminals count; rich is not loaded for it."""
    return sum(2 if "\u1100" <= each <= "\uffef" and not "\u2000" <= each <= "\u2fff" else 1 for each in text)
