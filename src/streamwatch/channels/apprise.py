"""Apprise: some hundred more services, by one library. An extra: pip install 'streamwatch[apprise]'.

Its yes is weak: for several services it is said without a look at what was answered, also when they refused. So a
page that went this way is marked as unconfirmed; give the person another contact as well. Its no names no reason.
Source: github.com/caronc/apprise (2.2.0 was tried with services that refuse inside an HTTP 200).
"""

import asyncio
import logging
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, Self

import httpx
from pydantic import model_validator

from streamwatch.channels.channel import SEND_TIMEOUT, ChannelError, Limit, Reason, Receipt
from streamwatch.channels.layout import DO_NOW, fitting, headline, links, reference
from streamwatch.channels.secret import Common, Secret, SecretFile, exactly_one, read_secret
from streamwatch.clock import Clock
from streamwatch.message import Message

UNCONFIRMED = "unconfirmed"
MAX_TEXT = 2000  # characters; what most of its services take
AT_ONCE = 4  # threads: a service that hangs holds one of them, and nothing else in the receiver

logging.getLogger("apprise").disabled = True  # it writes addresses, and they hold passwords


class Settings(Common):
    """`url` is an Apprise address, such as gotify://host/token."""

    type: Literal["apprise"]
    url: Secret | None = None
    url_file: SecretFile | None = None

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        exactly_one("url", self.url, self.url_file)
        return self


class Apprise:
    """`to` is not used: the address says who hears it."""

    limits: tuple[Limit, ...] = ()

    def __init__(self, settings: Settings, http: httpx.AsyncClient, clock: Clock) -> None:
        self._library = _open(read_secret(settings.url, settings.url_file))
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="apprise")

    async def send(self, message: Message, to: str) -> Receipt:
        body = fitting(message, _text, len, MAX_TEXT)
        loop = asyncio.get_running_loop()
        sent = loop.run_in_executor(self._threads, self._notify, headline(message), body)
        try:
            said = await asyncio.wait_for(sent, SEND_TIMEOUT)
        except TimeoutError:
            raise ChannelError("no answer (apprise)", reason=Reason.UNKNOWN) from None
        if not said:
            raise ChannelError("apprise could not send it, and does not say why", reason=Reason.BUSY)
        return Receipt(UNCONFIRMED, confirmed=False)

    def _notify(self, title: str, body: str) -> bool:
        return bool(self._library.notify(title=title, body=body))


def _open(address: str) -> Any:
    with warnings.catch_warnings(action="ignore"):  # it imports what Python will drop
        try:
            import apprise  # an extra: who does not use it does not install it
        except ImportError:
            raise ValueError("apprise is not installed; pip install 'streamwatch[apprise]'") from None
        library = apprise.Apprise()
        if not library.add(address):
            raise ValueError("apprise does not know this address; see its list of services")
        return library


def _text(message: Message) -> str:
    steps = [DO_NOW.read_in(message.language), *message.steps] if message.steps else []
    ours = [f"{label} {url}" for label, url in links(message)]
    return "\n".join([*message.facts, *steps, *message.samples, *ours, reference(message)])
