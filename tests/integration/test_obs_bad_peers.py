"""What listens where OBS should, and is not OBS, or is one that misbehaves: the right reason, in time."""

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web

from servers.exporter import Page, running_exporter
from servers.free_port import free_port
from servers.obs_stand_in import ObsStandIn, obs_stand_in, raw_peer, text_frame

PASSWORD = "password-of-the-test"
UP, FAILURES = "obs_up", "streamwatch_probe_failures_total"
HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 14\r\n\r\n<h1>Hello</h1>"


def watching(folder: Path, *addresses: str, more: str = "") -> str:
    """A streams.yml with one stream for each address, called a, b, c…"""
    (folder / "password").write_text(PASSWORD + "\n")
    common = f"interval: 0.2, timeout: 1.0{more}"
    lines = [
        f'  - {{id: {id_}, obs: {{address: "{address}", {common}}}}}'
        for id_, address in zip("abcdefghijklmnop", addresses, strict=False)
    ]
    return "streams:\n" + "\n".join(lines)


def failed_with(page: Page, stream: str) -> set[str]:
    reasons = ["dns", "connect", "tls", "timeout", "http_4xx", "http_5xx", "parse", "auth", "protocol", "too_large"]
    return {r for r in reasons if page.value(FAILURES, stream=stream, probe="obs", reason=r)}


def values_of(page: Page) -> set[str]:
    """Names of the OBS metrics that say something of now."""
    past = {UP, "obs_output_reconnects_total", "obs_output_events_total"}
    return {line.partition("{")[0] for line in page.text.splitlines() if line.startswith("obs_")} - past


async def test_what_is_no_obs_cannot_be_told_and_says_why(tmp_path: Path) -> None:
    """Beside each other, so that one that hangs delays no other."""
    async with AsyncExitStack() as stack:
        huge = await stack.enter_async_context(raw_peer(text_frame(100_000_000)))
        peers = [
            (await stack.enter_async_context(raw_peer(hang=True)), "timeout"),
            (await stack.enter_async_context(raw_peer(HTML, pause=1.0)), "timeout"),
            (await stack.enter_async_context(raw_peer(b"\x81\x05 null", pause=1.0)), "timeout"),
            (await stack.enter_async_context(raw_peer(HTML)), "protocol"),
            (await stack.enter_async_context(raw_peer(b"SSH-2.0-OpenSSH_9.2\r\n")), "protocol"),
            (await stack.enter_async_context(raw_peer(b"A" * 100_000_000)), "protocol"),
            (await stack.enter_async_context(raw_peer()), "connect"),
            (await stack.enter_async_context(raw_peer(b"\x82\x02{}", hang=True)), "protocol"),
            (await stack.enter_async_context(raw_peer(b"\x8f\x00", hang=True)), "protocol"),
            (huge, "too_large"),
        ]
        addresses = [peer.address for peer, _ in peers] + [f"127.0.0.1:{free_port()}", "obs.invalid:4455"]
        expected = [{reason} for _, reason in peers] + [{"connect"}]
        async with running_exporter(tmp_path, watching(tmp_path, *addresses)) as exporter:
            page = await exporter.until(
                lambda page: [failed_with(page, id_) for id_ in "abcdefghijk"] == expected, within=6
            )
            page = await exporter.until(lambda page: len(page.values(UP)) == 12)
            assert set(page.values(UP)) == {0}
            assert values_of(page) == set()
            assert failed_with(page, "l") <= {"dns", "timeout"} != set()
        assert huge.sent < 16_000_000


def not_json(peer: ObsStandIn) -> None:
    peer.hello = "<html>"


def nested(peer: ObsStandIn) -> None:
    peer.hello = "[" * 200_000


def a_list(peer: ObsStandIn) -> None:
    peer.hello = "[0]"


def event_first(peer: ObsStandIn) -> None:
    peer.hello = json.dumps({"op": 5, "d": {}})


def version_0(peer: ObsStandIn) -> None:
    peer.hello = json.dumps({"op": 0, "d": {"rpcVersion": 0}})


def strange_challenge(peer: ObsStandIn) -> None:
    peer.hello = json.dumps({"op": 0, "d": {"rpcVersion": 1, "authentication": {"salt": 1}}})


def asks_for_a_password(peer: ObsStandIn) -> None:
    peer.password = PASSWORD


def refuses_version_1(peer: ObsStandIn) -> None:
    peer.close_code = 4010


def not_ready(peer: ObsStandIn) -> None:
    peer.answers["GetStats"] = None


def too_few_answers(peer: ObsStandIn) -> None:
    peer.before_answer = one_answer_too_few


async def one_answer_too_few(socket: web.WebSocketResponse, id_: str) -> None:
    await socket.send_json({"op": 9, "d": {"requestId": id_, "results": []}})


def goes_silent(peer: ObsStandIn) -> None:
    peer.before_answer = nothing_more


async def nothing_more(socket: web.WebSocketResponse, id_: str) -> None:
    await asyncio.Event().wait()


def ends_the_session(peer: ObsStandIn) -> None:
    peer.before_answer = session_over


async def session_over(socket: web.WebSocketResponse, id_: str) -> None:
    await socket.close(code=4011)


MISBEHAVIOURS: list[tuple[Callable[[ObsStandIn], None], str]] = [
    (not_json, "parse"),
    (nested, "parse"),
    (a_list, "parse"),
    (event_first, "protocol"),
    (version_0, "protocol"),
    (strange_challenge, "parse"),
    (asks_for_a_password, "auth"),
    (refuses_version_1, "protocol"),
    (not_ready, "protocol"),
    (too_few_answers, "parse"),
    (goes_silent, "timeout"),
    (ends_the_session, "connect"),
]


