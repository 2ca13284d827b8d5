"""The ping probe: real echoes over loopback, real loss by a firewall rule, real lack of rights."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.exporter import Page, running_exporter
from servers.network_namespace import NetworkNamespace, network_namespace

UP = "streamwatch_probe_up"
FAILURES = "streamwatch_probe_failures_total"
REQUESTS, ANSWERED = "smokeping_requests_total", "smokeping_response_duration_seconds_count"
LOST, JITTER = "streamwatch_ping_lost_total", "streamwatch_ping_jitter_seconds"
WITHOUT_RAW = ("setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw")
FAST = "interval: 0.2, timeout: 0.5"


@pytest.fixture
def network(tmp_path: Path) -> Iterator[NetworkNamespace]:
    with network_namespace(tmp_path) as namespace:
        yield namespace


def entry(host: str, address: str, more: str = FAST) -> str:
    return f'  - {{id: {host}, ping: {{address: "{address}", {more}}}}}\n'


async def test_hosts_share_a_socket_and_each_gets_its_own_replies(tmp_path: Path) -> None:
    """IPv4, IPv6 and a name; what was sent was answered, and it was quick."""
    config = "hosts:\n" + entry("four", "127.0.0.1") + entry("six", "::1") + entry("name", "localhost")
    async with running_exporter(tmp_path, config) as exporter:
        page = await exporter.until(lambda page: min(page.values(ANSWERED)) >= 5)
        assert page.values(UP, probe="ping") == [1, 1, 1]
        assert page.values(LOST) == [0, 0, 0]
        for host in ("four", "six", "name"):
            requests, answered = page.value(REQUESTS, host=host) or 0, page.value(ANSWERED, host=host) or 0
            assert 0 <= requests - answered <= 3
            mean = (page.value("smokeping_response_duration_seconds_sum", host=host) or 0) / answered
            assert 0 < mean < 0.05
            assert 0 < (page.value(JITTER, host=host) or 0) < 0.05
        once = Page((await exporter.get("/probe?module=ping&target=six"))[1])
        assert once.value("probe_success") == 1
        assert once.value("probe_ip_protocol") == 6
        assert 0 < (once.value("probe_icmp_duration_seconds", phase="rtt") or 0) < 0.5
        debug = (await exporter.get("/probe?module=ping&target=name&debug=true"))[1]
        assert "localhost" not in debug
        assert (await exporter.get("/probe?module=ping&target=nobody"))[0] == 400


async def test_a_host_that_is_removed_leaves_nothing_and_the_others_go_on(tmp_path: Path) -> None:
    """Its counters go; those of its neighbour are not begun again; the last one takes the socket with it."""
    config = "hosts:\n" + entry("stays", "127.0.0.1") + entry("goes", "127.0.0.2")
    async with running_exporter(tmp_path, config) as exporter:
        page = await exporter.until(lambda page: min(page.values(ANSWERED)) >= 2)
        before = page.value(REQUESTS, host="stays") or 0
        exporter.config.write_text(exporter.config.read_text().replace(entry("goes", "127.0.0.2"), ""))
        assert (await exporter.post("/-/reload"))[0] == 200
        page = await exporter.page()
        assert page.value(REQUESTS, host="goes") is page.value(UP, server="goes") is None
        page = await exporter.until(lambda page: (page.value(REQUESTS, host="stays") or 0) > before + 2)
        assert page.value(LOST, host="stays") == 0
        exporter.config.write_text("chat: {token_file: chat_token}\n")
        assert (await exporter.post("/-/reload"))[0] == 200
        page = await exporter.page()
        assert page.values(REQUESTS) == page.values(ANSWERED) == page.values(JITTER) == []
        assert page.value("streamwatch_scheduler_tasks") == 0


async def test_a_name_that_does_not_resolve_is_a_reason_and_no_loss(tmp_path: Path) -> None:
    """Nothing was sent, hence nothing was lost; the counters stand at zero."""
    config = "hosts:\n" + entry("nameless", "host.invalid")
    async with running_exporter(tmp_path, config) as exporter:
        page = await exporter.until(lambda page: page.value(UP) == 0)
        assert page.value(FAILURES, reason="dns") == 1
        assert page.value(REQUESTS) == page.value(LOST) == 0
        assert page.value(JITTER) is None
        once = Page((await exporter.get("/probe?module=ping&target=nameless"))[1])
        assert once.value("probe_success") == 0


def test_every_fourth_echo_lost_is_counted_and_makes_no_jitter(network: NetworkNamespace) -> None:
    """A firewall drops them: loss rises, nobody calls the host silent, and neighbours are compared alone."""
    network.drop("icmp", "type", "echo-request", "numgen", "inc", "mod", "4", "==", "0")
    network.start_exporter("hosts:\n" + entry("lossy", "127.0.0.1") + entry("clean", "::1"))
    page = network.until(LOST, 4, host="lossy")
    requests, lost = page.value(REQUESTS, host="lossy") or 0, page.value(LOST, host="lossy") or 0
    assert 0.1 < lost / requests < 0.34
    assert page.value(LOST, host="clean") == 0
    assert page.value(UP, server="lossy") == 1
    assert 0 <= lost - (page.value(FAILURES, server="lossy", reason="timeout") or 0) <= 1
    assert 0 < (page.value(JITTER, host="lossy") or 0) < 0.05
    assert page.value("smokeping_response_duration_seconds_bucket", host="lossy", le="0.0512") == page.value(
        ANSWERED, host="lossy"
    )


def test_a_host_that_falls_silent_is_down_and_comes_back(network: NetworkNamespace) -> None:
    """After the third echo in a row; its jitter is then unknown, not zero."""
    network.start_exporter("hosts:\n" + entry("host", "127.0.0.1"))
    network.until(JITTER, 0)
    network.drop("icmp", "type", "echo-request")
    page = network.until(LOST, 4)
    assert page.value(UP, server="host") == 0
    assert page.value(JITTER) is None
    answered = page.value(ANSWERED) or 0
    network.drop_nothing()
    page = network.until(ANSWERED, answered + 2)
    assert page.value(UP, server="host") == 1


def test_without_rights_it_says_how_to_get_them_and_heals(network: NetworkNamespace, tmp_path: Path) -> None:
    """Neither socket is allowed: reason auth, no loss. Once the system allows it, it pings unprivileged."""
    network.allow_ping_to("1 0")
    network.start_exporter("hosts:\n" + entry("four", "127.0.0.1") + entry("six", "::1"), *WITHOUT_RAW)
    for host in ("four", "six"):
        page = network.until(FAILURES, 2, server=host, reason="auth")
        assert page.value(UP, server=host) == 0
        assert page.value(REQUESTS, host=host) == page.value(LOST, host=host) == 0
    assert "net.ipv4.ping_group_range" in (tmp_path / "exporter.log").read_text()
    network.allow_ping_to("0 0")
    for host in ("four", "six"):
        page = network.until(ANSWERED, 2, host=host)
        assert page.value(UP, server=host) == 1
        assert page.value(LOST, host=host) == 0


def test_a_name_that_is_lost_keeps_its_last_address(network: NetworkNamespace, tmp_path: Path) -> None:
    """The resolver fails while the host answers: the failure is counted, the echoes go on."""
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.7 ingest.test\n")
    network.run("mount", "--bind", hosts, "/etc/hosts")
    network.start_exporter("hosts:\n" + entry("ingest", "ingest.test", FAST + ", resolve_every: 1"))
    network.until(ANSWERED, 1)
    hosts.write_text("127.0.0.1 localhost\n")
    page = network.until(FAILURES, 1, reason="dns")
    answered = page.value(ANSWERED) or 0
    page = network.until(ANSWERED, answered + 3)
    assert page.value(UP, server="ingest") == 1
    assert page.value(LOST) == 0
    # An address that nobody has: the name is asked again, and its echoes go there.
    network.drop("ip", "daddr", "127.0.0.8", "icmp", "type", "echo-request")
    hosts.write_text("127.0.0.8 ingest.test\n")
    page = network.until(LOST, 4)
    assert page.value(UP, server="ingest") == 0
