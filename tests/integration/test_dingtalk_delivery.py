"""From the alert to DingTalk and back: nothing counts as sent before `errcode` 0 was seen, as the timeline says.

The real channel over httpx to a robot on 127.0.0.1 that answers as scripted; the clock is moved by the test.
"""

from collections.abc import AsyncIterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from servers.dingtalk import DingTalkServer
from servers.stand_in import ELSEWHERE, FIREWALL, HTML, Answer, Request, Script, hang_up, says
from servers.story import NOON, Phone, Story, alert, book, person
from servers.written_page import page
from streamwatch.channels.dingtalk import DingTalk, Settings

MARK = "（可能重复）"


def errcode(code: object, words: str = "as scripted") -> Answer:
    return says({"errcode": code, "errmsg": words})


class Night:
    """Alice is called over a robot of DingTalk, Bob, who is next, over a phone."""

    def __init__(self, folder: Path) -> None:
        people = (person("alice", "robot"), person("bob", "phone"))
        self.story = Story(folder, book(people), robot=Phone(), phone=Phone())
        self.robot = DingTalkServer(self.story.clock)
        settings = Settings(type="dingtalk", url=self.robot.url, secret=self.robot.secret)
        channels: dict[str, Any] = self.story.phones
        channels["robot"] = DingTalk(settings, self.story.http, self.story.clock)

    @property
    def page(self) -> Any:
        """Alice's page, as the database has it."""
        (record,) = self.story.incidents()
        (page,) = [page for page in record.pages if page.person == "alice"]
        return page

    @property
    def asked(self) -> int:
        """How often the robot was asked."""
        return len(self.robot.requests)

    @property
    def outcomes(self) -> dict[str, int]:
        """What the metric counted for the robot."""
        families = self.story.metrics.registry.collect()
        (pages,) = [family for family in families if family.name == "streamwatch_pages"]
        counted = [sample for sample in pages.samples if sample.labels["channel"] == "robot"]
        return {sample.labels["outcome"]: int(sample.value) for sample in counted}

    @property
    def told(self) -> list[tuple[str, str]]:
        """The rows about Alice, from the first try on: kind and the sentence in English."""
        (record,) = self.story.incidents()
        kinds = ("try_failed", "unknown", "dead", "moved_on", "delivered")
        rows = [row for row in record.timeline if row.person == "alice" and row.kind in kinds]
        return [(row.kind, row.text_en) for row in rows]

    def not_sent(self, state: str = "due") -> bool:
        """Nothing that a person or a program could read says that Alice was told."""
        page = self.page
        assert (page.state, page.delivered_at, page.provider_id) == (state, None, None)
        assert "delivered" not in self.outcomes
        assert "delivered" not in [kind for kind, _ in self.told]
        return True

    def sent(self, at: datetime) -> bool:
        """Once, everywhere."""
        page = self.page
        assert (page.state, page.delivered_at, page.error) == ("delivered", at, None)
        assert self.outcomes["delivered"] == 1
        assert self.told[-1] == ("delivered", "alice was told over robot")
        return [kind for kind, _ in self.told].count("delivered") == 1


@pytest.fixture
async def night(tmp_path: Path) -> AsyncIterator[Night]:
    night = Night(tmp_path)
    with closing(night.robot):
        yield night
    await night.story.close()


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


async def test_too_fast_is_sat_out_for_ten_minutes(night: Night) -> None:
    """130101: Bob is called at once, the robot is left alone until the penalty is over, then Alice is told."""
    night.robot.script = [errcode(130101, "send too fast, exceed 20 times per minute")]
    await night.story.push(alert())
    assert night.not_sent()
    assert night.story.phone.heard() == [("bob", "firing")]

    await night.story.wait(590, step=10)
    await night.story.wait(9)
    assert night.not_sent()
    assert (night.asked, night.outcomes) == (1, {"throttled": 1})

    await night.story.wait(1)
    assert night.sent(after(600))
    assert [heard.rang for heard in night.robot.heard] == [("alice",)]
    assert not night.page.maybe_repeated
    why = "code 130101 (the robot must pause): send too fast, exceed 20 times per minute"
    assert night.told == [
        ("try_failed", f"robot did not reach alice: {why}"),
        ("moved_on", "alice is not reached yet: bob called too"),
        ("delivered", "alice was told over robot"),
    ]


