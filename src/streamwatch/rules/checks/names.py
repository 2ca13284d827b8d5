"""Names: one alert, one name; and each file is one that Prometheus reads."""

from collections.abc import Iterator

from streamwatch.language import Text
from streamwatch.rules.everything import Everything
from streamwatch.rules.finding import Finding, Place


def twice(everything: Everything) -> Iterator[Finding]:
    """name/twice: two alerts of one name inhibit and hold on to each other."""
    first: dict[str, Place] = {}
    for _, rule in everything.alerts():
        place = rule.at("alert")
        if rule.name in first:
            what = Text(
                f"告警名 {rule.name} 已用于 {first[rule.name]}",
                f"{rule.name} is the name of {first[rule.name]} too",
            )
            cure = Text("换一个名字", "give it another name")
            yield Finding("name/twice", place, what, cure, rule=rule.name)
        first.setdefault(rule.name, place)


def loaded(everything: Everything) -> Iterator[Finding]:
    """name/loaded: a file that prometheus.yml leaves out judges nothing."""
    for procedure in everything.procedures:
        for source in procedure.unloaded:
            what = Text("config/prometheus.yml 没有写这个文件", "config/prometheus.yml does not name this file")
            entry = "/".join(source.file.split("/")[-3:])
            cure = Text(f"在 rule_files 里加上 - ../{entry}", f"add - ../{entry} to its rule_files")
            yield Finding("name/loaded", Place(source.file), what, cure)


def readable(everything: Everything) -> Iterator[Finding]:
    """promql/syntax: what cannot be taken apart cannot be checked."""
    for rule in everything.rules():
        if rule.trouble:
            at = min(rule.trouble.at, max(0, len(rule.expr.text) - 1))
            place = rule.expr.part(at, at + 1) if rule.expr.text else rule.at("expr")
            what = Text(f"表达式读不懂：{rule.trouble}", f"the expression cannot be read: {rule.trouble}")
            cure = Text("改正表达式，可先在 Prometheus 网页上试", "mend it; try it on the page of Prometheus first")
            yield Finding("promql/syntax", place, what, cure, rule=rule.name)
