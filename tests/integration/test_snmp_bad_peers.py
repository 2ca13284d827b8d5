"""SNMP agents that nobody wants, and what the exporter does not do then: wait, fill its memory, believe."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import api

from servers.exporter import Page, running_exporter
from servers.free_port import free_port
from streamwatch_exporters import snmp
from streamwatch_exporters.snmp_modules import IF_NAME

UP, FAILURES, RUNS = (f"streamwatch_probe_{part}" for part in ("up", "failures_total", "runs_total"))
V2C = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]

Answering = Callable[[bytes], list[bytes]]


class Agent(asyncio.DatagramProtocol):
    """Answers every datagram by a function of the test."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        for answer in self._answering(data):
            self._transport.sendto(answer, address)


@asynccontextmanager
async def agent(answering: Answering) -> AsyncIterator[int]:
    """Its port."""
    made = asyncio.get_running_loop().create_datagram_endpoint(lambda: Agent(answering), ("127.0.0.1", 0))
    transport, _ = await made
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


def watching(folder: Path, port: int, timeout: float = 0.6) -> str:
    (folder / "community").write_text("community-of-the-test\n")
    head = f'address: "127.0.0.1:{port}", community_file: community, interval: 0.2, timeout: {timeout}'
    return f"hosts:\n  - {{id: bad, snmp: {{{head}, kind: switch, interfaces: [uplink]}}}}\n"


def failed_with(page: Page) -> set[str]:
    return {reason for reason in page.label_values("reason") if page.value(FAILURES, server="bad", reason=reason)}


def response(asked: bytes, rows: list[tuple[str, str]], *, other_request: int = 0) -> bytes:
    """A proper answer to a question, with whatever rows."""
    message, _ = decoder.decode(asked, asn1Spec=V2C.Message())
    answer = V2C.apiMessage.get_response(message)
    pdu = V2C.apiMessage.get_pdu(answer)
    V2C.apiPDU.set_request_id(pdu, int(V2C.apiPDU.get_request_id(pdu)) + other_request)
    V2C.apiPDU.set_varbinds(pdu, [(oid, V2C.OctetString(text)) for oid, text in rows])
    return bytes(encoder.encode(answer))


def asked_for(asked: bytes) -> str:
    message, _ = decoder.decode(asked, asn1Spec=V2C.Message())
    return str(V2C.apiPDU.get_varbinds(V2C.apiMessage.get_pdu(message))[0][0])


def endless(asked: bytes) -> list[bytes]:
    """A table that always has another row."""
    last = asked_for(asked).removeprefix(IF_NAME).strip(".")
    first = int(last or 0) + 1
    return [response(asked, [(f"{IF_NAME}.{n}", f"port {n}") for n in range(first, first + 24)])]


BAD: dict[str, tuple[Answering, str]] = {
    "silent": (lambda _: [], "timeout"),
    "noise": (lambda _: [b"\xff\x00HTTP/1.1 200 OK\r\n" * 3], "timeout"),
    "a large noise": (lambda _: [b"0" * 65_000], "timeout"),
    "an echo": (lambda asked: [asked], "timeout"),
    "half an answer": (lambda asked: [response(asked, [(f"{IF_NAME}.1", "uplink")])[:-9]], "timeout"),
    "a flood": (lambda _: [b"\x30\x82\x01\x00" + b"x" * 1200] * 50, "timeout"),
    "the answer to another question": (
        lambda asked: [response(asked, [(f"{IF_NAME}.1", "uplink")], other_request=1)],
        "timeout",
    ),
    "circles": (lambda asked: [response(asked, [(f"{IF_NAME}.1", "uplink")] * 2)], "protocol"),
    "endless": (endless, "too_large"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_agent_is_a_reason_within_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Nothing is exported for it, and nothing of it is logged but the reason."""
    monkeypatch.setattr(snmp, "_MAX_INTERFACES", 50)
    answering, reason = BAD[name]
    async with agent(answering) as port, running_exporter(tmp_path, watching(tmp_path, port)) as exporter:
        page = await exporter.until(lambda page: reason in failed_with(page))
        assert failed_with(page) <= {reason, "timeout"}  # on a busy machine even this peer may be too slow at first
        assert page.value(UP, server="bad") == 0
        assert "streamwatch_interface_" not in "".join(
            line for line in page.text.splitlines() if not line.startswith("#")
        )
    assert not [record for record in caplog.records if record.name == "asyncio"]
    assert str(port) not in caplog.text


async def test_nobody_at_the_port_is_silence(tmp_path: Path) -> None:
    """UDP does not say that nobody listens, or not to us."""
    async with running_exporter(tmp_path, watching(tmp_path, free_port(), timeout=0.4)) as exporter:
        page = await exporter.until(lambda page: page.value(UP, server="bad") == 0)
        assert failed_with(page) == {"timeout"}


async def test_a_name_that_does_not_exist_is_told_as_such(tmp_path: Path) -> None:
    """Before anything is sent."""
    config = watching(tmp_path, 161).replace("127.0.0.1", "no-such-host.invalid")
    async with running_exporter(tmp_path, config) as exporter:
        page = await exporter.until(lambda page: page.value(UP, server="bad") == 0)
        assert failed_with(page) == {"dns"}


async def test_without_the_extra_it_says_which_one_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exporter runs without it, and says so at each look."""

    real = importlib.import_module

    def missing(name: str) -> Any:
        if name.startswith("pysnmp"):
            raise ModuleNotFoundError(name=name)
        return real(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    async with running_exporter(tmp_path, watching(tmp_path, 161)) as exporter:
        page = await exporter.until(lambda page: page.value(UP, server="bad") == 0)
        assert failed_with(page) == {"protocol"}
        assert "streamwatch-exporters[snmp]" in (await exporter.get("/"))[1].replace("&#x27;", "'")
