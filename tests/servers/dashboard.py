"""The Grafana dashboards as Grafana reads them: their panels, and the queries that they send."""

import json
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "grafana" / "dashboards"
WALL = "stream-wall"
BOARDS = sorted(path.stem for path in FOLDER.glob("*.json"))
RATE_INTERVAL = "15s"
RANGE = "30m"


def dashboard(name: str = WALL) -> dict[str, Any]:
    board: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return board


def queries(stream: str, name: str = WALL) -> list[tuple[str, str]]:
    """Title of the panel and PromQL, with Grafana's variables filled in, in the order of the dashboard."""
    values = {
        "$__rate_interval": RATE_INTERVAL,
        "$__range": RANGE,
        "$stream": stream,
        "$host": ".*",
        "$instance": ".*",
    }
    found = []
    for panel in dashboard(name)["panels"]:
        for target in panel["targets"]:
            expr = target["expr"]
            for variable, value in values.items():
                expr = expr.replace(variable, value)
            found.append((panel["title"], expr))
    return found
