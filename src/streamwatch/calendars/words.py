"""How the parts of a session are called in a table's first line and in a calendar's event, in both languages."""

import unicodedata

from streamwatch.duty import ROLES
from streamwatch.vocabulary import ROLES as ROLE_WORDS

FIELDS: dict[str, tuple[str, ...]] = {
    "id": ("id", "session", "场次", "场次编号", "编号"),
    "stream": ("stream", "room", "直播间"),
    "start": ("start", "begin", "开始", "开始时间", "开播", "开播时间"),
    "end": ("end", "结束", "结束时间", "下播", "下播时间"),
    "title": ("title", "标题", "名称", "主题"),
    "expected_viewers": ("expected_viewers", "expected viewers", "viewers", "预计观众", "预计观众数", "预计人数"),
    "rehearsal": ("rehearsal", "彩排"),
    "slate": ("slate", "垫片"),
    "silence": ("silence", "静音"),
    **{role: (role, ROLE_WORDS[role].zh, ROLE_WORDS[role].en) for role in ROLES},
}
NEEDED = ("id", "stream", "start", "end")
FIELD_OF = {word: field for field, words in FIELDS.items() for word in words}


def field_of(word: str) -> str | None:
    """Which part *word* means, in any case and width; None for a column of somebody else's."""
    return FIELD_OF.get(" ".join(unicodedata.normalize("NFKC", word).lower().split()))