async def test_a_month_that_is_used_up_calls_bob_and_is_asked_about_again(night: Night) -> None:
    """90030: Bob is called at once; after an hour the robot is asked once more, and Alice hears of it."""
    night.robot.script = [errcode(90030, "the quota of the organisation is used up")]
    await night.story.push(alert())
    assert night.not_sent()
    assert night.story.phone.heard() == [("bob", "firing")]

    await night.story.wait(3599, step=59)
    assert (night.asked, night.outcomes) == (1, {"throttled": 1})
    await night.story.wait(1)
    assert night.sent(after(3600))


async def test_a_robot_that_was_shut_is_asked_again_when_it_opens(night: Night) -> None:
    """Twenty messages of somebody else in this minute: ours shuts it; when it opens, one message says both."""
    settings = Settings(type="dingtalk", url=night.robot.url, secret=night.robot.secret)
    others = DingTalk(settings, night.story.http, night.story.clock)
    for _ in range(20):
        await others.send(page(), "charlie")
    await night.story.push(alert())
    assert night.not_sent()
    await night.story.push(alert(stream="second"))
    assert night.asked == 21

    await night.story.wait(590, step=59)
    assert night.asked == 21
    await night.story.wait(10)

    pages = [record.pages[0] for record in night.story.incidents()]
    assert [(page.person, page.state) for page in pages] == [("alice", "delivered")] * 2
    assert (night.asked, night.outcomes) == (22, {"throttled": 1, "delivered": 1})
    assert night.story.phone.heard() == [("bob", "firing")] * 2


async def test_refused_for_good_is_dead_at_once_and_bob_is_called(night: Night) -> None:
    """310000: the page is dead, not sent; the robot is never asked again, and the timeline says what to check."""
    night.robot.script = [errcode(310000, "description:关键词不匹配;solution:请联系群管理员查看此机器人的关键词")]
    await night.story.push(alert())

    assert night.not_sent("dead")
    assert night.story.phone.heard() == [("bob", "firing")]
    await night.story.wait(1200, step=60)
    assert night.not_sent("dead")
    assert (night.asked, night.outcomes, night.robot.heard) == (1, {"auth": 1}, [])
    assert night.story.store.standing().pages_dead == 1
    cure = "code 310000 (check the robot's address, secret, keywords and allowed IPs): description:关键词不匹配"
    (dead, moved) = night.told
    assert dead[0] == "dead"
    assert dead[1].startswith(f"alice cannot be reached: {cure}")
    assert moved == ("moved_on", "alice is not reached yet: bob called too")


async def test_a_wrong_secret_is_no_delivery(night: Night) -> None:
    """By the robot's own rules, nothing scripted: a signature that does not match reaches nobody; Bob is called."""
    night.robot.secret = "SECthe-robot-was-made-anew"
    await night.story.push(alert())
    assert night.not_sent("dead")
    assert night.outcomes == {"auth": 1}
    assert night.story.phone.heard() == [("bob", "firing")]


async def test_busy_is_tried_again_with_growing_pauses(night: Night) -> None:
    """-1 three times: after one second, two more, five more; the fourth try is heard."""
    night.robot.script = [errcode(-1, "系统繁忙")] * 3
    await night.story.push(alert())
    for seconds, asked in [(0.9, 1), (0.1, 2), (1.9, 2), (0.1, 3), (4.9, 3)]:
        await night.story.wait(seconds, step=seconds)
        assert (night.asked, night.outcomes) == (asked, {"busy": asked})
        assert night.not_sent()

    await night.story.wait(0.1, step=0.1)

    assert night.sent(after(8))
    assert (night.page.attempts, night.page.maybe_repeated) == (4, False)
    assert night.told[:3] == [("try_failed", "robot did not reach alice: code -1: 系统繁忙")] * 3
    assert night.story.phone.rang == []


async def test_busy_for_too_long_calls_bob_as_well(night: Night) -> None:
    """After 83 seconds of -1 the robot is given up for a while: Bob is called, and Alice still hears of it."""
    night.robot.script = [errcode(-1)] * 6
    await night.story.push(alert())
    await night.story.wait(23)
    await night.story.wait(59, step=59)
    assert (night.asked, night.story.phone.rang) == (5, [])

    await night.story.wait(1)
    assert night.not_sent()
    assert night.story.phone.heard() == [("bob", "firing")]

    await night.story.wait(60, step=20)
    assert night.sent(after(143))
    assert night.outcomes == {"busy": 6, "delivered": 1}


