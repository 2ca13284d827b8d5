"""Every probe beside every kind of bad peer: a reason of the closed list, in time, no value, and little memory."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import pytest

from servers.bad_peers import Datagrams, after, endless_frame, frame, http, http_bomb, udp_peer, websocket
from servers.certificates import Authority
from servers.exporter import Page, RunningExporter, running_exporter
from servers.free_port import free_port
from servers.peers import Handler, drips, hangs_up, peer, pours, says_nothing
from servers.raw_bytes import repeats
from servers.rtmp_stand_in import says
from servers.signal_path import exporter_process, fetch
from streamwatch_exporters.probe import REASONS

SHORT, LONG = 1.5, 5.0  # seconds of every probe: where a deadline is what ends a look, and where it must not be
SLACK = 1.0  # seconds that a busy machine may need beyond a deadline
MEMORY = 192 * 2**20  # bytes for all probes and their peers together, which would send ten times as much

SERVERS = ("nginx_rtmp", "node_media_server", "srs", "mediamtx", "zlmediakit")
HTTP = ("hls", "dash", "picture", "flv", "http", *SERVERS)
WITHOUT_FLV = tuple(kind for kind in HTTP if kind != "flv")
ACCOUNT = "username: u, password: p"
SETTINGS = {"node_media_server": ACCOUNT, "srs": ACCOUNT, "mediamtx": ACCOUNT, "zlmediakit": "secret: s"}
STREAMS = {
    "hls": 'url: "{scheme}://{at}/a.m3u8"',
    "dash": 'url: "{scheme}://{at}/a.mpd"',
    "picture": 'interval: 1, url: "{scheme}://{at}/a.m3u8"',
    "flv": 'url: "{scheme}://{at}/a.flv"',
    "rtmp": 'interval: 1, url: "rtmp://{at}/live/a"',
    "srt": 'interval: 1, address: "{at}"',
    "obs": 'interval: 1, address: "{at}", password_file: chat_token',
}
HOSTS = {
    "http": 'interval: 1, body_contains: in stock, url: "{scheme}://{at}/"',
    "tcp": 'interval: 1, address: "{at}"',
    "tls": 'interval: 1, address: "{at}"',
    "dns": 'interval: 1, name: a.test, server: "{at}"',
}


def streams_yml(addresses: dict[str, str], timeout: float, scheme: str = "http") -> str:
    """A file in which each kind of probe looks at its own peer, under an id that is its name."""
    parts: dict[str, list[str]] = {"servers": [], "streams": [], "hosts": []}
    for kind, at in addresses.items():
        if kind in SERVERS:
            part, settings = "servers", f'url: "{scheme}://{at}", {SETTINGS.get(kind, "")}'
        else:
            part = "streams" if kind in STREAMS else "hosts"
            settings = (STREAMS | HOSTS)[kind].format(at=at, scheme=scheme)
        parts[part].append(f"  - {{id: {kind}, {kind}: {{timeout: {timeout}, {settings}}}}}")
    return "\n".join(f"{part}:\n" + "\n".join(lines) for part, lines in parts.items() if lines)


Behaviour = Handler | Datagrams | str
"""Of a TCP peer, of a UDP peer, or the address where nobody is."""
Row = tuple[tuple[str, ...], Behaviour, str]

OVER_UDP = ("srt", "dns")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"
HTML = b"<!doctype html><h1>It works!</h1>"
XML_BOMB = (
    b'<!DOCTYPE r [<!ENTITY a "'
    + b"x" * 1000
    + b'">'.join(b'<!ENTITY %c "%b">' % (98 + i, b"&%c;" % (97 + i) * 100) for i in range(8))
    + b"]><rtmp>&i;</rtmp>"
)
HELLO = b'{"op": 0, "d": {"rpcVersion": 1, "authentication": {"challenge": "c", "salt": "s"}}}'
WRONG = b"\x88\x02" + (4009).to_bytes(2)  # the closing frame of obs-websocket for a wrong password
IDENTIFIED = b'{"op": 2, "d": {"negotiatedRpcVersion": 1}}'
FLV_HEADER = b"FLV\x01\x05\0\0\0\x09\0\0\0\0"
FLV_TAG = b"\x09\0\x10\0" + bytes(7) + b"\x17\x01"  # of 4096 bytes, of which two come
FLV_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\n\r\n" + FLV_HEADER
HUGE_COMMAND = b"\x02\0\0\0\xff\xff\xff\x14\0\0\0\0"
DAMAGED = b"\x80\0\0\x01\xff\xff\0\0\0\0"  # answers this question with 65,535 records, it says
TLS_HELLO = b"\x16\x03\x03\x40\x00" + bytes(100)
PLAYLIST = b"HTTP/1.1 200 OK\r\n\r\n#EXTM3U\n#EXT-X-TARGETDURATION:1\n"

# peer: which probes meet it, how it behaves, the reason that they must give
PEERS: dict[str, tuple[Row, ...]] = {
    "never answers": (
        ((*HTTP, "obs", "rtmp", "tls"), says_nothing, "timeout"),
        (OVER_UDP, lambda _: [], "timeout"),
    ),
    "closes at once": (((*HTTP, "obs", "rtmp", "tls"), hangs_up, "connect"),),
    "one byte per second": (
        (HTTP, drips(OK, every=1), "timeout"),
        (("obs",), drips(b"HTTP/1.1 101 Switching", every=1), "timeout"),
        (("rtmp",), drips(b"\x03" * 100, every=1), "timeout"),
        (("tls",), drips(TLS_HELLO, every=1), "timeout"),
    ),
    "a body of one byte per second": (
        (WITHOUT_FLV, after(OK, drips(b"#EXTM3U\n" * 9, every=1)), "timeout"),
        (("flv",), after(FLV_HEAD[:-13], drips(FLV_HEADER, every=1)), "timeout"),
        (("obs",), websocket(b"", drips(frame(HELLO), every=1)), "timeout"),
        (("rtmp",), says(b"", drips(HUGE_COMMAND, every=1)), "timeout"),
    ),
    "100 MB": (
        (WITHOUT_FLV, after(OK, pours(b"")), "too_large"),
        (("flv",), after(OK, pours(b"")), "parse"),
        (("obs",), endless_frame(), "too_large"),
        (("rtmp",), says(HUGE_COMMAND, pours(b"")), "too_large"),
        (("tls",), pours(b""), "tls"),
        (("srt",), lambda _: [b"\x80\0" + bytes(60_000)] * 50, "protocol"),
        (("dns",), lambda data: [data[:2] + DAMAGED + data[12:] + b"\xc0" * 60_000] * 50, "parse"),
    ),
    "a header without end": (((*HTTP, "obs"), after(b"HTTP/1.1 200 OK\r\nX: ", pours(b"")), "protocol"),),
    "an answer without end": (
        (("hls", "dash", "picture", "http"), after(PLAYLIST, repeats(b"", b"#\n" * 32768)), "too_large"),
        (SERVERS, after(PLAYLIST, repeats(b"", b"[" * 65536)), "too_large"),
        (("flv",), after(OK, repeats(b"", HTML * 2000)), "parse"),
    ),
    "a packed bomb": (
        (("hls", "picture"), http_bomb(b"#EXTM3U\n"), "too_large"),
        (("http", "dash", *SERVERS), http_bomb(b"<rtmp>"), "too_large"),
        (("flv",), http_bomb(b"FLV?"), "parse"),
    ),
    "a packed bomb that nobody announced": (
        (("hls", "picture"), http_bomb(b"#EXTM3U\n", told=False), "too_large"),
        (SERVERS[:1], http_bomb(b"<rtmp>", told=False), "too_large"),
        (SERVERS[1:], http_bomb(b"[", told=False), "too_large"),
    ),
    "another page": (
        (HTTP, http(HTML, headers="Content-Type: text/html\r\n"), "parse"),
        (("obs",), http(HTML, headers="Content-Type: text/html\r\n"), "protocol"),
        (("rtmp",), after(PLAYLIST), "protocol"),
        (("tls",), after(PLAYLIST), "tls"),
    ),
    "a bomb of XML or JSON": (
        (("nginx_rtmp", "dash"), http(XML_BOMB, headers="Content-Type: text/xml\r\n"), "parse"),
        (SERVERS[1:], http(b"[" * 200_000, headers="Content-Type: application/json\r\n"), "parse"),
        (("obs",), websocket(frame(b"[" * 60_000)), "parse"),
    ),
    "another protocol": (
        ((*HTTP, "obs", "rtmp"), after(b"SSH-2.0-OpenSSH_9.2\r\n"), "protocol"),
        (("tls",), after(b"SSH-2.0-OpenSSH_9.2\r\n"), "tls"),
        (("srt",), lambda _: [b"SSH-2.0-OpenSSH_9.2\r\n"], "protocol"),
        (("dns",), lambda data: [data[:2] + b"SSH-2.0-OpenSSH_9.2\r\n"], "timeout"),  # no answer to a question
    ),
    "a redirect loop": ((HTTP, http(b"", status="302 Found", headers="Location: /a\r\n"), "protocol"),
                        (("obs",), http(b"", status="302 Found", headers="Location: /\r\n"), "protocol")),
    "a wrong password": (
        (HTTP, http(b"", status="401 Unauthorized"), "auth"),
        (("obs",), websocket(frame(HELLO), after(WRONG)), "auth"),
    ),
    "not found": ((HTTP[:5], http(b"", status="404 Not Found"), "http_4xx"),),
    "out of order": (((*HTTP,), http(b"", status="503 Service Unavailable"), "http_5xx"),),
    "falls silent": (
        (("obs",), websocket(frame(HELLO), after(frame(IDENTIFIED))), "timeout"),
        (("rtmp",), says(b""), "timeout"),
        (WITHOUT_FLV, after(OK + b"#EXTM3U\n"), "timeout"),
        (("flv",), after(FLV_HEAD[:-9]), "timeout"),
    ),
    "cut in the middle": (
        (WITHOUT_FLV, after(OK + b"#EXTM3U\n", hangs_up), "connect protocol"),  # one of them
        (("flv",), after(FLV_HEAD + FLV_TAG, hangs_up), "connect"),
        (("obs",), websocket(frame(HELLO)[:9], hangs_up), "connect"),
        (("rtmp",), after(b"\x03" + bytes(99), hangs_up), "connect"),
        (("tls",), after(TLS_HELLO[:50], hangs_up), "connect"),
    ),
    "nobody there": (((*HTTP, "obs", "rtmp", "tls", "tcp", *OVER_UDP), "127.0.0.1:{port}", "connect"),),
    "no such name": (((*HTTP, "obs", "rtmp", "tls", "tcp", "srt"), "stream.invalid:{port}", "dns"),),
}  # fmt: skip


@contextmanager
def bounded_memory(limit: int) -> Iterator[None]:
    """Fails when this process ever took *limit* bytes more than at the beginning (proc(5))."""
    Path("/proc/self/clear_refs").write_text("5")
    before = _peak()
    yield
    assert _peak() - before < limit, f"{(_peak() - before) / 2**20:.0f} MiB more"


def _peak() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


async def met(stack: AsyncExitStack, kind: str, behaviour: Behaviour) -> str:
    """The address of a peer that behaves so."""
    if isinstance(behaviour, str):
        return behaviour.format(port=free_port())
    if kind in OVER_UDP:
        return await stack.enter_async_context(udp_peer(behaviour))  # type: ignore[arg-type]
    return (await stack.enter_async_context(peer(behaviour))).address  # type: ignore[arg-type]


def reasons(page: Page, kind: str) -> set[str]:
    label = "stream" if kind in STREAMS else "server"
    failures = "streamwatch_probe_failures_total"
    return {each for each in REASONS if page.value(failures, probe=kind, reason=each, **{label: kind})}


async def asked(exporter: RunningExporter, kind: str) -> tuple[str, float]:
    """The first word that one look on demand says, and the seconds that it took."""
    started = time.monotonic()
    _, text = await exporter.get(f"/probe?module={kind}&target={kind}&debug=true")
    assert "\nprobe_success 0.0\n" in text
    return text.partition("Log 日志:\n")[2].partition(":")[0], time.monotonic() - started


TOLD_ALL_THE_SAME = {"auth", "http_4xx", "http_5xx", "parse"}  # reasons with which `http` knows a status
TELLS_OF_NOW = tuple(
    f"{prefix}_{part}"
    for prefix, parts in {
        "streamwatch": "hls_ dash_ video_ audio_ segment_ media_ reader_connected reader_handshake reader_first"
        " ingest_publishing ingest_server_c ingest_server_s tls_ dns_a http_",
        "obs": "global output_active streaming scene",
    }.items()
    for part in parts.split()
)


def values_of_now(page: Page) -> list[str]:
    """Samples that say something of a peer that said nothing; counters and histograms tell of the past."""
    found = [line for line in page.text.splitlines() if line.startswith(TELLS_OF_NOW)]
    past = ("_total", "_bucket", "_count", "_sum")
    return [line for line in found if not line.partition("{")[0].endswith(past)]


@pytest.mark.parametrize("name", PEERS)
async def test_every_probe_says_why_it_cannot_tell(tmp_path: Path, name: str) -> None:
    """All beside each other, watched and asked at once; whatever the peer sends, memory stays bounded."""
    expected = {kind: set(words.split()) for kinds, _, words in PEERS[name] for kind in kinds}
    timeout = SHORT if {"timeout"} in expected.values() else LONG
    with bounded_memory(MEMORY):
        async with AsyncExitStack() as stack:
            addresses = {
                kind: await met(stack, kind, behaviour) for kinds, behaviour, _ in PEERS[name] for kind in kinds
            }
            exporter = await stack.enter_async_context(running_exporter(tmp_path, streams_yml(addresses, timeout)))
            answers = dict(
                zip(expected, await asyncio.gather(*(asked(exporter, kind) for kind in expected)), strict=True)
            )
            page = await exporter.until(
                lambda page: all(reasons(page, kind) for kind in expected), within=LONG + 10
            )
    told = {kind: {answers[kind][0]} | reasons(page, kind) for kind in expected}
    assert {kind: why for kind, why in told.items() if not why <= expected[kind]} == {}
    late = {kind: seconds for kind, (_, seconds) in answers.items() if seconds > timeout + SLACK}
    assert late == {}
    known = "streamwatch_http_" if expected.get("http", set()) <= TOLD_ALL_THE_SAME else "nothing"
    assert [line for line in values_of_now(page) if not line.startswith(known)] == []


@pytest.mark.parametrize(("name", "refused"), [("elsewhere.test", {"tls"}), ("localhost", set())])
async def test_a_certificate_for_another_name_is_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, refused: set[str]
) -> None:
    """Of every probe that speaks TLS, although the system trusts its signer; for the right name it is none."""
    authority = Authority(tmp_path / "certificates")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    body = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.ts\n"
    context = authority.sign(name).server_context()
    async with peer(http(body), tls=context) as there:
        kinds = (*HTTP, "tls")
        text = streams_yml(dict.fromkeys(kinds, f"localhost:{there.port}"), LONG, scheme="https")
        async with exporter_process(tmp_path, text) as url:
            page = await until_all_looked(url, kinds)
    assert {kind: reasons(page, kind) & {"tls"} for kind in kinds} == dict.fromkeys(kinds, refused)


async def until_all_looked(url: str, kinds: tuple[str, ...]) -> Page:
    """The page once each probe has looked."""
    deadline = time.monotonic() + 15
    while True:
        try:
            page = Page(await asyncio.to_thread(fetch, url))
            if len(page.values("streamwatch_probe_up")) == len(kinds):
                return page
        except OSError:  # it starts
            pass
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
