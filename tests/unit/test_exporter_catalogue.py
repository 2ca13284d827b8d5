"""The metric table that people read lists exactly what the exporter exports."""

import re
from pathlib import Path

from prometheus_client import CollectorRegistry

from servers.hand_clock import HandClock
from streamwatch_exporters.chat_metrics import ChatMetrics
from streamwatch_exporters.event_loop import event_loop_lag
from streamwatch_exporters.families import FAMILIES
from streamwatch_exporters.hosts import HostInfo
from streamwatch_exporters.ingest_metrics import IngestMetrics
from streamwatch_exporters.probe import ProbeHealth

README = Path(__file__).parents[2] / "exporters" / "README.md"
OF_THE_PROCESS = {"streamwatch_exporter_build_info", "streamwatch_scheduler_tasks"}


def test_the_table_lists_every_metric_and_no_other() -> None:
    """Also with its type."""
    listed = dict(
        re.findall(r"^\| `((?:streamwatch|smokeping|obs)_\w+)` \| (\w+)", README.read_text(), re.MULTILINE)
    )
    registry, clock = CollectorRegistry(), HandClock().clock
    event_loop_lag(registry)
    families = [make(clock) for make in FAMILIES.values()]
    for collector in (ProbeHealth(clock.wall), IngestMetrics({}), *families, ChatMetrics({}, clock), HostInfo()):
        registry.register(collector)
    exported = {
        family.name + ("_total" if family.type == "counter" else ""): family.type for family in registry.collect()
    }
    assert exported | dict.fromkeys(OF_THE_PROCESS, "gauge") == listed
