"""What other monitors of streams were seen to get wrong, where no test of a single probe stands for it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from servers.exporter import Page, running_exporter
from servers.hls_origin import LivePlaylist, hls_origin
from servers.ingest_apis import PASSWORD, USERNAME, ingest_apis
from servers.peers import peer, says_nothing
from streamwatch_exporters import playlist_loading

UP, FAILURES = "streamwatch_probe_up", "streamwatch_probe_failures_total"
RECEIVED = "streamwatch_ingest_received_bytes_total"
LARGE = 5 * 2**30 + 1  # bytes: more than 32 bits hold


async def test_bytes_beyond_four_gigabytes_are_counted(tmp_path: Path) -> None:
    """An exporter of SRS reads them as 32 bits, and fails for every stream of some hours."""
    async with ingest_apis() as apis:
        apis.srs["streams"][0]["recv_bytes"] = LARGE
        text = (
            f"servers: [{{id: one, srs: {{url: '{apis.address}', username: {USERNAME}, password: {PASSWORD}}}}}]\n"
            "streams: [{id: a, ingest: {server: one, app: live, name: key-7f3a}}]\n"
        )
        async with running_exporter(tmp_path, text) as exporter:
            assert (await exporter.page()).value(RECEIVED) == LARGE


def series(page: Page, name: str) -> set[str]:
    return {line.rpartition(" ")[0] for line in page.text.splitlines() if line.startswith(name)}


async def test_another_network_that_delivers_makes_no_new_series(tmp_path: Path) -> None:
    """Where a redirect leads changes from hour to hour; with the address as a label, rates begin anew each time."""
    async with hls_origin() as first, hls_origin() as second:
        live = LivePlaylist(duration=1.0, target=1)
        for origin in (first, second):
            origin.put("/edge/a.m3u8", live.text())
        first.redirect("/a.m3u8", first.url("/edge/a.m3u8"))
        text = f'streams: [{{id: a, hls: {{url: "{first.url("/a.m3u8")}", segments: false}}}}]'
        async with running_exporter(tmp_path, text) as exporter:
            page = await exporter.until(lambda page: page.value("streamwatch_hls_media_sequence") == 0)
            before = series(page, "streamwatch_hls_")
            live.advance()
            second.put("/edge/a.m3u8", live.text())
            first.redirect("/a.m3u8", second.url("/edge/a.m3u8"))
            page = await exporter.until(lambda page: page.value("streamwatch_hls_media_sequence") == 1)
            assert series(page, "streamwatch_hls_") == before


def fails_once(monkeypatch: pytest.MonkeyPatch, where: object, name: str) -> Callable[[], bool]:
    """The next call of a function raises what nobody foresaw; tells whether it did."""
    real, failed = getattr(where, name), False

    def failing(*args: object, **kwargs: object) -> object:
        nonlocal failed
        if not failed:
            failed = True
            raise RuntimeError("hidden")
        return real(*args, **kwargs)

    monkeypatch.setattr(where, name, failing)
    return lambda: failed


async def test_what_nobody_foresaw_costs_one_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Elsewhere a whole monitor falls silent; here it is a failure with a reason, and the next look is made."""
    async with hls_origin() as origin, peer(says_nothing) as listening:
        origin.put("/a.m3u8", LivePlaylist(duration=1.0, target=1).text())
        text = (
            f'streams: [{{id: a, hls: {{url: "{origin.url("/a.m3u8")}", segments: false}}}}]\n'
            f'hosts: [{{id: h, tcp: {{address: "{listening.address}", interval: 0.2}}}}]\n'
        )
        failed = [fails_once(monkeypatch, playlist_loading, "read_playlist")]
        async with running_exporter(tmp_path, text) as exporter:
            looker = exporter.exporter.families["tcp"].watchers["h"].looker
            failed.append(fails_once(monkeypatch, looker, "look"))
            page = await exporter.until(lambda page: page.values(UP) == [1, 1])
            assert [each() for each in failed] == [True, True]
            assert page.value(FAILURES, stream="a", reason="protocol") == 1
            assert page.value(FAILURES, server="h", reason="protocol") == 1
            assert "hidden" not in page.text + caplog.text + (await exporter.get("/"))[1]
