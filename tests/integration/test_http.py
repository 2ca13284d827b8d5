"""The HTTP probe in front of real web servers: status, phases, and peers that do not behave."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from servers.certificates import Authority
from servers.exporter import Page, running_exporter
from servers.free_port import free_port
from servers.hls_origin import hls_origin
from servers.peers import answers, drips, hangs_up, peer, pours, says_nothing
from streamwatch_exporters.http_phases import PHASES, telling_context

UP = "streamwatch_probe_up"
FAILURES = "streamwatch_probe_failures_total"
STATUS = "streamwatch_http_status_code"
DURATION = "streamwatch_http_duration_seconds"
OK_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"


def failed_with(page: Page, host: str) -> set[str]:
    return {r for r in page.label_values("reason") if page.value(FAILURES, server=host, reason=r)}


def entry(host: str, url: str, more: str = "") -> str:
    return f'  - {{id: {host}, http: {{url: "{url}", interval: 0.3, timeout: 1.0{more}}}}}\n'


async def test_status_and_phases_are_told_by_the_name_of_each(tmp_path: Path) -> None:
    """By name there is a lookup; every look connects anew; a redirect is followed and its phases added."""
    async with hls_origin() as origin:
        origin.put("/health?token=geheim", "ok")
        origin.put("/health", "all is well")
        origin.redirect("/moved", "/health")
        by_name = origin.address.replace("127.0.0.1", "localhost")
        config = "hosts:\n" + entry("web", f"{by_name}/moved?token=geheim", ", body_contains: is well")
        async with running_exporter(tmp_path, config) as exporter:
            page = await exporter.until(lambda page: page.value(UP, server="web") == 1)
            assert page.value(STATUS, host="web") == 200
            phases = {phase: page.value(DURATION, phase=phase) for phase in page.label_values("phase")}
            assert set(phases) == {"resolve", "connect", "processing", "transfer"}
            assert all(seconds is not None and 0 <= seconds < 1 for seconds in phases.values())
            once = Page((await exporter.get("/probe?module=http&target=web"))[1])
            assert once.value("probe_success") == 1
            assert once.value("probe_http_status_code") == 200
            assert once.value("probe_http_redirects") == 1
            assert once.value("probe_http_ssl") == 0
            assert once.value("probe_http_version") == 1.1
            assert once.value("probe_http_uncompressed_body_length") == len("all is well")
            assert (once.value("probe_http_duration_seconds", phase="resolve") or 0) > 0
            everything = (await exporter.get("/probe?module=http&target=web&debug=true"))[1] + page.text
            for secret in ("geheim", "localhost", "is well"):
                assert secret not in everything


async def test_a_slow_server_is_slow_in_processing(tmp_path: Path) -> None:
    """Time that passes between the question and the first byte of the answer is no time of the network."""

    async def thinks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        await asyncio.sleep(0.3)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
        await writer.drain()
        await asyncio.sleep(0.2)
        writer.write(b"k")

    async with peer(thinks) as server:
        config = "hosts:\n" + entry("web", f"http://{server.address}/")
        async with running_exporter(tmp_path, config) as exporter:
            page = await exporter.until(lambda page: page.value(STATUS) == 200)
            assert 0.3 <= (page.value(DURATION, phase="processing") or 0) < 0.9
            assert 0.2 <= (page.value(DURATION, phase="transfer") or 0) < 0.9
            assert (page.value(DURATION, phase="connect") or 0) < 0.25


async def test_an_answer_that_is_not_the_expected_one_is_a_failure_that_is_known(tmp_path: Path) -> None:
    """Its status and times were read, hence exported; `status` says what is expected."""
    async with hls_origin() as origin:
        origin.put("/down", "", status=503)
        origin.put("/denied", "", status=403)
        origin.put("/odd", "", status=204)
        origin.put("/other", "sold out")
        config = "hosts:\n"
        for name in ("gone", "down", "denied", "odd"):
            config += entry(name, origin.url(f"/{name}"))
        config += entry("wanted", origin.url("/down"), ", status: [200, 503]")
        config += entry("other", origin.url("/other"), ", body_contains: in stock")
        async with running_exporter(tmp_path, config) as exporter:
            page = await exporter.until(lambda page: len(page.values(STATUS)) == len(page.values(UP)) == 6)
            told = {
                host: (page.value(STATUS, host=host), page.value(UP, server=host), failed_with(page, host))
                for host in ("gone", "down", "denied", "odd", "wanted", "other")
            }
            assert told == {
                "gone": (404, 0, {"http_4xx"}),
                "down": (503, 0, {"http_5xx"}),
                "denied": (403, 0, {"auth"}),
                "odd": (204, 0, {"protocol"}),
                "wanted": (503, 1, set()),
                "other": (200, 0, {"parse"}),
            }
            once = Page((await exporter.get("/probe?module=http&target=down"))[1])
            assert once.value("probe_success") == 0
            assert once.value("probe_http_status_code") == 503


async def test_what_gives_no_answer_has_its_reason_within_the_deadline(tmp_path: Path) -> None:
    """Silent, a byte at a time, closed at once, 100 MB, another protocol, a loop, nobody, no such name."""
    bad = {
        "silent": (says_nothing, "timeout"),
        "slow": (drips(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000), "timeout"),
        "slowbody": (drips(OK_HEAD + b"x" * 1000, every=0.02), "timeout"),
        "closes": (hangs_up, "connect"),
        "pours": (pours(OK_HEAD), "too_large"),
        "header": (pours(b"HTTP/1.1 200 OK\r\nX: "), "protocol"),
        "other": (answers(b"SSH-2.0-OpenSSH_9.2\r\n"), "protocol"),
    }
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(hls_origin())
        origin.redirect("/loop", "/loop")
        config = "hosts:\n" + entry("loop", origin.url("/loop"))
        config += entry("nameless", "http://stream.invalid/")
        for host, (handler, _) in bad.items():
            server = await stack.enter_async_context(peer(handler))
            config += entry(host, f"http://{server.address}/")
        # Last: a port that is free before the servers listen may be given to one of them.
        config += entry("nobody", f"http://127.0.0.1:{free_port()}/")
        exporter = await stack.enter_async_context(running_exporter(tmp_path, config))
        page = await exporter.until(lambda page: len(page.values(UP)) == len(bad) + 3, within=8)
        expected = {host: {reason} for host, (_, reason) in bad.items()}
        expected |= {"loop": {"protocol"}, "nobody": {"connect"}, "nameless": {"dns"}}
        assert {host: failed_with(page, host) for host in expected} == expected
        assert page.values(STATUS) == page.values(DURATION) == []
        lag = page.value("streamwatch_event_loop_lag_seconds_bucket", le="1.0")
        assert lag == page.value("streamwatch_event_loop_lag_seconds_count")


async def test_over_tls_the_handshake_is_a_phase_and_a_bad_certificate_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system trusts the authority of one server; that of the other it does not know."""
    good, bad = (Authority(tmp_path / name) for name in ("known", "unknown"))
    ok = answers(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    monkeypatch.setenv("SSL_CERT_FILE", str(good.file))
    telling_context.cache_clear()
    async with (
        peer(ok, tls=good.sign("localhost").server_context()) as known,
        peer(ok, tls=bad.sign("localhost").server_context()) as unknown,
    ):
        config = "hosts:\n" + entry("known", f"https://localhost:{known.port}/")
        config += entry("unknown", f"https://localhost:{unknown.port}/")
        async with running_exporter(tmp_path, config) as exporter:
            page = await exporter.until(lambda page: len(page.values(UP)) == 2)
            phases = {phase: page.value(DURATION, host="known", phase=phase) for phase in PHASES}
            assert all(seconds is not None and 0 < seconds < 1 for seconds in phases.values())
            assert failed_with(page, "unknown") == {"tls"}
            assert page.values(DURATION, host="unknown") == []
            once = Page((await exporter.get("/probe?module=http&target=known"))[1])
            assert once.value("probe_http_ssl") == once.value("probe_success") == 1
    telling_context.cache_clear()