NO_CODE = {
    "a page of HTML": (HTML, "HTTP 200"),
    "a redirect": (ELSEWHERE, "HTTP 302"),
    "a firewall": (FIREWALL, "HTTP 200"),
    "a yes with a 500": (says({"errcode": 0}, status=500), "HTTP 500"),
}


@pytest.mark.parametrize(("answer", "status"), NO_CODE.values(), ids=NO_CODE)
async def test_an_answer_without_a_code_is_tried_again(night: Night, answer: Answer, status: str) -> None:
    """Not the service's own answer: after a second again, and only the zero that then comes is a delivery."""
    night.robot.script = [answer]
    await night.story.push(alert())
    assert night.not_sent()
    assert night.outcomes == {"server_error": 1}

    await night.story.wait(1)

    assert night.sent(after(1))
    assert night.asked == 2
    why = f"{status} without the service's own answer"
    assert night.told[0] == ("try_failed", f"robot did not reach alice: {why}")
    assert not night.page.maybe_repeated


async def test_no_answer_is_sent_again_and_marked(night: Night) -> None:
    """The connection closed after the page went out: not counted as sent, repeated, and the second one says so."""
    night.robot.script = [hang_up]
    await night.story.push(alert())
    assert night.not_sent()
    assert night.page.maybe_repeated
    assert night.outcomes == {"unknown": 1}

    await night.story.wait(1)

    assert night.sent(after(1))
    (heard,) = night.robot.heard
    assert heard.banner.endswith(MARK)
    assert heard.text.splitlines()[0].endswith(MARK)
    assert night.told[0] == ("unknown", "robot gave no answer: the page may repeat")
    assert _repeated(night) == 1


async def test_a_yes_that_got_lost_repeats_marked(night: Night) -> None:
    """The group heard it and the answer never came: it hears it twice, and only the second says "may repeat"."""

    def post_and_hang_up(request: Request) -> None:
        night.robot.answer(request)

    night.robot.script = [post_and_hang_up]
    await night.story.push(alert())
    assert night.not_sent()
    await night.story.wait(1)

    assert night.sent(after(1))
    assert [MARK in heard.banner for heard in night.robot.heard] == [False, True]


async def test_whatever_comes_before_only_zero_is_a_delivery(night: Night) -> None:
    """Busy, HTML, no answer, too fast, then yes: one delivery, each try on the timeline, the mark is kept."""
    script: list[Script] = [errcode(-1), HTML, hang_up, errcode(130101), errcode(987654, "unheard of")]
    night.robot.script = script
    await night.story.push(alert())
    for seconds in (1, 2, 5, 600):
        assert night.not_sent()
        await night.story.wait(seconds, step=min(seconds, 60))
    assert night.asked == 5
    assert night.not_sent()

    await night.story.wait(120, step=60)

    assert night.page.state == "delivered"
    kinds = ["try_failed", "try_failed", "unknown", "try_failed", "moved_on", "try_failed", "delivered"]
    assert [kind for kind, _ in night.told] == kinds
    assert night.outcomes == {"busy": 2, "server_error": 1, "unknown": 1, "throttled": 1, "delivered": 1}
    assert [MARK in heard.banner for heard in night.robot.heard] == [True]


async def test_a_restart_does_not_make_it_sent(night: Night) -> None:
    """Killed while the robot is shut: afterwards the page is still due, at the moment it was due before."""
    night.robot.script = [errcode(130101)]
    await night.story.push(alert())
    await night.story.restart()
    await night.story.wait(590, step=59)
    assert night.not_sent()
    assert night.asked == 1

    await night.story.wait(10)
    assert night.sent(after(600))
    assert len(night.robot.heard) == 1


async def test_a_restart_does_not_forget_the_penalty(night: Night) -> None:
    """Killed while the robot is shut: the page of another stream does not ask it either, for ten minutes."""
    night.robot.script = [errcode(130101)]
    await night.story.push(alert())
    await night.story.restart()
    await night.story.push(alert(stream="other"))
    await night.story.wait(580, step=58)
    assert night.asked == 1

    await night.story.wait(30, step=10)
    assert len(night.robot.heard) == 2


def _repeated(night: Night) -> float | None:
    return night.story.metrics.registry.get_sample_value("streamwatch_pages_maybe_repeated_total")
