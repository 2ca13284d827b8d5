"""`make bench`: StreamWatch beside its peers, measured in one run, printed as ratios, kept in bench/results.json.

Figures of one machine on one day mean little; the ratio of two that ran turn about on it means something.
`python bench/run.py intake` measures that part alone and leaves what the others found.
"""

import json
import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import chat
import intake
import probing
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
Row = dict[str, Any]
PARTS: dict[str, Callable[[Console], list[Row]]] = {
    "intake": intake.measure,
    "intake-postgresql": intake.measure_on_postgresql,
    **probing.PARTS,
    "chat": chat.measure,
}


def main(names: list[str]) -> None:
    if unknown := set(names) - set(PARTS):
        sys.exit(f"no part {', '.join(sorted(unknown))}; parts are: {' '.join(PARTS)}")
    console = Console()
    kept: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in names or PARTS:
        load = os.getloadavg()
        kept[name] = _machine(load) | {"results": PARTS[name](console)}
        kept[name]["load_average_after"] = round(os.getloadavg()[0], 2)
        console.print(_table(name, kept[name]["results"]))
        RESULTS.write_text(json.dumps({each: kept[each] for each in PARTS if each in kept}, indent=2) + "\n")
        console.print(f"written to {HERE.name}/{RESULTS.name}")


def _machine(load: tuple[float, float, float]) -> dict[str, Any]:
    """When and where it was measured: what else the machine has to do makes figures worse, not better."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load_average_before": round(load[0], 2),
        # On a machine with other work: `chrt -r 1 python bench/run.py hls` is served before it, peers likewise.
        "served_first": os.sched_getscheduler(0) in (os.SCHED_RR, os.SCHED_FIFO),
        "nice": os.nice(0),
    }


def _table(name: str, results: list[Row]) -> Table:
    table = Table("what", "ours", "peer", "ours ÷ peer", "unit", title=name)
    for row in results:
        table.add_row(row["what"], f"{row['ours']:,.4g}", f"{row['peer']:,.4g}", f"{row['ratio']:.2f}", row["unit"])
    return table


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent / "tests"))
    main(sys.argv[1:])
