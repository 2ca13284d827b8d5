"""The Grafana dashboard as Grafana reads it: its panels, and the queries that they send."""

import json
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
DASHBOARD = REPOSITORY / "grafana" / "dashboards" / "stream-wall.json"
RATE_INTERVAL = "15s"
RANGE = "30m"


def dashboard() -> dict[str, Any]:
    board: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return board


def queries(stream: str) -> list[tuple[str, str]]:
    """Title of the panel and PromQL, with Grafana's variables filled in, in the order of the dashboard."""
    values = {"$__rate_interval": RATE_INTERVAL, "$__range": RANGE, "$stream": stream}
    found = []
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            expr = target["expr"]
            for name, value in values.items():
                expr = expr.replace(name, value)
            found.append((panel["title"], expr))
    return found
