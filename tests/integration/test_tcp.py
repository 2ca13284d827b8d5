"""The TCP probe in front of real listeners, and what the exporter says of hosts."""

import socket
from contextlib import AsyncExitStack
from pathlib import Path

from servers.exporter import Page, running_exporter
from servers.free_port import free_port
from servers.peers import hangs_up, peer, pours, says_nothing

UP = "streamwatch_probe_up"
FAILURES = "streamwatch_probe_failures_total"
CONNECT = "streamwatch_tcp_connect_duration_seconds"


def failed_with(page: Page, host: str) -> set[str]:
    reasons = page.label_values("reason")
    return {reason for reason in reasons if page.value(FAILURES, server=host, reason=reason)}


async def test_whoever_accepts_is_up_whatever_he_does_then(tmp_path: Path) -> None:
    """Over IPv4, IPv6 and by name; the time to connect is a histogram of each host."""
    async with AsyncExitStack() as stack:
        silent = await stack.enter_async_context(peer(says_nothing))
        six = await stack.enter_async_context(peer(hangs_up, host="::1"))
        pouring = await stack.enter_async_context(peer(pours(b"")))
        config = f"""hosts:
  - {{id: silent, tcp: {{address: "{silent.address}", interval: 0.2}}}}
  - {{id: six, tcp: {{address: "{six.address}", interval: 0.2}}}}
  - {{id: pouring, tcp: {{address: "localhost:{pouring.port}", interval: 0.2}}}}
"""
        exporter = await stack.enter_async_context(running_exporter(tmp_path, config))
        page = await exporter.until(lambda page: min(page.values(CONNECT + "_count")) >= 2)
        assert page.values(UP, probe="tcp", stream="") == [1, 1, 1]
        assert 0 < (page.value(CONNECT + "_sum", host="six") or 0) < 1
        assert page.value("streamwatch_tcp_dns_lookup_seconds", host="silent") is None
        assert page.value("streamwatch_tcp_dns_lookup_seconds", host="pouring") is not None
        _, once = await exporter.get("/probe?module=tcp&target=six")
        assert Page(once).value("probe_success") == 1
        assert Page(once).value("probe_ip_protocol") == 6
        assert Page(once).value(CONNECT + "_count", host="six") == 1
        _, debug = await exporter.get("/probe?module=tcp&target=pouring&debug=true")
        assert "localhost" not in debug
        assert Page((await exporter.get("/probe?module=tcp&target=pouring"))[1]).value(
            "probe_dns_lookup_time_seconds"
        )


async def test_whoever_cannot_be_reached_has_a_reason_and_no_value(tmp_path: Path) -> None:
    """Nobody listens; the name does not exist; the address swallows everything."""
    config = f"""hosts:
  - {{id: refused, tcp: {{address: "127.0.0.1:{free_port()}", interval: 0.2}}}}
  - {{id: nameless, tcp: {{address: "stream.invalid:443", interval: 0.2}}}}
"""
    async with running_exporter(tmp_path, config) as exporter:
        page = await exporter.until(lambda page: len(page.values(UP)) == 2)
        assert page.values(UP) == [0, 0]
        assert failed_with(page, "refused") == {"connect"}
        assert failed_with(page, "nameless") == {"dns"}
        assert page.values(CONNECT + "_count") == [0, 0]
        _, once = await exporter.get("/probe?module=tcp&target=refused")
        assert Page(once).value("probe_success") == 0
        assert Page(once).values("probe_ip_protocol") == []


async def test_a_backlog_that_is_full_times_out_within_the_deadline(tmp_path: Path) -> None:
    """The kernel answers no more connections: the look ends when its time is over."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        config = f"""hosts:
  - {{id: full, tcp: {{address: "127.0.0.1:{listener.getsockname()[1]}", interval: 0.2, timeout: 0.4}}}}
"""
        async with running_exporter(tmp_path, config) as exporter:
            page = await exporter.until(lambda page: len(page.values(UP)) == 1)
            assert failed_with(page, "full") == {"timeout"}
            assert page.value(UP) == 0
        for each in waiting:
            each.close()


async def test_a_host_says_where_it_stands_and_for_which_streams(tmp_path: Path) -> None:
    """One series for each stream it names; an empty one when it names none; none when it is gone."""
    hosts = """hosts:
  - {id: gw, place: gateway, streams: [a, b], tcp: {address: "127.0.0.1:9"}}
  - {id: isp, place: provider, tcp: {address: "127.0.0.1:9"}}
"""
    streams = "streams: [{id: a, chat: {}}, {id: b, chat: {}}]\n"
    info = "streamwatch_host_info"
    async with running_exporter(tmp_path, streams + hosts) as exporter:
        page = await exporter.page()
        assert page.value(info, host="gw", place="gateway", stream="a") == 1
        assert page.value(info, host="gw", place="gateway", stream="b") == 1
        assert page.values(info, host="isp", place="provider", stream="") == [1]
        assert len(page.values(info)) == 3
        exporter.config.write_text("chat: {token_file: chat_token}\n" + streams)
        assert (await exporter.post("/-/reload"))[0] == 200
        page = await exporter.page()
        assert page.values(info) == page.values(UP) == page.values(CONNECT + "_count") == []
