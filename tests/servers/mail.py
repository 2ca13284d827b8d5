"""A real SMTP server on 127.0.0.1, with TLS and a login if wanted, that refuses when the test asks for it."""

import email
import email.policy
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "streamwatch", "mail-passw0rd-of-streamwatch"


@dataclass(frozen=True)
class Heard:
    """One mail as its reader's program sees it, and whom the envelope names."""

    sender: str
    to: tuple[str, ...]
    mail: EmailMessage
    raw: bytes

    def part(self, kind: str) -> str:
        """The text of the part, "plain" or "html"."""
        part = self.mail.get_body((kind,))
        assert part is not None
        return str(part.get_content())


@dataclass
class MailServer:
    """*refusals* maps a command (MAIL, RCPT, DATA) to the answer that is given once in its place."""

    tls: ssl.SSLContext | None = None
    at_once: bool = False  # TLS from the first byte; else by STARTTLS
    login: bool = False
    refusals: dict[str, str] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    hang_up_at: str = ""
    secrets: tuple[str, ...] = (PASSWORD,)

    def __post_init__(self) -> None:
        starttls = None if self.at_once else self.tls
        handler, server = _Handler(self), _Controller
        self._controller = server(
            handler,
            hostname="127.0.0.1",
            port=0,
            ssl_context=self.tls if self.at_once else None,
            tls_context=starttls,
            require_starttls=starttls is not None,
            # aiosmtpd sees no TLS that was there before it: then a login is checked, and not asked for.
            auth_required=self.login and starttls is not None,
            auth_require_tls=starttls is not None,
            authenticator=_authenticate,
        )
        self._controller.start()
        self.port: int = self._controller.port

    def close(self) -> None:
        self._controller.stop()


class _Controller(Controller):
    def _trigger_server(self) -> None:
        """On the port that was free: it is not known before the server stands."""
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class _Handler:
    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def handle_MAIL(  # noqa: N802  # aiosmtpd's names
        self, server: SMTP, _: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refused := self._scripted(server, "MAIL"):
            return refused
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's names
        self, server: SMTP, _: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refused := self._scripted(server, "RCPT"):
            return refused
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802
        if refused := self._scripted(server, "DATA"):
            return refused
        raw = envelope.content
        assert isinstance(raw, bytes)
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        self._server.heard.append(Heard(envelope.mail_from or "", tuple(envelope.rcpt_tos), mail, raw))
        return "250 2.0.0 queued as 4711"

    def _scripted(self, server: SMTP, command: str) -> str | None:
        if self._server.hang_up_at == command:
            server.transport.close()
        return self._server.refusals.pop(command, None)


def _authenticate(_: SMTP, __: Session, ___: Envelope, ____: str, data: Any) -> AuthResult:
    given = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=given, handled=False)


def settings(server: MailServer, **more: object) -> Mapping[str, object]:
    """For a channel to *server*."""
    return {"type": "email", "host": "127.0.0.1", "port": server.port, "sender": "live@example.org", **more}
