"""Time: one scrape that is late or lost must neither call anybody nor hide anything."""

from collections.abc import Iterator

from streamwatch.language import Text
from streamwatch.rules.everything import Everything
from streamwatch.rules.finding import Finding
from streamwatch.rules.promql import Selector, walk
from streamwatch.rules.written import Rule

SCRAPES_WAITED = 2
OF_RULES = {"ALERTS", "ALERTS_FOR_STATE"}
SCRAPES_IN_RANGE, SCRAPES_ADVISED = 2, 4


def waits(everything: Everything) -> Iterator[Finding]:
    """timing/for: an alert that does not wait is told for one sample that was late."""
    for _, rule in everything.alerts():
        held, least = rule.duration("for"), SCRAPES_WAITED * _pace(everything, rule)
        if "for" not in rule.values or not held:
            what = Text("没有 for：一次抖动就会呼叫人", "no 'for': one odd sample calls somebody")
            yield Finding("timing/for", rule.at("for"), what, _longer(least), rule=rule.name)
        elif held < least:
            what = Text(
                f"for 短于 {SCRAPES_WAITED} 次采集（{least:g}s）",
                f"'for' is under {SCRAPES_WAITED} scrapes ({least:g}s)",
            )
            yield Finding("timing/for", rule.at("for"), what, _longer(least), "warning", rule.name)


def _pace(everything: Everything, rule: Rule) -> float:
    """Seconds between two samples of what it judges, which stands first; what excuses it may be slower."""
    read = everything.read_by(rule.tree) if rule.tree else ()
    measured = (each for each in read if each.name not in OF_RULES and not everything.recorded(each.name))
    first = next(measured, None)
    return everything.pace(first) if first else everything.scrape_interval


def _longer(least: float) -> Text:
    return Text(
        f"写 for: {3 * least:g}s 这样的值，至少 {least:g}s", f"write for: {3 * least:g}s or so, at least {least:g}s"
    )


def ranges(everything: Everything) -> Iterator[Finding]:
    """timing/range: rate() needs two samples in its range; with less there is no value, and no alert."""
    for rule in everything.rules():
        for node, over in _ranges(rule):
            step = everything.pace(node)
            if over >= SCRAPES_ADVISED * step:
                continue
            bad = over < SCRAPES_IN_RANGE * step
            what = Text(
                f"{over:g}s 里只有 {over / step:g} 次采集（每 {step:g}s 一次）",
                f"in {over:g}s there are {over / step:g} scrapes, one each {step:g}s",
            )
            cure = Text(
                f"写 [{SCRAPES_ADVISED * step:g}s] 或更长", f"write [{SCRAPES_ADVISED * step:g}s] or longer"
            )
            yield Finding("timing/range", rule.part(node), what, cure, "bad" if bad else "warning", rule.name)


def _ranges(rule: Rule) -> Iterator[tuple[Selector, float]]:
    for node, _ in walk(rule.tree) if rule.tree else ():
        if isinstance(node, Selector) and node.range is not None:
            yield node, node.range
