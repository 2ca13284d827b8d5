"""The DASH watcher beside manifests and peers that go wrong: each has its reason and harms no other."""

import asyncio
import gzip
import time
from contextlib import AsyncExitStack
from email.utils import formatdate
from pathlib import Path

from aiohttp import web

from servers.dash_origin import MANIFEST, DashOrigin, LiveManifest, dash_origin
from servers.exporter import Page, RunningExporter, running_exporter, write_config
from servers.peers import Handler, drips, hangs_up, peer, pours, says_nothing
from streamwatch_exporters.probe import REASONS

UP = "streamwatch_probe_up"
AGE = "streamwatch_dash_representation_age_seconds"
VIOLATIONS = "streamwatch_dash_violations_total"
SKEW = "streamwatch_dash_utc_timing_skew_seconds"
BYTES = "streamwatch_dash_segment_bytes_total"
LOW, HIGH = "640x360@800000", "1280x720@2500000"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"
BOMB = (
    '<!DOCTYPE MPD [<!ENTITY a "'
    + "x" * 1000
    + '">'
    + "".join(f'<!ENTITY {new} "{f"&{old};" * 100}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True))
    + ']><MPD type="dynamic">&i;</MPD>'
)


def watching(*addresses: str, more: str = "segments: false") -> str:
    """A streams.yml with one stream for each address, called a, b, c…"""
    lines = [
        f'  - {{id: {id_}, dash: {{url: "{address}", interval: 0.5, timeout: 1.0, {more}}}}}'
        for id_, address in zip("abcdefghijklmnop", addresses, strict=False)
    ]
    return "streams:\n" + "\n".join(lines)


def failed_with(page: Page, stream: str) -> set[str]:
    return {r for r in REASONS if page.value("streamwatch_probe_failures_total", stream=stream, reason=r)}


def broken(page: Page) -> set[str]:
    return {rule for rule in page.label_values("rule") if page.value(VIOLATIONS, stream="a", rule=rule)}


async def looked(exporter: RunningExporter, origin: DashOrigin, path: str = MANIFEST) -> Page:
    """The page after one more whole look: the second request comes after it."""
    seen = origin.seen.get(path, 0)
    return await exporter.until(lambda page: origin.seen.get(path, 0) >= seen + 2)


def after_the_question(then: Handler) -> Handler:
    """Says that a hundred million bytes will come, and does *then*."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(OK)
        await then(reader, writer)

    return handle


async def test_what_is_no_manifest_cannot_be_told_and_says_why(tmp_path: Path) -> None:
    """Fourteen bad peers beside each other: each has its reason, none a value, and a good one is not held up."""
    good = LiveManifest()
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(dash_origin(tmp_path))
        origin.put("/good", good.text())
        origin.put("/html", "<!doctype html><h1>Welcome</h1>", kind="text/html")
        origin.put("/playlist", "#EXTM3U\n")
        origin.put("/bomb", BOMB)
        origin.put("/many", b"<MPD>" + b"<a/>" * 900_000)
        origin.put("/packed", gzip.compress(b"<MPD>" + b" " * 100_000_000, 1), Content_Encoding="gzip")
        origin.fail("/loop", 302, Location="/loop")
        origin.fail("/down", 503)
        origin.fail("/denied", 403)
        peers = {
            "timeout": (says_nothing, after_the_question(drips(b"<MPD>" * 99, every=1))),
            "too_large": (after_the_question(pours(b"")),),
            "connect": (hangs_up,),
        }
        expected = ["parse", "parse", "parse", "too_large", "too_large", "protocol", "http_5xx", "auth", "http_4xx"]
        paths = ("html", "playlist", "bomb", "many", "packed", "loop", "down", "denied", "nothing")
        addresses = [origin.url(f"/{path}") for path in paths]
        for reason, handlers in peers.items():
            for handler in handlers:
                there = await stack.enter_async_context(peer(handler))
                addresses.append(f"http://{there.address}/live.mpd")
                expected.append(reason)
        config = watching(*addresses, origin.url("/good"))
        exporter = await stack.enter_async_context(running_exporter(tmp_path, config))
        ids = "abcdefghijklm"
        page = await exporter.until(lambda page: all(failed_with(page, id_) for id_ in ids) and page.values(AGE))
        # Besides, a machine that is busy may be too late for any of them.
        assert [failed_with(page, id_) - {"timeout"} or {"timeout"} for id_ in ids] == [{each} for each in expected]
        assert [page.value(UP, stream=id_) for id_ in ids] == [0] * 13
        assert page.value(UP, stream="n") == 1
        now = [line for line in page.text.splitlines() if line.startswith("streamwatch_dash_") and "_age" in line]
        assert all('stream="n"' in line for line in now)
        started = time.monotonic()
        _, text = await exporter.get("/probe?module=dash&target=k&debug=true")
        assert time.monotonic() - started < 8
        assert "timeout: " in text
        assert "probe_success 0" in text


async def test_a_representation_that_stalls_is_not_hidden_by_one_that_advances(tmp_path: Path) -> None:
    """Then publishTime goes back, the timeline begins anew, and each is one violation."""
    live = LiveManifest(listed=10)
    async with dash_origin(tmp_path) as origin:
        origin.put(MANIFEST, live.text())
        async with running_exporter(tmp_path, watching(origin.url())) as exporter:
            await exporter.until(lambda page: len(page.values(AGE)) == 2)
            started = time.monotonic()
            for _ in range(3):
                live.advance("high")
                live.advance("high")
                origin.put(MANIFEST, live.text())
                page = await looked(exporter, origin)
            stalled, advancing = page.value(AGE, representation=LOW), page.value(AGE, representation=HIGH)
            assert stalled is not None
            assert advancing is not None
            assert stalled > time.monotonic() - started - 1
            assert advancing < stalled - 1
            assert broken(page) == {"representation_drift"}

            live.ends["low"] = live.ends["high"]
            live.published -= 60
            origin.put(MANIFEST, live.text())
            page = await looked(exporter, origin)
            assert broken(page) == {"representation_drift", "publish_time_regress"}

            live.ends, live.published = {"low": 20, "high": 20}, live.published + 1
            origin.put(MANIFEST, live.text())
            page = await looked(exporter, origin)
            assert broken(page) == {"representation_drift", "publish_time_regress", "timeline_regress"}
            assert set(page.values(VIOLATIONS)) == {0, 1}


async def test_the_time_is_asked_where_the_manifest_says(tmp_path: Path) -> None:
    """Four ways to tell it; a server that tells nothing is a violation, and its stream is still read."""
    ahead = 100.0

    def iso(_request: web.Request) -> web.Response:
        return web.Response(text=time.strftime("%Y-%m-%dT%H:%M:%SZ\n", time.gmtime(time.time() + ahead)))

    def date(request: web.Request) -> web.Response:
        assert request.method == "HEAD"
        return web.Response(headers={"Date": formatdate(time.time() + ahead, usegmt=True)})

    told = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + ahead))
    ways = {"http-iso": "/iso", "http-xsdate": "/iso", "http-head": "/date", "direct": told, "http-iso:": "/hangs"}
    async with dash_origin(tmp_path) as origin, peer(says_nothing) as silent:
        origin.replies |= {"/iso": iso, "/date": date}
        for id_, (way, value) in zip("abcde", ways.items(), strict=True):
            address = value.replace("/hangs", f"http://{silent.address}/")
            scheme = f"urn:mpeg:dash:utc:{way.strip(':')}:2014"
            ntp = '<UTCTiming schemeIdUri="urn:mpeg:dash:utc:ntp:2014" value="time.invalid"/>'
            more = f'{ntp}<UTCTiming schemeIdUri="{scheme}" value="{address}"/>'
            origin.put(f"/{id_}", LiveManifest(more=more).text())
        config = watching(*(origin.url(f"/{id_}") for id_ in "abcde"))
        async with running_exporter(tmp_path, config) as exporter:
            page = await exporter.until(
                lambda page: (
                    len(page.values(SKEW)) == 4
                    and page.values(VIOLATIONS, rule="utc_timing_skew") == [1, 1, 1, 1, 0]
                    and page.values(VIOLATIONS, rule="utc_timing_failed") == [0, 0, 0, 0, 1]
                )
            )
            assert all(abs(skew - ahead) < 3 for skew in page.values(SKEW))
            assert page.value(SKEW, stream="e") is None
            assert page.values(UP) == [1] * 5
            end_age = page.value("streamwatch_dash_timeline_end_age_seconds", stream="a", representation=LOW)
            assert end_age is not None
            assert 20 + ahead - 3 < end_age < 20 + ahead + 15


async def test_a_manifest_that_has_moved_is_followed_and_asked_for_anew(tmp_path: Path) -> None:
    """Location, then back to the configured address when that one fails."""
    async with dash_origin(tmp_path) as origin:
        origin.put(MANIFEST, LiveManifest(more="<Location>/edge/7.mpd?t=s3cr3t</Location>").text())
        origin.put("/edge/7.mpd", LiveManifest().text())
        async with running_exporter(tmp_path, watching(origin.url())) as exporter:
            page = await exporter.until(lambda page: origin.seen.get("/edge/7.mpd", 0) >= 3)
            assert origin.seen[MANIFEST] == 1
            origin.fail("/edge/7.mpd", 410)
            page = await exporter.until(lambda page: origin.seen[MANIFEST] >= 2)
            assert failed_with(page, "a") == {"http_4xx"}
            assert "s3cr3t" not in page.text


async def test_segments_are_asked_for_where_they_are_and_nothing_is_left_of_a_removed_stream(
    tmp_path: Path,
) -> None:
    """Below BaseURL, seen from the address after redirects; no token gets out."""
    live = LiveManifest(more="<BaseURL>v1/</BaseURL>")
    async with dash_origin(tmp_path) as origin:
        origin.fail(MANIFEST, 302, Location="/cdn/x.mpd?t=s3cr3t")
        origin.put("/cdn/x.mpd", live.text())
        origin.segment = b"x" * 1000
        config = watching(origin.url("/live.mpd?t=s3cr3t"), more="segments: true")
        async with running_exporter(tmp_path, config) as exporter:
            page = await exporter.until(lambda page: page.value(BYTES) == 2000)
            assert {path for path in origin.seen if path.endswith("m4s")} == {
                "/cdn/v1/low-489.m4s",
                "/cdn/v1/high-489.m4s",
            }
            page = await looked(exporter, origin, "/cdn/x.mpd")
            assert page.value(BYTES) == 2000
            _, recent = await exporter.get("/")
            _, probed = await exporter.get("/probe?module=dash&target=a&debug=true")
            for text in (page.text, recent, probed):
                assert not [secret for secret in ("s3cr3t", "127.0.0.1", ".m4s", ".mpd") if secret in text]
            write_config(tmp_path, watching(origin.url(), more="segments: true").replace("id: a", "id: z"))
            status, _ = await exporter.post("/-/reload")
            assert status == 200
            page = await exporter.until(lambda page: page.value(UP) == 1)
            assert page.label_values("stream") == {"z"}
