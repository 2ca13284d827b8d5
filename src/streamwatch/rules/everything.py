"""What the checks look at: all rules with their tests, runbooks, metrics, and the Prometheus they run in. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from streamwatch.language import Language
from streamwatch.rules.catalogue import Catalogue
from streamwatch.rules.finding import Place
from streamwatch.rules.promql import Node, Selector, selectors
from streamwatch.rules.written import Rule, Source, Value
from streamwatch.runbook import Runbook


@dataclass(frozen=True)
class Shown:
    """One expectation of a test: an alert by its name, and whether it fires."""

    alert: Value
    fires: bool


@dataclass(frozen=True)
class Procedure:
    """One folder. *loaded* is whether prometheus.yml names each of its files."""

    name: str
    sources: tuple[Source, ...]
    rules: tuple[Rule, ...]
    shown: tuple[Shown, ...] = ()
    runbooks: Mapping[Language, Runbook] = field(default_factory=dict)
    unloaded: tuple[Source, ...] = ()
    books: Mapping[Language, Source] = field(default_factory=dict)
    tests: tuple[str, ...] = ()  # names of its test files
    unread: bool = False  # a file of it is no YAML, so that not all of its rules are known

    def alerts(self) -> Iterator[Rule]:
        yield from (rule for rule in self.rules if rule.kind == "alert")

    def section(self, language: Language, anchor: str) -> Place:
        """Where a section of the runbook begins."""
        source = self.books[language]
        at = source.text.find(f"{{#{anchor}}}")
        return source.place(at, at + len(anchor) + 3) if at >= 0 else Place(source.file)


@dataclass(frozen=True)
class Everything:
    """Intervals in seconds; *jobs* has those that scrape at another pace."""

    procedures: tuple[Procedure, ...]
    catalogue: Catalogue
    scrape_interval: float = 1.0
    evaluation_interval: float = 1.0
    jobs: Mapping[str, float] = field(default_factory=dict)

    def rules(self) -> Iterator[Rule]:
        for procedure in self.procedures:
            yield from procedure.rules

    def alerts(self) -> Iterator[tuple[Procedure, Rule]]:
        for procedure in self.procedures:
            yield from ((procedure, rule) for rule in procedure.alerts())

    def pace(self, each: Selector) -> float:
        """Seconds from one sample of a metric to the next."""
        if self.recorded(each.name) or each.name.startswith("ALERTS"):
            return self.evaluation_interval
        metric = self.catalogue.find(each.name)
        job = each.equal("job") or (metric.job if metric else "")
        return self.jobs.get(job, self.scrape_interval)

    def recorded(self, name: str) -> list[Rule]:
        return [rule for rule in self.rules() if rule.kind == "record" and rule.name == name]

    def read_by(self, node: Node, seen: frozenset[str] = frozenset()) -> Iterator[Selector]:
        """Every metric the expression stands on, also by way of recorded ones."""
        for each in selectors(node):
            yield each
            if each.name in seen:
                continue
            for rule in self.recorded(each.name):
                if rule.tree:
                    yield from self.read_by(rule.tree, seen | {each.name})
