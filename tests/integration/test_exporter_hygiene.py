"""With every probe at work: nothing secret comes out, nothing is left behind, and Prometheus likes the page."""

import asyncio
import logging
import re
import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from servers.every_probe import HOSTS, KEY, MARK, PROBES, SERVERS, STREAMS, TWIN, EveryPeer, every_peer
from servers.exporter import CHAT_TOKEN, Page, RunningExporter, running_exporter, write_config
from servers.ingest_apis import USERNAME
from servers.nvml import Replayed, two_cards
from servers.snmpd import COMMUNITY
from streamwatch_exporters import gpu
from streamwatch_exporters.families import FAMILIES
from streamwatch_exporters.ingest_kinds import KINDS

UP, PUBLISHING = "streamwatch_probe_up", "streamwatch_ingest_publishing"
SECRETS = (MARK, CHAT_TOKEN, COMMUNITY, USERNAME, KEY, "127.0.0.1:", "secret-token", "secret-name")
README = Path(__file__).parents[2] / "exporters" / "README.md"


@pytest_asyncio.fixture
async def peers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[EveryPeer]:
    monkeypatch.setattr(gpu, "load_nvml", lambda: Replayed(two_cards()))
    async with every_peer(tmp_path) as all_of_them:
        yield all_of_them


def all_well(page: Page) -> bool:
    """Every probe succeeded, and had the time to say all that it can say."""
    return (
        {probe for probe in PROBES if 1 in page.values(UP, probe=probe)} == set(PROBES)
        and len(page.values(PUBLISHING)) == len(SERVERS)
        and page.values("streamwatch_hls_download_ratio", stream="hls") != []
        and page.value("streamwatch_drm_key_fetch_seconds_count") == 1
        and page.value("streamwatch_hls_cdn_lag_segments", cdn="copy") is not None
        and len(page.values("streamwatch_dash_download_ratio")) == 2
        and page.value("streamwatch_recording_growth_bytes_per_second") is not None
        and page.value("streamwatch_video_black") is not None
        and page.value("streamwatch_media_frame_rate", media="video") is not None
        and page.value("streamwatch_media_av_offset_seconds") is not None
        and page.value("streamwatch_ping_jitter_seconds", host="ping") is not None
        and page.value("obs_program_difference_ratio") is not None
        and len(page.values("streamwatch_probe_lag_seconds")) == len(STREAMS) - 1 + len(HOSTS) + len(TWIN)
    )


def all_failed(page: Page) -> bool:
    """Except for those that stay: a port, an echo, a handshake, this machine, two servers."""
    return {probe for probe in PROBES if 0 in page.values(UP, probe=probe)} >= set(PROBES) - {
        "tcp", "ping", "srt", "rtmp", "mediamtx", "zlmediakit", "disk", "gpu",
    }  # fmt: skip


async def everything_shown(exporter: RunningExporter, page: Page) -> str:
    """What anybody can read without a token, and a test of the line, which takes one."""
    shown = page.text + (await exporter.get("/"))[1]
    targets = {*SERVERS, *STREAMS, *HOSTS}
    for module in PROBES:
        for query in (
            f"module={module}&target={target}{more}" for target in targets for more in ("", "&debug=true")
        ):
            shown += (await exporter.get("/probe?" + query))[1]
    for query in ("module=throughput&target=http&debug=true", "module=x&target=y"):
        shown += (await exporter.get("/probe?" + query))[1]
        shown += (await exporter.post_text("/probe?" + query))[1]
    return shown


def test_every_probe_is_looked_at() -> None:
    """Whoever adds a probe adds it to `servers.every_probe` as well."""
    assert set(PROBES) == {*FAMILIES, *KINDS}


async def test_no_secret_comes_out_of_any_probe(
    tmp_path: Path, peers: EveryPeer, caplog: pytest.LogCaptureFixture
) -> None:
    """In good times and bad: on no page, in no answer, in no line of the log; not the name of a file either."""
    caplog.set_level(logging.DEBUG)
    async with running_exporter(tmp_path, peers.config) as exporter:
        shown = await everything_shown(exporter, await exporter.until(all_well, within=30))
        await peers.spoil()
        shown += await everything_shown(exporter, await exporter.until(all_failed, within=30))
        shown += str(await exporter.post("/-/reload")) + str(await exporter.post("/-/reload", token="hidden40"))
        shown += str(await exporter.post("/api/v1/chat/hls", b'{"user": "hidden41", "text": "hidden42"}'))
        shown += str(await exporter.post("/api/v1/commerce/hls", b'{"order": "hidden60", "amount": "hidden61"}'))
        shown += str(await exporter.post("/api/v1/commerce/hls", b'{"order": "hidden62", "amount": "5"}'))
        shown += (await exporter.page()).text
    for place, text in (("shown", shown), ("logged", caplog.text)):
        for secret in (
            MARK,
            CHAT_TOKEN,
            USERNAME,
            "key-7f3a",
            "127.0.0.1:",
            "secret-token",
            "secret-name",
            "hidden",
        ):
            at = text.find(secret)
            assert at < 0, f"{place}: {text[max(0, at - 300) : at + 60]}"
    assert shown.count("cannot tell") > 10
    assert "streamwatch_throughput_bytes_per_second" in shown
    assert "cannot tell" in caplog.text


SOLD = tuple(f"streamwatch_{each}" for each in ("order", "item_", "commerce_", "payments_", "refund"))
OF_OTHERS = ("obs_output_", "obs_global_", "streamwatch_ingest_", "process_", "python_")
"""Their counters: they begin again when the other program does, and nobody knows them while it is away."""


