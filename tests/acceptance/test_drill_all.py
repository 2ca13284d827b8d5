"""The fault matrix on the whole chain, by real faults on one running system; then two at once, and a storm."""

import asyncio
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from servers.receiver import until
from servers.stack import Stack
from streamwatch.drill.expected import EXPECTED, P0_WITHIN
from streamwatch.errors import CommandFailed
from streamwatch.message import CALLS
from streamwatch.stack.control import Control, connected

pytestmark = pytest.mark.timeout(1500)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("matrix") / "state")
    stack.wait_ready()
    yield stack
    assert stack.stop() == 0


def test_every_fault_is_one_page_to_the_right_person(stack: Stack) -> None:
    """One incident each, with hop, role, severity, step and time of the table; told to be over; nobody besides."""
    done = stack.command("drill", "all", "--json", timeout=1200)
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    for each in found["drills"]:
        print(*(f"{key} {each[key]}" for key in ("fault", "paged", "resolved", "wrong")), sep=", ")

    assert [each["fault"] for each in found["drills"]] == list(EXPECTED)
    assert {each["fault"]: each["wrong"] for each in found["drills"] if each["wrong"]} == {}
    assert found["unlisted"] == []
    assert all(each["paged"] <= P0_WITHIN for each in found["drills"] if each["severity"] == "P0")
    incidents = {incident for each in found["drills"] for incident in each["incidents"]}
    assert {page["incident_id"] for page in stack.pages()} == incidents
    assert done.returncode == 0


def of(stack: Stack, stream: str, began: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stack.api("/incidents", stream=stream, since=began)["incidents"]
    return found


def test_two_faults_at_once_and_a_storm_of_complaints(stack: Stack) -> None:
    """Each stream its incident, each person their own; what viewers write of it is kept, and calls nobody."""
    asyncio.run(_two_at_once(stack))


async def _two_at_once(stack: Stack) -> None:
    rang = len(stack.pages())
    async with connected(stack.state / "run" / "control.sock") as control:
        await control.ask("prepare", acts={"viewer_drop": "drill-viewers"})
        watched = 'min_over_time(stream:viewers:sum{stream="drill-viewers"}[10s]) > 100'
        await asyncio.to_thread(until, lambda: stack.query(watched), 120)
        began = await _break(control, "encoder_crash", "demo")
        await _break(control, "viewer_drop", "drill-viewers")
        await asyncio.to_thread(until, lambda: sum(each["kind"] in CALLS for each in stack.pages()[rang:]) >= 2, 90)
        await _break(control, "complaint_storm", "demo")
        (incident,) = await asyncio.to_thread(
            until, lambda: [each for each in of(stack, "demo", began) if each["evidence"]], 60
        )
        for fault in ("complaint_storm", "encoder_crash", "viewer_drop"):
            await control.ask("restore", fault=fault)
        for stream in ("demo", "drill-viewers"):
            await asyncio.to_thread(until, lambda where=stream: _over(stack, where, began), 120)

    assert (incident["evidence"]["lag"]["users"], incident["evidence"]["lag"]["chatters"]) == (60, 300)
    assert "好卡啊" in incident["evidence"]["lag"]["samples"]
    heard = [(page["kind"], page["stream"], page["to"], page["runbook_step"]) for page in stack.pages()[rang:]]
    assert {kind for kind, _, to, _ in heard if to == "charlie"} <= {"told", "over", "digest"}  # not called
    assert sorted(each for each in heard if each[2] != "charlie") == [
        ("firing", "demo", "alice", "publisher-gone"),
        ("firing", "drill-viewers", "bob", "viewers-leaving"),
        ("over", "demo", "alice", "publisher-gone"),
        ("over", "drill-viewers", "bob", "viewers-leaving"),
    ]


def test_a_stage_stands_for_one_stream_of_a_fault(stack: Stack) -> None:
    """Another drill is told whose turn it is; when that is over, the stage is set for its own stream."""
    asyncio.run(_one_stage(stack))


async def _one_stage(stack: Stack) -> None:
    socket = stack.state / "run" / "control.sock"
    async with connected(socket) as control, connected(socket) as other:
        await other.ask("prepare", acts={"segments_missing": "drill-here"})
        with pytest.raises(CommandFailed, match="another drill plays segments_missing on stream drill-here"):
            await control.ask("prepare", acts={"segments_missing": "drill-there"})
    there = await asyncio.to_thread(until, lambda: asyncio.run(_sets(stack, "segments_missing", "drill-there")), 60)
    assert there == {"publisher-drill-there"}


async def _sets(stack: Stack, fault: str, stream: str) -> set[str]:
    """Who publishes on the stage that was set; nobody while it is another's turn."""
    async with connected(stack.state / "run" / "control.sock") as control:
        try:
            await control.ask("prepare", acts={fault: stream})
        except CommandFailed:
            return set()
        return {name for name in (await control.ask("status"))["parts"] if name.startswith("publisher-")}


async def _break(control: Control, fault: str, stream: str) -> str:
    return str(datetime.fromisoformat((await control.ask("inject", fault=fault, stream=stream))["injected_at"]))


def _over(stack: Stack, stream: str, began: str) -> bool:
    found = of(stack, stream, began)
    return (
        bool(found)
        and all(each["state"] == "resolved" for each in found)
        and all(_heard_the_end(each) for each in found)
    )


def _heard_the_end(incident: dict[str, Any]) -> bool:
    heard = {page["person"] for page in incident["pages"] if page["kind"] == "over" and page["delivered_at"]}
    return heard >= {page["person"] for page in incident["pages"] if page["kind"] in CALLS}
