"""The metric table that people read lists exactly what the exporter exports."""

import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from servers.hand_clock import HandClock
from streamwatch_exporters.chat_metrics import ChatMetrics
from streamwatch_exporters.commerce_metrics import CommerceMetrics
from streamwatch_exporters.event_loop import event_loop_lag
from streamwatch_exporters.families import FAMILIES
from streamwatch_exporters.hosts import HostInfo
from streamwatch_exporters.ingest_metrics import IngestMetrics
from streamwatch_exporters.probe import ProbeHealth

HOME = Path(__file__).parents[2]
README = HOME / "exporters" / "README.md"
OF_THE_PROCESS = {"streamwatch_exporter_build_info", "streamwatch_scheduler_tasks"}


def test_the_table_lists_every_metric_and_no_other() -> None:
    """Also with its type."""
    listed = dict(
        re.findall(r"^\| `((?:streamwatch|smokeping|obs)_\w+)` \| (\w+)", README.read_text(), re.MULTILINE)
    )
    registry, clock = CollectorRegistry(), HandClock().clock
    event_loop_lag(registry)
    families = [make(clock) for make in FAMILIES.values()]
    told = (ChatMetrics({}, clock), CommerceMetrics({}, clock))
    for collector in (ProbeHealth(clock.wall), IngestMetrics({}), *families, *told, HostInfo()):
        registry.register(collector)
    exported = {
        family.name + ("_total" if family.type == "counter" else ""): family.type for family in registry.collect()
    }
    assert exported | dict.fromkeys(OF_THE_PROCESS, "gauge") == listed


@pytest.mark.parametrize(
    "word",
    ["bitrate", "码率", "fps", "帧率", "latency", "延迟", "buffering", "卡顿", "black screen", "黑屏", "no sound",
     "静音", "out of sync", "音画不同步", "packet loss", "丢包", "dropped", "丢帧", "viewers", "在线人数", "弹幕",
     "orders", "订单", "成交额", "price", "价格", "库存"],
)  # fmt: skip
def test_metrics_are_found_by_everyday_words(word: str) -> None:
    """Whoever searches for what they call it finds a row of the first table."""
    assert any(word in row for row in everyday_rows())


def test_what_everyday_words_lead_to_is_there() -> None:
    """Each metric is exported, or recorded by a rule."""
    text = README.read_text()
    recorded = "".join(path.read_text() for path in HOME.glob("alert_rules/*/rules.yml"))
    metric = re.compile(r"\b(?:streamwatch_|obs_|smokeping_|stream:)[\w:]+")
    named = {name for row in everyday_rows() for name in metric.findall(row)}
    assert len(named) > 30
    assert {name for name in named if f"| `{name}` |" not in text and f"record: {name}\n" not in recorded} == set()


def everyday_rows() -> list[str]:
    table = README.read_text().partition("### 按常用的说法查找")[2]
    return [row for row in table.partition("###")[0].splitlines() if row.startswith("| ")]
