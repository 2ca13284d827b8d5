"""What the terminal of `make up` shows: names, roles in words, and the time of duty.yml's zone."""

import io
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from streamwatch.language import Language
from streamwatch.stack.ports import DEFAULTS
from streamwatch.stack.screen import Screen

DUTY = [
    {"role": "tech", "people": ["alice"], "names": ["Alice"], "backup": ["bob"], "backup_names": ["Bob"]},
    {"role": "ops", "people": ["bob"], "names": ["Bob"], "backup": [], "backup_names": []},
]
PAGE = {
    "incident_id": "4", "person": "bob", "to": "13800000002", "title": "【P0】demo 推流断开", "text": "环节：接入",
    "ack_url": None, "severity": "P0", "kind": "firing", "language": "en",
}  # fmt: skip


class Answers:
    """The receiver, as far as the table needs it, in Kathmandu: a zone that no test machine has."""

    async def get(self, part: str, path: str) -> "Answers":
        return self

    def json(self) -> dict[str, Any]:
        return {"at": datetime.now(ZoneInfo("Asia/Kathmandu")).isoformat(), "duty": DUTY}


async def shown(terminal: Language, **page: str) -> str:
    """The table, then Bob's phone."""
    paper = io.StringIO()
    screen = Screen(Console(file=paper, width=120), terminal)
    await screen.ready(DEFAULTS, Answers(), 1.0)  # type: ignore[arg-type]  # it asks one thing
    screen.ring(PAGE | page)
    return paper.getvalue()


@pytest.mark.parametrize(("language", "words"), [("zh", "技术：Alice  运营：Bob"), ("en", "tech: Alice  ops: Bob")])
async def test_the_table_names_roles_and_people(language: Language, words: str) -> None:
    """As people say them, and no ids."""
    assert words in await shown(language)


async def test_a_page_names_its_person_and_incident() -> None:
    """The number is what `streamwatch ack` asks for; the person is no phone number."""
    text = await shown("zh")

    assert "Bob 的手机" in text
    assert "事件 #4" in text
    assert "13800000002" not in text


async def test_a_page_rings_at_the_time_of_the_duty_list() -> None:
    """Whoever looks at the terminal reads the same time as in the page."""
    before = datetime.now(ZoneInfo("Asia/Kathmandu"))
    text = await shown("zh")
    after = datetime.now(ZoneInfo("Asia/Kathmandu"))

    assert f"{before:%H:%M}" in text or f"{after:%H:%M}" in text


@pytest.mark.parametrize(("language", "words"), [("zh", "认领："), ("en", "take it: ")])
async def test_the_link_stands_whole_on_a_line_in_the_language_of_its_reader(language: str, words: str) -> None:
    """Longer than the terminal is wide, it is copied and clicked as one; whatever language the terminal speaks."""
    link = "http://127.0.0.1:8780/a/" + "eyJ[bold]" * 30
    text = await shown("en" if language == "zh" else "zh", language=language, ack_url=link)

    assert f"{words}{link}" in text.splitlines()
