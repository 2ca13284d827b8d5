"""`make bench`: StreamWatch beside its peers, measured in one run, printed as ratios, kept in bench/results.json.

Figures of one machine on one day mean little; the ratio of two that ran turn about on it means something.
"""

import json
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

import intake
import probing
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent


def main() -> None:
    console = Console()
    results = [*intake.measure(console), *probing.measure(console)]
    table = Table("what", "ours", "peer", "ours ÷ peer", "unit")
    for row in results:
        table.add_row(row["what"], f"{row['ours']:,.4g}", f"{row['peer']:,.4g}", f"{row['ratio']:.2f}", row["unit"])
    console.print(table)
    document = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "results": results,
    }
    (HERE / "results.json").write_text(json.dumps(document, indent=2) + "\n")
    console.print(f"written to {HERE.name}/results.json")


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent / "tests"))
    main()
