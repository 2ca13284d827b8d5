"""Text to a `promql` tree: a tokenizer, and a parser by precedence. Raises `PromqlError` with the place. Pure."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from streamwatch.errors import StreamWatchError
from streamwatch.rules.promql import (
    AGGREGATIONS,
    COMPARISONS,
    Aggregate,
    Binary,
    Call,
    Matcher,
    Matching,
    Node,
    Number,
    Paren,
    Selector,
    String,
    Subquery,
    Unary,
)

PRECEDENCE = {
    **dict.fromkeys(["or"], 1),
    **dict.fromkeys(["and", "unless"], 2),
    **dict.fromkeys(COMPARISONS, 3),
    **dict.fromkeys("+-", 4),
    **dict.fromkeys(["*", "/", "%", "atan2"], 5),
    "^": 6,
}
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
_DURATION = r"(?:\d+(?:ms|[smhdwy]))+"
_TOKEN = re.compile(
    rf"""(?P<blank>\s+|\#[^\n]*)
    |(?P<range>\[\s*(?P<over>{_DURATION})\s*(?P<sub>:\s*(?P<step>{_DURATION})?)?\s*\])
    |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
    |(?P<duration>{_DURATION})(?![\w.])
    |(?P<number>0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<word>[a-zA-Z_:][\w:]*)
    |(?P<mark>=~|!~|!=|==|>=|<=|[-+*/%^<>=(){{}},@])""",
    re.VERBOSE,
)


class PromqlError(StreamWatchError):
    """Not an expression."""

    def __init__(self, text: str, at: int) -> None:
        super().__init__(text)
        self.at = at


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int
    over: float | None = None
    step: float | None = None
    sub: bool = False


def seconds(duration: str) -> float:
    """`1m30s` is 90. Raises ValueError for what is no duration."""
    if not re.fullmatch(_DURATION, duration):
        raise ValueError(duration)
    return sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)(ms|[smhdwy])", duration))


def parse(text: str) -> Node:
    """The tree of an expression."""
    parser = _Parser(list(_tokens(text)), len(text))
    node = parser.expression(0)
    parser.end()
    return node


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise PromqlError(f"'{text[at]}' is not expected here", at)
        kind = str(found.lastgroup)
        kind = "range" if found["range"] else kind
        if kind != "blank":
            over, step = (seconds(found[each]) if found[each] else None for each in ("over", "step"))
            yield _Token(kind, found[0], at, found.end(), over, step, bool(found["sub"]))
        at = found.end()


class _Parser:
    def __init__(self, tokens: list[_Token], length: int) -> None:
        self._tokens = tokens
        self._at = 0
        self._length = length

    def expression(self, weakest: int) -> Node:
        left = self._operand()
        while (token := self._peek()) and PRECEDENCE.get(token.text.lower(), 0) > weakest:
            self._at += 1
            op = token.text.lower()
            yields_bool = self._word("bool")
            matching = self._matching()
            right = self.expression(PRECEDENCE[op] - (op == "^"))
            left = Binary(left.start, right.end, op, left, right, token.start, yields_bool, matching)
        return left

    def end(self) -> None:
        if token := self._peek():
            raise PromqlError(f"'{token.text}' is not expected here", token.start)

    def _peek(self, ahead: int = 0) -> _Token | None:
        return self._tokens[self._at + ahead] if self._at + ahead < len(self._tokens) else None

    def _next(self, wanted: str = "") -> _Token:
        token = self._peek()
        if token is None:
            raise PromqlError("the expression ends too early", max(0, self._length - 1))
        if wanted and wanted not in (token.text, token.kind):
            raise PromqlError(f"'{token.text}' stands where '{wanted}' is expected", token.start)
        self._at += 1
        return token

    def _is(self, text: str) -> bool:
        token = self._peek()
        return token is not None and token.text == text

    def _word(self, *words: str) -> bool:
        token = self._peek()
        found = token is not None and token.kind == "word" and token.text.lower() in words
        self._at += found
        return found

    def _operand(self) -> Node:
        token = self._next()
        if token.text in ("+", "-"):
            expr = self.expression(PRECEDENCE["*"])
            return Unary(token.start, expr.end, token.text, expr)
        return self._behind(self._atom(token))

    def _atom(self, token: _Token) -> Node:
        if token.kind in ("number", "duration"):
            return Number(token.start, token.end, _number(token))
        if token.kind == "string":
            return String(token.start, token.end, token.text[1:-1])
        if token.text == "(":
            expr = self.expression(0)
            return Paren(token.start, self._next(")").end, expr)
        if token.text == "{":
            self._at -= 1
            matchers, end = self._matchers()
            name = next((each.value for each in matchers if each.label == "__name__" and each.op == "="), "")
            return Selector(token.start, end, name, matchers)
        if token.kind == "word":
            return self._named(token)
        raise PromqlError(f"'{token.text}' is not expected here", token.start)

    def _named(self, token: _Token) -> Node:
        word, after = token.text.lower(), self._peek()
        if word in AGGREGATIONS and after and after.text.lower() in ("(", "by", "without"):
            return self._aggregate(token)
        if word in ("inf", "nan"):
            return Number(token.start, token.end, float(word))
        if after and after.text == "(":
            arguments, end = self._arguments()
            return Call(token.start, end, token.text, arguments)
        matchers, end = self._matchers() if self._is("{") else ((), token.end)
        return Selector(token.start, end, token.text, matchers)

    def _aggregate(self, token: _Token) -> Node:
        clause = self._clause()
        arguments, end = self._arguments()
        if clause is None:
            clause = self._clause()
            end = self._tokens[self._at - 1].end if clause else end
        without, labels = clause or (False, ())
        if not arguments:
            raise PromqlError(f"{token.text}() needs what it is of", token.start)
        return Aggregate(token.start, end, token.text.lower(), arguments, labels, without)

    def _clause(self) -> tuple[bool, tuple[str, ...]] | None:
        if self._word("by"):
            return False, self._labels()
        return (True, self._labels()) if self._word("without") else None

    def _arguments(self) -> tuple[tuple[Node, ...], int]:
        self._next("(")
        found: list[Node] = []
        while not self._is(")"):
            found.append(self.expression(0))
            if not self._is(")"):
                self._next(",")
        return tuple(found), self._next(")").end

    def _labels(self) -> tuple[str, ...]:
        self._next("(")
        found: list[str] = []
        while not self._is(")"):
            found.append(self._next("word").text)
            if not self._is(")"):
                self._next(",")
        self._next(")")
        return tuple(found)

    def _matchers(self) -> tuple[tuple[Matcher, ...], int]:
        self._next("{")
        found: list[Matcher] = []
        while not self._is("}"):
            label = self._next()
            if label.kind == "string":  # {"name"}: a metric of any characters
                found.append(Matcher("__name__", "=", label.text[1:-1]))
            else:
                op = self._next("mark").text
                found.append(Matcher(label.text, op, self._next("string").text[1:-1]))
            if not self._is("}"):
                self._next(",")
        return tuple(found), self._next("}").end

    def _behind(self, node: Node) -> Node:
        """A range, a subquery, `offset` and `@` behind what they belong to."""
        while token := self._peek():
            if token.kind == "range" and token.over is not None:
                self._at += 1
                if isinstance(node, Selector) and not token.sub and node.range is None:
                    node = replace(node, range=token.over, end=token.end)
                elif token.sub:
                    node = Subquery(node.start, token.end, node, token.over, token.step)
                else:
                    raise PromqlError("a range stands behind a metric only", token.start)
            elif self._word("offset"):
                self._is("-") and self._next()
                node = replace(node, end=self._next("duration").end)
            elif token.text == "@":
                self._at += 1
                node = replace(node, end=self._instant())
            else:
                break
        return node

    def _instant(self) -> int:
        token = self._next()
        return self._arguments()[1] if token.kind == "word" else token.end

    def _matching(self) -> Matching:
        matching = Matching()
        if self._word("on"):
            matching = Matching(on=self._labels())
        elif self._word("ignoring"):
            matching = Matching(ignoring=self._labels())
        for word in ("left", "right"):
            if self._word(f"group_{word}"):
                include = self._labels() if self._is("(") else ()
                return replace(matching, group=word, include=include)
        return matching


def _number(token: _Token) -> float:
    if token.kind == "duration":
        return seconds(token.text)
    return float(int(token.text, 16)) if token.text[:2].lower() == "0x" else float(token.text)


def is_finite(node: Node) -> bool:
    return isinstance(node, Number) and math.isfinite(node.value)
