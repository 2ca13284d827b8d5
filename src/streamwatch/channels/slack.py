"""Slack: an incoming webhook, or the Web API of an app (chat.postMessage).

Webhook: POST https://hooks.slack.com/services/… answers 200 "ok", or a word such as no_service. It returns no id,
so its pages stand side by side. Web API: 200 for yes and no, `ok` tells which; `ts` names the message, so the
pages of an incident are one thread. The first page stands in the channel itself and so does each later one that
calls somebody (reply_broadcast): a reply that only its thread shows is easily missed. Words from outside are
escaped (`&`, `<`, `>`), and what is left of the markup is made harmless.
With an app-level token a page carries a button that takes it (`slack_presses`).
Limits: about one message a second and channel; 429 with Retry-After.
Source: docs.slack.dev, "Sending messages using incoming webhooks", chat.postMessage, "Rate limits", "Block Kit".
"""

import re
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

import httpx
from pydantic import Field, model_validator

from streamwatch.channels.answer import PAUSE, interloper, pause
from streamwatch.channels.channel import Limit, Reason, Receipt, post_json
from streamwatch.channels.layout import ACK, DO_NOW, defuse, fitting, headline, links, reference
from streamwatch.channels.secret import Url, UrlFile, read_url
from streamwatch.channels.slack_api import ACTION, MEMBER, VERDICTS, Account, Web, refused
from streamwatch.clock import Clock
from streamwatch.language import Language
from streamwatch.message import Earlier, Message

MAX_SECTION = 3000  # characters of one section block
MAX_TEXT = 4000  # characters; Slack asks for no more, and cuts at 40 000
_PIECE = re.compile(r"&[a-z]*$")  # of an entity that was cut

NO_THREAD = ("thread_not_found", "message_not_found", "cannot_reply_to_message")


class Settings(Account):
    """`url` is that of an incoming webhook. Or `token` (xoxb-…): then `channel` is where all pages go, by its id.

    With a token and without `channel`, each page goes to its person in private. `app_token` (xapp-…): buttons.
    """

    type: Literal["slack"]
    url: Url | None = None
    url_file: UrlFile | None = None
    channel: Annotated[str, Field(pattern=r"^[CG][A-Z0-9]{2,20}$")] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = [each for each in (self.url, self.url_file, self.token, self.token_file) if each is not None]
        if len(given) != 1:
            raise ValueError("give url, url_file, token or token_file: one of the four")
        if self.channel and not self.by_token:
            raise ValueError("channel goes with token; a webhook knows its own channel")
        return self


class Slack:
    """`to` is a member id (U…). In a channel anyone else is named and not called; in private it must be one."""

    limits: tuple[Limit, ...] = (Limit(1, timedelta(seconds=1)),)

    def __init__(self, settings: Settings, http: httpx.AsyncClient, clock: Clock) -> None:
        self._web = settings.web(http, clock) if settings.by_token else None
        self._url = self._web.api if self._web else read_url(settings.url, settings.url_file)
        self._channel = settings.channel
        self._buttons = settings.has_buttons
        self._http = http
        self._clock = clock

    async def send(self, message: Message, to: str) -> Receipt:
        if self._web is None:
            reply = await post_json(self._http, self._url, _body(message, to))
            self._check_word(reply)
            return Receipt()
        return await self._post_message(self._web, message, to)

    async def _post_message(self, web: Web, message: Message, to: str) -> Receipt:
        place = self._channel or to
        body = {"channel": place, **_body(message, to if self._channel else "")}
        if self._buttons and message.button:
            body["blocks"] = _blocks(body["text"], message.button, message.language)
        answer = await web.ask("chat.postMessage", {**body, **self._thread(message)})
        if answer.get("error") in NO_THREAD:  # whoever deleted the first page must not hide the next ones
            answer = await web.ask("chat.postMessage", body)
        if answer["ok"]:
            return Receipt(f"{answer.get('channel', place)}:{answer.get('ts', '')}")
        raise web.refusal(str(answer.get("error", "")))

    def _thread(self, message: Message) -> dict[str, Any]:
        """The thread of this incident: in the channel it is everybody's, in private it is the person's own."""
        for earlier in message.thread:
            place, _, stamp = earlier.id.partition(":")
            mine = place == self._channel if self._channel else place.startswith("D") and _same(earlier, message)
            if stamp and mine:
                return {"thread_ts": stamp, "reply_broadcast": not message.all_over}
        return {}

    def _check_word(self, reply: httpx.Response) -> None:
        word = reply.text.strip() if len(reply.content) < 200 else ""
        if reply.status_code == httpx.codes.OK and word == "ok":
            return
        if word not in VERDICTS:
            raise interloper(reply, self._clock())
        throttled = VERDICTS[word] is Reason.THROTTLED
        wait = (pause(reply, self._clock()) or PAUSE) if throttled else None
        raise refused(word, wait, self._url, "")


def _same(earlier: Earlier, message: Message) -> bool:
    return earlier.person == message.person


def _body(message: Message, to: str) -> dict[str, Any]:
    mention = f"<@{to}>" if MEMBER.fullmatch(to) else ""
    text = fitting(message, lambda form: _mrkdwn(form, mention), len, MAX_TEXT)
    return {"text": text, "mrkdwn": True, "unfurl_links": False, "unfurl_media": False}


def _blocks(text: str, button: str, language: Language) -> list[dict[str, Any]]:
    """The same text, and the button below it. `text` beside them is what a phone shows first."""
    sections = [{"type": "section", "text": {"type": "mrkdwn", "text": part}} for part in _parts(text)]
    press = {
        "type": "button",
        "action_id": ACTION,
        "style": "primary",
        "text": {"type": "plain_text", "text": ACK.read_in(language)},
        "value": button,
    }
    return [*sections, {"type": "actions", "elements": [press]}]


def _parts(text: str) -> list[str]:
    """Cut between paragraphs, else between lines, so that no markup is torn."""
    parts = [""]
    for line in text.splitlines(keepends=True):
        if len(parts[-1]) + len(line) > MAX_SECTION and parts[-1]:
            parts.append("")
        parts[-1] += line
    return [_PIECE.sub("", part.strip()[:MAX_SECTION]) for part in parts if part.strip()]


def _mrkdwn(message: Message, mention: str) -> str:
    steps = [f"*{DO_NOW.read_in(message.language)}*", *map(_safe, message.steps)] if message.steps else []
    blocks = [
        f"*{_safe(headline(message))}*",
        mention,
        "\n".join(map(_safe, message.facts)),
        "\n".join(steps),
        "\n".join(f"> {_safe(sample)}" for sample in message.samples),
        "　".join(f"<{_safe_url(url)}|{label}>" for label, url in links(message)),
        reference(message),
    ]
    return "\n\n".join(filter(None, blocks))


def _safe(text: str) -> str:
    """Escaped as Slack asks for; stars and their like become twins, because they have no escape."""
    return defuse(text, "*~`").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _safe_url(url: str) -> str:
    return url.replace("&", "&amp;").replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")
