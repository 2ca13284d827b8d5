"""A page as a Feishu card (JSON 1.0): a coloured head, the words, a button that opens the ack link. 飞书卡片。

One card holds both languages (`i18n_header`, `i18n_elements`), of which Feishu shows each reader their own. Words
from outside are `plain_text`, in which nothing is markup; only the call of the person and our own are `lark_md`.
Buttons of a group bot open addresses and report nothing back.
Source: open.feishu.cn, "Card JSON 1.0 structure", "Multilingual cards", "Title component" (template).
"""

from collections.abc import Mapping
from typing import Any

from streamwatch.channels.layout import DO_NOW, defuse, headline, links, reference
from streamwatch.message import Message

# The word stands beside it in the title: a colour alone tells nothing to many people.
COLOURS = {"P0": "red", "P1": "orange", "P2": "yellow", "P3": "blue"}
OVER, TEST = "green", "grey"


def colour(message: Message) -> str:
    if message.all_over:
        return OVER
    if message.wakes_nobody:
        return COLOURS["P3"]
    return TEST if message.kind == "test" else COLOURS.get(message.severity, TEST)


def head(message: Message) -> dict[str, Any]:
    return {"title": _plain(headline(message)), "template": colour(message)}


def elements(message: Message, called: str) -> list[dict[str, Any]]:
    """Below the head, in the order of all channels. *called* is an open id, "" for nobody."""
    steps = [_div(_ours(f"**{DO_NOW.read_in(message.language)}**")), _lines(message.steps)] if message.steps else []
    return [
        *([_div(_ours(f"<at id={called}></at>"))] if called else []),
        *([_lines(message.facts)] if message.facts else []),
        *steps,
        *([{"tag": "hr"}, _lines(message.samples)] if message.samples else []),
        *_buttons(message),
        {"tag": "note", "elements": [_plain(reference(message))]},
    ]


def _buttons(message: Message) -> list[dict[str, Any]]:
    """The one to press first is the blue one."""
    buttons = [
        {"tag": "button", "text": _plain(label), "type": "default" if index else "primary", "url": url}
        for index, (label, url) in enumerate(links(message))
    ]
    return [{"tag": "action", "actions": buttons}] if buttons else []


def card(parts: Mapping[str, tuple[dict[str, Any], list[dict[str, Any]]]]) -> dict[str, Any]:
    """Head and elements by locale."""
    return {
        "config": {"wide_screen_mode": True},
        "i18n_header": {locale: top for locale, (top, _) in parts.items()},
        "i18n_elements": {locale: below for locale, (_, below) in parts.items()},
    }


def _lines(lines: tuple[str, ...]) -> dict[str, Any]:
    return _div(_plain("\n".join(lines)))


def _div(text: dict[str, str]) -> dict[str, Any]:
    return {"tag": "div", "text": text}


def _plain(text: str) -> dict[str, str]:
    """Plain by the documentation; tags are still kept from being tags."""
    return {"tag": "plain_text", "content": defuse(text, "<>")}


def _ours(text: str) -> dict[str, str]:
    return {"tag": "lark_md", "content": text}