async def test_an_obs_that_misbehaves_cannot_be_told_and_says_why(tmp_path: Path) -> None:
    """Each breaks one rule of obs-websocket 5; none leaves a value."""
    async with AsyncExitStack() as stack:
        addresses = []
        for misbehave, _ in MISBEHAVIOURS:
            peer = await stack.enter_async_context(obs_stand_in())
            misbehave(peer)
            addresses.append(peer.address)
        async with running_exporter(tmp_path, watching(tmp_path, *addresses)) as exporter:
            expected = [{reason} for _, reason in MISBEHAVIOURS]
            page = await exporter.until(
                lambda page: [failed_with(page, id_) for id_ in "abcdefghijkl"] == expected, within=6
            )
            assert page.values(UP) == [0] * len(MISBEHAVIOURS)
            assert values_of(page) == set()


async def test_a_wrong_password_is_tried_every_five_seconds_at_most_and_never_written_down(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """OBS shows each refusal to whoever sits before it."""
    caplog.set_level(logging.DEBUG)
    async with obs_stand_in("another password") as peer:
        config = watching(tmp_path, peer.address, more=", password_file: password")
        async with running_exporter(tmp_path, config) as exporter:
            page = await exporter.until(lambda page: failed_with(page, "a") == {"auth"}, within=3)
            _, recent = await exporter.get("/")
            assert "OBS refused the password" in recent
            page = await exporter.until(lambda _: len(peer.connections) >= 2, within=10)
            assert peer.connections[1] - peer.connections[0] >= 5
            _, looked = await exporter.get("/probe?module=obs&target=a&debug=true")
            assert "OBS refused the password" in looked
            assert "probe_success 0" in looked
            assert page.value(UP) == 0
            for text in (caplog.text, recent, looked, page.text):
                assert PASSWORD not in text
                assert peer.address not in text


async def test_answers_to_nobody_and_events_in_between_do_not_disturb(tmp_path: Path) -> None:
    """An answer belongs to its question, whatever comes first."""

    async def chatter(socket: web.WebSocketResponse, id_: str) -> None:
        await socket.send_json({"op": 5, "d": {"eventType": "InputVolumeMeters", "eventData": {"inputs": 7}}})
        for wrong in ("0", "999", None, ["1"]):
            await socket.send_json({"op": 9, "d": {"requestId": wrong, "results": []}})
        await socket.send_json({"op": 7, "d": {"requestId": id_}})
        await socket.send_json({"op": 42, "d": {}})

    async with obs_stand_in(PASSWORD) as peer:
        peer.before_answer = chatter
        config = watching(tmp_path, peer.address, more=", password_file: password")
        async with running_exporter(tmp_path, config) as exporter:
            page = await exporter.until(lambda page: page.value(UP) == 1)
            assert page.value("obs_global_lagged_frames_total") == 1
            assert page.value("obs_global_video_skipped_frames_total") == 2
            assert page.value("obs_output_dropped_frames_total") == 3
            assert failed_with(page, "a") == set()


async def test_events_are_counted_and_told_at_once(tmp_path: Path) -> None:
    """A stop and start between two looks is seen, and one loss with three attempts is one reconnect."""
    async with obs_stand_in() as peer:
        config = watching(tmp_path, peer.address, more=", levels: true").replace("interval: 0.2", "interval: 600")
        async with running_exporter(tmp_path, config) as exporter:
            await exporter.until(lambda page: page.value(UP) == 1)
            await peer.tell("CurrentProgramSceneChanged", sceneName="Slate \ud800")
            await peer.tell("InputMuteStateChanged", inputName="Mic", inputMuted=True)
            await peer.tell("InputMuteStateChanged", inputName="unknown", inputMuted=True)
            await peer.tell("InputVolumeMeters", inputs=[{"inputName": "Mic", "inputLevelsMul": [[0.1, 0.1, 0.9]]}])
            for state in ("STOPPED", "STARTED", "RECONNECTING", "RECONNECTING", "RECONNECTED", "RECONNECTING"):
                await peer.tell("StreamStateChanged", outputState=f"OBS_WEBSOCKET_OUTPUT_{state}")
            await peer.tell("StreamStateChanged", outputState=["strange"])
            await peer.tell("RecordStateChanged", outputState="OBS_WEBSOCKET_OUTPUT_PAUSED")
            page = await exporter.until(
                lambda page: page.value("obs_output_events_total", output="record", event="paused") == 1
            )
            assert page.value("obs_output_reconnects_total") == 2
            assert page.value("obs_output_events_total", output="stream", event="stopped") == 1
            assert page.value("obs_output_events_total", output="stream", event="started") == 1
            assert page.values("obs_scene_info", scene="Slate ?") == page.values("obs_scene_info") == [1]
            assert page.values("obs_input_muted") == page.values("obs_input_muted", input="Mic") == [1]
            assert page.value("obs_input_level_dbfs", input="Mic", channel="0") == pytest.approx(-20)


async def test_an_obs_that_is_no_longer_configured_leaves_no_series(tmp_path: Path) -> None:
    """And its connection is ended."""
    async with obs_stand_in() as peer:
        config = watching(tmp_path, peer.address)
        async with running_exporter(tmp_path, config) as exporter:
            await exporter.until(lambda page: page.value(UP) == 1)
            exporter.config.write_text(exporter.config.read_text().partition("streams:")[0])
            status, _ = await exporter.post("/-/reload")
            assert status == 200
            page = await exporter.page()
            assert not [line for line in page.text.splitlines() if line.startswith("obs_")]
            await exporter.until(lambda _: not peer.listeners)
