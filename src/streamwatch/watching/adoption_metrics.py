"""How far each procedure goes, as a metric: what only observes for long is seen on a dashboard too."""

from collections.abc import Callable, Collection, Iterable

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streamwatch.incidents.adoption import Adoption


class AdoptionCollector(Collector):
    """*procedures* are those that have a runbook."""

    def __init__(self, adoption: Callable[[], Adoption], procedures: Callable[[], Collection[str]]) -> None:
        self._adoption, self._procedures = adoption, procedures

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily(
            "streamwatch_adoption_info",
            "1 for the step at which a procedure is: observe, notify or escalate.",
            labels=("procedure", "step"),
        )
        adoption = self._adoption()
        for procedure in sorted({*self._procedures(), *adoption.procedures}):
            family.add_metric((procedure, adoption.of(procedure)), 1.0)
        yield family
