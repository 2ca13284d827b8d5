"""Why an alert fires or does not: the parts of its expression, and when it would have fired. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streamwatch.rules.promql import Aggregate, Binary, Call, Node, Number, Paren, String, Subquery, walk

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Part:
    """A piece of an expression that can be asked by itself; *depth* 0 is the whole."""

    depth: int
    promql: str


def parts(tree: Node, text: str) -> list[Part]:
    """The whole, then what it is made of, down to single metrics with what is done to them."""
    found = [Part(0, _one_line(text[tree.start : tree.end]))]
    for depth, node in _below(tree, 0):
        part = Part(depth, _one_line(text[node.start : node.end]))
        if part.promql not in {each.promql for each in found}:
            found.append(part)
    return found


def _below(node: Node, depth: int) -> Iterator[tuple[int, Node]]:
    match node:
        case Paren():
            yield from _below(node.expr, depth)
        case Binary():
            for side in (node.left, node.right):
                inner = _opened(side)
                if not isinstance(inner, Number | String):
                    yield depth + 1, inner
                    yield from _below(inner, depth + 1)
        case Aggregate() | Call() | Subquery() if _is_joined(node):
            for child in node.children():
                yield from _below(child, depth) if isinstance(_opened(child), Binary) else ()
    return


def _opened(node: Node) -> Node:
    while isinstance(node, Paren):
        node = node.expr
    return node


def _is_joined(node: Node) -> bool:
    return any(isinstance(each, Binary) for each, _ in walk(node))


def _one_line(text: str) -> str:
    return " ".join(text.split())


@dataclass(frozen=True)
class Firing:
    """Unix times in seconds; *end* is None when it went on at the end of what was looked at."""

    start: float
    end: float | None


def firings(seen: Sequence[float], until: float, step: float, hold: float, keep: float) -> list[Firing]:
    """When an alert would have fired whose expression had a value at the instants *seen*, *step* seconds apart.

    As Prometheus does it: *hold* (`for`) is waited out without a gap; *keep* (`keep_firing_for`) goes on without a
    value. The instants are in order.
    """
    found: list[Firing] = []
    begun = fired = last = None
    for at in [*seen, None]:
        if last is not None and (at is None or at - last > step * 1.5):
            if fired is not None and (at is None or at - last - step >= keep):
                end = last + step + keep
                found.append(Firing(fired, end if end <= until else None))
                begun = fired = None
            elif fired is None:
                begun = None
        if at is None:
            break
        begun = at if begun is None else begun
        if fired is None and at - begun >= hold:
            fired = at
        last = at
    return found
