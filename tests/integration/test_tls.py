"""The TLS probe in front of real TLS servers: whose certificate is good, and when each expires."""

import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from servers.certificates import Authority
from servers.exporter import Page, RunningExporter, running_exporter
from servers.peers import answers, drips, hangs_up, peer, pours, says_nothing

UP = "streamwatch_probe_up"
FAILURES = "streamwatch_probe_failures_total"
EXPIRY = "streamwatch_tls_cert_expiry_timestamp_seconds"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


def failed_with(page: Page, host: str) -> set[str]:
    return {r for r in page.label_values("reason") if page.value(FAILURES, server=host, reason=r)}


def entry(host: str, address: str, authority: Authority, name: str = "ingest.test") -> str:
    return (
        f'  - {{id: {host}, tls: {{address: "{address}", server_name: {name}, '
        f'ca_file: "{authority.file}", interval: 0.5, timeout: 1.0}}}}\n'
    )


async def log_of(exporter: RunningExporter, host: str) -> str:
    return (await exporter.get(f"/probe?module=tls&target={host}&debug=true"))[1]


async def test_each_certificate_has_its_verdict_and_all_say_when_they_expire(
    tmp_path: Path, authority: Authority
) -> None:
    """Good, expired, for another name, signed by nobody: the expiry that was read is known in every case."""
    certificates = {
        "good": authority.sign("ingest.test"),
        "expired": authority.sign("ingest.test", days=-1),
        "other": authority.sign("other.test"),
        "selfmade": authority.self_signed("ingest.test"),
    }
    async with AsyncExitStack() as stack:
        config = "hosts:\n"
        for host, certificate in certificates.items():
            server = await stack.enter_async_context(peer(says_nothing, tls=certificate.server_context()))
            config += entry(host, server.address, authority)
        exporter = await stack.enter_async_context(running_exporter(tmp_path, config))
        page = await exporter.until(lambda page: len(page.values(EXPIRY)) == len(page.values(UP)) == 4)
        for host, certificate in certificates.items():
            assert page.value(EXPIRY, host=host) == certificate.expires
            assert page.value(UP, server=host) == (host == "good")
            assert failed_with(page, host) == (set() if host == "good" else {"tls"})
            _, once = await exporter.get(f"/probe?module=tls&target={host}")
            assert Page(once).value("probe_ssl_earliest_cert_expiry") == certificate.expires
            assert Page(once).value("probe_success") == (host == "good")
            assert Page(once).value("probe_tls_version_info", version="TLS 1.3") == 1
        assert page.value("streamwatch_tls_version_info", host="good", version="TLS 1.3") == 1
        assert (page.value(EXPIRY, host="expired") or 0) < time.time() < (page.value(EXPIRY, host="good") or 0)
        assert "has expired" in await log_of(exporter, "expired")
        assert "another name" in await log_of(exporter, "other")
        assert "self-signed" in await log_of(exporter, "selfmade")
        assert "ingest.test" not in await log_of(exporter, "good")


async def test_the_earliest_expiry_of_the_whole_chain_counts(tmp_path: Path, authority: Authority) -> None:
    """A link of the chain that expires before the certificate itself breaks it as surely."""
    leaf, link = authority.sign("ingest.test", days=20), authority.sign("link.test", days=10)
    leaf.chain.write_text(leaf.chain.read_text() + link.chain.read_text())
    async with peer(says_nothing, tls=leaf.server_context()) as server:
        config = "hosts:\n" + entry("chain", server.address, authority)
        async with running_exporter(tmp_path, config) as exporter:
            page = await exporter.until(lambda page: page.value(UP) == 1)
            assert page.value(EXPIRY) == link.expires
            assert page.value(UP) == 1


async def test_a_renewed_certificate_is_seen_and_a_lost_one_is_no_longer_told(
    tmp_path: Path, authority: Authority
) -> None:
    """What the last look could not see it does not export."""
    async with AsyncExitStack() as stack:
        server_stack = await stack.enter_async_context(AsyncExitStack())
        expired = authority.sign("ingest.test", days=-1).server_context()
        server = await server_stack.enter_async_context(peer(says_nothing, tls=expired))
        exporter = await stack.enter_async_context(
            running_exporter(tmp_path, "hosts:\n" + entry("a", server.address, authority))
        )
        await exporter.until(lambda page: page.value(UP) == 0 and page.value(EXPIRY) is not None)
        good = authority.sign("ingest.test")
        expired.load_cert_chain(good.chain, good.key)
        await exporter.until(lambda page: page.value(UP) == 1 and page.value(EXPIRY) == good.expires)
        await server_stack.aclose()
        page = await exporter.until(lambda page: page.value(UP) == 0)
        assert page.value(EXPIRY) is None
        assert "connect" in failed_with(page, "a")


async def test_what_is_no_tls_has_its_reason_within_the_deadline(tmp_path: Path, authority: Authority) -> None:
    """Silent, one byte at a time, closed at once, 100 MB, plain HTTP: none exports a value."""
    bad = {
        "silent": (says_nothing, "timeout"),
        "slow": (drips(b"\x16\x03\x03\x40\x00" + b"\0" * 100), "timeout"),
        "closes": (hangs_up, "connect"),
        "pours": (pours(b""), "tls"),
        "plain": (answers(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "tls"),
    }
    async with AsyncExitStack() as stack:
        config = "hosts:\n"
        for host, (handler, _) in bad.items():
            server = await stack.enter_async_context(peer(handler))
            config += entry(host, server.address, authority)
        exporter = await stack.enter_async_context(running_exporter(tmp_path, config))
        page = await exporter.until(lambda page: len(page.values(UP)) == len(bad), within=5)
        assert {host: failed_with(page, host) for host in bad} == {host: {why} for host, (_, why) in bad.items()}
        assert page.values(EXPIRY) == page.values("streamwatch_tls_version_info") == []
