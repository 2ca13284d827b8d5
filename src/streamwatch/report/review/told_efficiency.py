"""The section on what the machinery saves: a column for all, then one for each procedure. Pure."""

from collections.abc import Callable, Iterator

from streamwatch.language import Text
from streamwatch.report.review import words
from streamwatch.report.review.efficiency import TARGET, Effect, Efficiency, Spread
from streamwatch.report.review.reader import Reader
from streamwatch.vocabulary import PROCEDURES, lasting

Cell = Callable[[Effect, Reader], str]


def told_efficiency(found: Efficiency, reader: Reader) -> Iterator[str]:
    named = [words.OF_ALL if each.procedure is None else _name(each.procedure, reader) for each in found.effects]
    rows = ([reader.say(name), *(cell(each, reader) for each in found.effects)] for name, cell in _ROWS)
    yield reader.table([words.FIGURE, *named], rows)
    yield reader.say(words.NIGHTS, quiet=found.quiet, nights=found.nights)
    yield reader.say(words.EFFICIENCY_MEANS)


def _name(procedure: str, reader: Reader) -> Text:
    word = reader.word(PROCEDURES, procedure)
    return Text(word, word)


def _of(part: int, whole: int) -> str:
    return f"{part} / {whole} ({part / whole:.0%})" if whole else "—"


def _spread(found: Spread, reader: Reader) -> str:
    if found.median is None or found.p95 is None:
        return "—"
    return f"{reader.lasting(found.median)} / {reader.lasting(found.p95)}"


_ROWS: tuple[tuple[Text, Cell], ...] = (
    (Text("事件", "Incidents"), lambda each, _: str(each.incidents)),
    (Text("自动找到值班人的呼叫", "Pages routed by the duty list"), lambda each, _: _of(each.routed, each.pages)),
    (Text("有人认领", "Taken by somebody"), lambda each, _: _of(each.taken, each.called)),
    (Text("送达用时 中位 / 95%", "Paged after: median / 95 %"), lambda each, reader: _spread(each.page, reader)),
    (Text("认领用时 中位 / 95%", "Taken after: median / 95 %"), lambda each, reader: _spread(each.ack, reader)),
    (Text("恢复用时 中位 / 95%", "Over after: median / 95 %"), lambda each, reader: _spread(each.over, reader)),
    (
        Text("P0 在 {target}内恢复", "P0 over within {target}").format(target=lasting(TARGET)),
        lambda each, _: _of(each.p0_in_time, each.p0),
    ),
    (Text("误报", "False alarms"), lambda each, _: str(each.false_alarms)),
    (Text("合并的重复告警", "Repeats folded"), lambda each, _: str(each.folded)),
)