def our_counters(page: Page) -> dict[tuple[str, str], float]:
    families = text_string_to_metric_families(page.text)
    samples = [each for family in families if family.type == "counter" for each in family.samples]
    ours = (each for each in samples if not each.name.startswith(OF_OTHERS))
    return {(each.name, str(sorted(each.labels.items()))): each.value for each in ours}


def documented_labels() -> set[str]:
    """Those of the table, those that every row has, and those that Python has for itself."""
    columns = re.findall(r"^\| `[a-z]+_\w+` \| \w+(?: 1)? \| (.*?) \|", README.read_text(), re.MULTILINE)
    labels = {name for column in columns for name in re.findall(r"`(\w+)", re.sub(r"\(.*?\)", "", column))}
    return labels | {"stream", "host", "le", "generation", "implementation", "major", "minor", "patchlevel"}


async def test_counters_neither_vanish_nor_fall_when_all_goes_wrong(tmp_path: Path, peers: EveryPeer) -> None:
    """And no label stands there that is not in the table: each of its values would be a series of its own."""
    async with running_exporter(tmp_path, peers.config) as exporter:
        good = await exporter.until(all_well, within=30)
        await peers.spoil()
        bad = await exporter.until(all_failed, within=30)
    before, after = our_counters(good), our_counters(bad)
    assert {name for name, value in before.items() if after.get(name, -1) < value} == set()
    names = {
        label for page in (good, bad) for each in text_string_to_metric_families(page.text)
        for sample in each.samples for label in sample.labels
    }  # fmt: skip
    assert names <= documented_labels()


async def test_the_page_of_every_probe_passes_promtool(tmp_path: Path, peers: EveryPeer) -> None:
    """Names, units, types and help texts, on a page where everything has a value; nothing stands there twice."""
    async with running_exporter(tmp_path, peers.config) as exporter:
        await exporter.post("/api/v1/chat/hls", '[{"user":"a","text":"卡"},{"viewers":3}]'.encode())
        sold = b'[{"order":"1","amount":"5","refund":true},{"item":"3","price":"5","stock":1,"listed":true}]'
        await exporter.post("/api/v1/commerce/hls", sold)
        page = await exporter.until(all_well, within=30)
    checked = await asyncio.create_subprocess_exec(
        "promtool", "check", "metrics", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    complaints, _ = await checked.communicate(page.text.encode())
    ours = [line for line in complaints.decode().splitlines() if not line.startswith(("obs_", "smokeping_"))]
    assert ours == []
    for twice in (r"^# TYPE (\S+)", r"^([^#].*) \S+$"):  # a name, and the labels of a series
        counted = Counter(re.findall(twice, page.text, re.MULTILINE))
        assert [each for each, count in counted.items() if count > 1] == []


async def test_a_stream_that_is_removed_leaves_nothing(tmp_path: Path, peers: EveryPeer) -> None:
    """No series, no task, no connection, no line on the page of recent probes, and no answer to a probe."""
    before = asyncio.all_tasks()
    async with running_exporter(tmp_path, peers.config) as exporter:
        await exporter.until(all_well, within=30)
        write_config(tmp_path, "streams: [{id: other, chat: {}}]")
        assert (await exporter.post("/-/reload"))[0] == 200
        page = await exporter.page()
        assert page.label_values("stream") <= {"", "other"}
        assert page.label_values("host") == page.label_values("server") == set()
        assert page.value("streamwatch_scheduler_tasks") == 0
        recent = (await exporter.get("/"))[1].partition("Changes</h2>")[0]
        assert [probe for probe in PROBES if f"target={probe}&" in recent] == []
        for module in PROBES:
            assert (await exporter.get(f"/probe?module={module}&target={module}"))[0] == 400
        await asyncio.wait_for(peers.flv.nobody.wait(), 5)
        assert peers.obs.listeners == set()
    left = {task for task in asyncio.all_tasks() - before if "streamwatch_exporters" in repr(task)}
    assert left == set()


async def test_the_number_of_series_is_what_is_documented(tmp_path: Path, peers: EveryPeer) -> None:
    """Who plans a Prometheus multiplies by these numbers: of each target, and of each variant or stream of it."""
    async with running_exporter(tmp_path, peers.config) as exporter:
        page = await exporter.until(all_well, within=30)
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) \|", README.read_text(), re.MULTILINE)
    counted = series_by_owner(page)
    assert {probe: counted[probe] for probe in PROBES} == {
        probe: (int(target), int(part)) for probe, target, part in rows
    }


def series_by_owner(page: Page) -> dict[str, tuple[int, int]]:
    """Of each target: its own series, and those of its largest part."""
    owned = Counter[tuple[str, str]]()
    for family in text_string_to_metric_families(page.text):
        owned.update(owner(sample) for sample in family.samples)
    parts: dict[str, int] = {}
    for (target, part), count in owned.items():
        if part:
            parts[target] = max(count, parts.get(target, 0))
    return {target: (owned[target, ""], parts.get(target, 0)) for target, _ in owned}


def owner(sample: Sample) -> tuple[str, str]:
    """Whose series it is: a target, and the part of it (a variant of a stream, a stream of a server, a card)."""
    labels = sample.labels
    if host := labels.get("host"):
        return host, labels.get("gpu", "")
    if server := labels.get("server"):
        return server, labels.get("stream", "")
    if sample.name.startswith(("streamwatch_chat_", "streamwatch_viewers")):
        return "chat", ""
    if sample.name.startswith(SOLD):
        return "commerce", ""
    return labels.get("stream", ""), labels.get("variant") or labels.get("representation", "")
