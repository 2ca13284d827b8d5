"""How the parts of a session are called in a table's first line and in a calendar's event, in both languages."""

import unicodedata
from collections.abc import Iterable

from streamwatch.duty import ROLES
from streamwatch.vocabulary import ROLES as ROLE_WORDS

ROOM = "room"
FIELDS: dict[str, tuple[str, ...]] = {
    "id": ("id", "session", "场次", "场次编号", "编号"),
    "stream": ("stream", "直播间"),
    "start": ("start", "begin", "开始", "开始时间", "开播", "开播时间"),
    "end": ("end", "结束", "结束时间", "下播", "下播时间"),
    "title": ("title", "标题", "名称", "主题"),
    "expected_viewers": ("expected_viewers", "expected viewers", "viewers", "预计观众", "预计观众数", "预计人数"),
    "platform": ("platform", "平台", "直播平台"),
    "room": (ROOM, "房间号", "直播间号"),
    "site": ("site", "place", "地点", "场地"),
    "rehearsal": ("rehearsal", "彩排"),
    "slate": ("slate", "垫片"),
    "silence": ("silence", "静音"),
    "rundown": ("rundown", "流程", "流程表"),
    **{role: (role, ROLE_WORDS[role].zh, ROLE_WORDS[role].en) for role in ROLES},
}
NEEDED = ("id", "stream", "start", "end")
FIELD_OF = {word: field for field, words in FIELDS.items() for word in words}


def fields_of(words: Iterable[str]) -> list[str | None]:
    """Which part each of *words* means, in any case and width; None for a column of somebody else's.

    `room` is the stream where no other word is: so people write it who have one room.
    """
    plain = [" ".join(unicodedata.normalize("NFKC", word).lower().split()) for word in words]
    found = [FIELD_OF.get(word) for word in plain]
    if "stream" in found:
        return found
    return ["stream" if word == ROOM else field for word, field in zip(plain, found, strict=True)]
