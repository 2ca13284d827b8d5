"""Devices, disks and cards in good times and bad: nothing secret comes out, and Prometheus likes their page."""

import asyncio
import logging
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers import snmpd as agents
from servers.exporter import Page, RunningExporter, running_exporter
from servers.nvml import Replayed, two_cards
from servers.snmpd import Snmpd, snmpd
from streamwatch_exporters import gpu

UP = "streamwatch_probe_up"
CONFIG = """hosts:
  - {{id: ups, snmp: {{address: "{address}", community_file: hidden-file, kind: ups, interval: 0.2, timeout: 2}}}}
  - id: switch
    snmp:
      address: "{address}"
      v3: {{user: hidden-user, auth: sha256, auth_file: hidden-auth, priv: aes, priv_file: hidden-priv}}
      kind: switch
      interfaces: [uplink]
      metrics:
        - {{oid: "1.3.6.1.4.1.99999.1.0", name: fans}}
        - {{oid: "1.3.6.1.4.1.99999.2.0", name: calls, type: counter}}
        - {{oid: "1.3.6.1.4.1.99999.3.0", name: note}}
      interval: 0.2
      timeout: 2
  - {{id: pc, disk: {{path: hidden-folder, recording_glob: "hidden-*.mkv", interval: 0.2}}, gpu: {{interval: 0.2}}}}
"""


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Snmpd]:
    for name in ("COMMUNITY", "USER", "PASSWORD", "PRIVATE"):
        word = {"USER": "user", "PASSWORD": "password"}.get(name, name.lower())
        monkeypatch.setattr(agents, name, f"hidden-{word}")
    monkeypatch.setattr(gpu, "load_nvml", lambda: Replayed(two_cards()))
    for file, secret in (("file", "community"), ("auth", "password"), ("priv", "private")):
        (tmp_path / f"hidden-{file}").write_text(f"hidden-{secret}\n")
    (tmp_path / "hidden-folder").mkdir()
    (tmp_path / "hidden-folder" / "hidden-1.mkv").write_bytes(bytes(100))
    with snmpd(tmp_path / "agent") as server:
        server.serve(
            "names", {"1.7": ("string", "uplink"), "1.8": ("string", "hidden-port"), "15.7": ("gauge", 1000)}
        )
        numbers = {f"{column}.7": ("counter", 1) for column in (13, 14, 19, 20)}
        server.serve("interfaces", {"8.7": ("integer", 1), **numbers})
        server.serve("device", {"1.0": ("integer", 4), "2.0": ("counter", 9), "3.0": ("string", "hidden-text")})
        server.serve("ups", {"1.1.0": ("string", "hidden-maker"), "2.1.0": ("integer", 2), "4.1.0": ("integer", 3)})
        yield server


def ups(page: Page) -> list[float]:
    return [value for probe in ("snmp", "disk", "gpu") for value in page.values(UP, probe=probe)]


async def everything_shown(exporter: RunningExporter, page: Page) -> str:
    shown = page.text + (await exporter.get("/"))[1]
    for module, target in (("snmp", "ups"), ("snmp", "switch"), ("disk", "pc"), ("gpu", "pc")):
        shown += (await exporter.get(f"/probe?module={module}&target={target}"))[1]
    return shown


async def test_no_secret_comes_out(tmp_path: Path, agent: Snmpd, caplog: pytest.LogCaptureFixture) -> None:
    """On the page, in answers to a probe, in the log at its most talkative: no name of a file, user or folder."""
    caplog.set_level(logging.DEBUG)
    async with running_exporter(tmp_path, CONFIG.format(address=agent.address)) as exporter:
        shown = await everything_shown(exporter, await exporter.until(lambda page: ups(page) == [1, 1, 1, 1]))
        agent.stop(hard=True)
        (tmp_path / "hidden-folder").rename(tmp_path / "gone")
        shown += await everything_shown(exporter, await exporter.until(lambda page: ups(page) == [0, 0, 0, 1]))
    assert "cannot tell" in shown
    for place, text in (("shown", shown), ("logged", caplog.text)):
        for secret in ("hidden", agent.address):
            at = text.find(secret)
            assert at < 0, f"{place}: {text[max(0, at - 200) : at + 60]}"


async def test_the_page_passes_promtool(tmp_path: Path, agent: Snmpd) -> None:
    """Names, units, types and help texts."""
    async with running_exporter(tmp_path, CONFIG.format(address=agent.address)) as exporter:
        page = await exporter.until(lambda page: ups(page) == [1, 1, 1, 1])
    checked = await asyncio.create_subprocess_exec(
        "promtool", "check", "metrics", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    complaints, _ = await checked.communicate(page.text.encode())
    assert complaints.decode() == ""
