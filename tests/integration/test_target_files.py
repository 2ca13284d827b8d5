"""Other exporters that ops name in config/targets/: a real Prometheus finds them, and no others."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from servers.free_port import free_port
from servers.prometheus import Prometheus
from servers.receiver import until

CONFIG = Path(__file__).parents[2] / "config"
JOBS = {"node", "postgres", "mysql", "redis", "nginx", "blackbox"}


@pytest.fixture
def targets(tmp_path: Path) -> Path:
    """A copy of the files as they are shipped."""
    return Path(shutil.copytree(CONFIG / "targets", tmp_path / "targets"))


@pytest.fixture
def prometheus(tmp_path: Path, targets: Path) -> Iterator[Prometheus]:
    config: dict[str, Any] = yaml.safe_load((CONFIG / "prometheus.yml").read_text(encoding="utf-8"))
    jobs = [job for job in config["scrape_configs"] if job["job_name"] in JOBS]
    assert {job["job_name"] for job in jobs} == JOBS
    text = yaml.safe_dump({"global": {"evaluation_interval": "1s"}, "scrape_configs": jobs})
    text = text.replace("targets/", f"{targets}/").replace("10s", "1s").replace("5s", "1s").replace("4s", "1s")
    running = Prometheus(tmp_path / "prometheus", free_port(), text)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def node_exporter() -> Iterator[int]:
    """A real one; its port."""
    port = free_port()
    command = ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    process = subprocess.Popen([*command, "--collector.disable-defaults", "--collector.meminfo"])
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


def active(prometheus: Prometheus) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = prometheus.get("targets")["activeTargets"]
    return found


def test_what_ops_did_not_fill_is_not_scraped(prometheus: Prometheus, targets: Path) -> None:
    """No target, hence no series that a rule could take for one that is down. Every job has its file."""
    assert {path.stem for path in targets.iterdir()} == JOBS
    (targets / "nginx.yml").write_text('- targets: ["127.0.0.1:9"]\n')
    until(lambda: prometheus.value("count(up)") is not None, 15)
    assert [target["labels"]["job"] for target in active(prometheus)] == ["nginx"]
    assert prometheus.value("up") == 0


def test_a_machine_is_scraped_as_soon_as_its_file_names_it(
    prometheus: Prometheus, targets: Path, node_exporter: int
) -> None:
    """Under the host's name; without one, under its address; and no more when it is taken out."""
    address = f"127.0.0.1:{node_exporter}"
    (targets / "node.yml").write_text(f'- targets: ["{address}"]\n  labels: {{host: encoder-1}}\n')
    (targets / "node-more.yml").write_text(f'- targets: ["{address}"]\n')
    until(lambda: prometheus.value('up{job="node", host="encoder-1"}') == 1, 15)
    assert prometheus.value('node_memory_MemTotal_bytes{host="encoder-1"}') > 1e6  # type: ignore[operator]
    until(lambda: prometheus.value('up{job="node", host="127.0.0.1"}') == 1, 15)
    (targets / "node.yml").write_text("[]\n")
    until(lambda: prometheus.value('up{job="node", host="encoder-1"}') is None, 15)


def test_blackbox_is_asked_for_the_address_in_the_file(prometheus: Prometheus, targets: Path) -> None:
    """By its own address; the one in the file is what it looks at, and names the host if nothing else does."""
    (targets / "blackbox.yml").write_text(
        '- targets: ["http://127.0.0.1:9/shop"]\n  labels: {host: shop, __param_module: http_2xx}\n'
        '- targets: ["http://127.0.0.1:9/"]\n'
    )
    until(lambda: len(active(prometheus)) == 2, 15)
    by_host = {target["labels"]["host"]: target for target in active(prometheus)}
    shop = by_host["shop"]["scrapeUrl"]
    assert shop == "http://127.0.0.1:9115/probe?module=http_2xx&target=http%3A%2F%2F127.0.0.1%3A9%2Fshop"
    assert by_host["shop"]["labels"]["instance"] == "http://127.0.0.1:9/shop"
    assert by_host.keys() == {"shop", "127.0.0.1"}
