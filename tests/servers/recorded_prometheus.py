"""A real Prometheus that remembers what the test wrote down: samples become blocks, and it starts upon them."""

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import httpx

from servers.free_port import free_port
from servers.receiver import until

Labels = Mapping[str, str]


class Samples:
    """Samples to be, by metric: `add("streamwatch_viewers", {"stream": "demo"}, [(instant, 120), …])`."""

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {}

    def add(self, metric: str, labels: Labels, points: Iterable[tuple[float, float]]) -> None:
        named = ",".join(f'{name}="{value}"' for name, value in labels.items())
        lines = self._lines.setdefault(metric, [])
        lines += [f"{metric}{{{named}}} {value} {instant}" for instant, value in points]

    def open_metrics(self) -> str:
        families = []
        for metric, lines in self._lines.items():
            kind = "counter" if metric.endswith("_total") else "gauge"
            families += [f"# TYPE {metric.removesuffix('_total')} {kind}", *lines]
        return "\n".join([*families, "# EOF", ""])


class RecordedPrometheus:
    """Started by the test, on a port of its own; it scrapes nothing."""

    def __init__(self, folder: Path, samples: Samples) -> None:
        folder.mkdir(parents=True)
        (folder / "samples.txt").write_text(samples.open_metrics())
        (folder / "prometheus.yml").write_text("scrape_configs: []\n")
        data = folder / "data"
        made = ["promtool", "tsdb", "create-blocks-from", "openmetrics", folder / "samples.txt", data]
        subprocess.run(made, check=True, capture_output=True)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "prometheus.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={data}",
                    "--storage.tsdb.retention.time=100y",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                stdout=log,
                stderr=log,
            )
        until(self._ready, 30)

    def _ready(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()[-3000:]
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)
