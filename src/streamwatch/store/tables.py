"""The tables. Instants are whole microseconds since 1970 in UTC: sortable, exact, the same in every database."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    text,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(at: datetime) -> int:
    """How an instant is stored."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone cannot be stored")
    return (at - EPOCH) // timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware datetime; a naive one is a mistake of ours and is refused."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else micros(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else EPOCH + timedelta(microseconds=value)


metadata = MetaData()

# SQLite counts rows by itself only for INTEGER PRIMARY KEY.
_ID = BigInteger().with_variant(Integer(), "sqlite")

inbox = Table(
    "inbox",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("source", String(40), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("folded", Integer, nullable=False, server_default="0"),  # how many of its alerts are folded
    Column("urgent", Integer, nullable=False, server_default="0"),  # how many urgent alerts of it wait
    Column("ahead", Integer, nullable=False, server_default="0"),  # before this one they were folded out of turn
    Column("folded_at", Instant),
    Column("trouble", Text),  # why it could not be folded: kept for people, never dropped
)
Index(
    "inbox_waiting", inbox.c.id, sqlite_where=text("folded_at IS NULL"), postgresql_where=text("folded_at IS NULL")
)
_URGENT = text("urgent > 0 AND folded_at IS NULL")
Index("inbox_urgent", inbox.c.id, sqlite_where=_URGENT, postgresql_where=_URGENT)

episode = Table(
    "episode",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("starts_at", Instant, primary_key=True),
    Column("incident_id", _ID, ForeignKey("incident.id"), index=True),
    Column("status", String(10), nullable=False),
    Column("severity", String(2), nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("ends_at", Instant),
    Column("labels", JSON, nullable=False),
    Column("annotations", JSON, nullable=False),
    Column("seen", Integer, nullable=False),
)

incident = Table(
    "incident",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("open_key", Text, unique=True),  # stream and procedure while it is not over, so that there is one
    Column("stream", Text, nullable=False, index=True),
    Column("procedure", Text, nullable=False),
    Column("hop", Text, nullable=False),
    Column("severity", String(2), nullable=False),
    Column("role", Text, nullable=False),
    Column("alertname", Text, nullable=False),
    Column("summary_zh", Text, nullable=False),
    Column("summary_en", Text, nullable=False),
    Column("runbook_step", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("drill", Boolean, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("called_at", Instant, nullable=False),  # opened, or made more urgent: from here on an ack is awaited
    Column("steps", JSON, nullable=False),  # of the escalation since then
    Column("acknowledged_at", Instant),
    Column("acknowledged_by", Text),
    Column("progressed_at", Instant),  # a sign of work since then keeps the ack alive
    Column("resolved_at", Instant),
    Column("merged_into", _ID, ForeignKey("incident.id"), index=True),  # a live one, or one that is over
    Column("silenced_until", Instant),  # nobody is called for it before
    Column("silences", JSON),  # their ids at Alertmanager
    Column("evidence", JSON),
)

page = Table(
    "page",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("key", Text, unique=True, nullable=False),  # one page per person, incident and occasion
    Column("incident_id", _ID, ForeignKey("incident.id"), index=True),
    Column("person", Text, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("severity", String(2), nullable=False),
    Column("occasion", Text, nullable=False),
    Column("reason_zh", Text, nullable=False),
    Column("reason_en", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("leased_until", Instant),
    Column("contact", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("since", Instant),
    Column("refused", JSON, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("maybe_repeated", Boolean, nullable=False),
    Column("channel", Text),
    Column("carried_by", BigInteger),  # the last try that carried it; one may carry many pages of a person
    Column("delivered_at", Instant),
    Column("provider_id", Text),
    Column("error", Text),
)
Index("page_due", page.c.state, page.c.due_at)
Index("page_carried", page.c.carried_by)

attempt = Table(
    "attempt",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("page_id", _ID, ForeignKey("page.id"), nullable=False, index=True),
    Column("channel", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("outcome", String(20)),  # NULL: started, and no answer was ever recorded
    Column("closed_until", Instant),  # the service takes nothing before this
    Column("detail", Text),
)
Index("attempt_recent", attempt.c.channel, attempt.c.started_at)

timeline = Table(
    "timeline",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("incident_id", _ID, ForeignKey("incident.id"), index=True),
    Column("at", Instant, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("person", Text),
    Column("channel", Text),
    Column("text_zh", Text, nullable=False),
    Column("text_en", Text, nullable=False),
)

evidence_file = Table(
    "evidence_file",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("incident_id", _ID, ForeignKey("incident.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),  # as it was called where it came from
    Column("path", Text, nullable=False),  # below the evidence folder
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("note", Text, nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("added_by", Text, nullable=False),
)

complaint = Table(
    "complaint",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("live_key", Text, unique=True),  # stream and category while the wave goes on, so that there is one
    Column("stream", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("incident_id", _ID, ForeignKey("incident.id"), index=True),
    Column("drill", Boolean, nullable=False),
    Column("opened_at", Instant, nullable=False, index=True),
    Column("users", Integer, nullable=False),  # the most in one minute, and who wrote at all then; 0: not known
    Column("chatters", Integer, nullable=False),
    Column("loud_at", Instant, nullable=False),
    Column("state", String(10), nullable=False),
    Column("taken_at", Instant),
    Column("taken_by", Text),
    Column("answered_at", Instant),
    Column("answered_by", Text),
    Column("note", Text, nullable=False),
    Column("quiet_at", Instant),
)

rating = Table(
    "rating",
    metadata,
    Column("incident_id", _ID, ForeignKey("incident.id"), primary_key=True),
    Column("person", Text, primary_key=True),
    Column("useful", Boolean, nullable=False),  # the page, to whoever was called
    Column("why", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

upload = Table(
    "upload",
    metadata,
    Column("key", Text, primary_key=True),  # under which the object storage keeps it
    Column("path", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("done_at", Instant),
    Column("trouble", Text),  # why the last try failed
)

drill = Table(
    "drill",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("stream", Text, nullable=False),
    Column("fault", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("result", JSON(none_as_null=True)),  # what it showed; NULL: it runs, or was broken off
)

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("seen_at", Instant, nullable=False),
    Column("silent", Boolean, nullable=False),  # told to be over since
)

duty_override = Table(
    "duty_override",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("role", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("stream", Text),  # NULL: all
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Column("made_by", Text),
    Column("made_at", Instant, nullable=False),
    Column("withdrawn_by", Text),
    Column("withdrawn_at", Instant),
)

session_time = Table(
    "session_time",
    metadata,
    Column("session", Text, primary_key=True),  # its id in duty.yml
    Column("started_at", Instant),
    Column("ended_at", Instant),  # may lie ahead
    Column("said_by", Text),
    Column("said_at", Instant, nullable=False),
)

review = Table(
    "review",
    metadata,
    Column("session", Text, primary_key=True),  # its id in duty.yml
    Column("ended_at", Instant, primary_key=True),  # told later, it is another review
    Column("stream", Text, nullable=False, index=True),
    Column("stem", Text, unique=True, nullable=False),  # how the names of its files begin
    Column("begun_at", Instant, nullable=False),
    Column("written_at", Instant),  # NULL: not whole, to be written again
    Column("files", JSON(none_as_null=True)),  # their names
    Column("numbers", JSON(none_as_null=True)),  # what is compared with later sessions
)

action = Table(
    "action",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("text", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("due", String(10), nullable=False),  # a day of the team's zone, ISO 8601
    Column("stream", Text),  # NULL: of none in particular
    Column("session", Text),
    Column("incident_id", BigInteger),  # which may be deleted while this stays
    Column("added_at", Instant, nullable=False),
    Column("added_by", Text),
    Column("done_at", Instant),
    Column("done_by", Text),
)

press = Table(
    "press",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("id", Text, primary_key=True),  # as the service names it
    Column("person", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("outcome", Text, nullable=False),
)

listened = Table(
    "listened",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("place", Text, nullable=False),  # as the service names it: what comes before it is done
    Column("at", Instant, nullable=False),
)

console_session = Table(
    "console_session",
    metadata,
    Column("key", String(64), primary_key=True),  # SHA-256 of what the cookie holds, which is kept nowhere
    Column("account", Text, nullable=False),
    Column("proof", String(64), nullable=False),  # of the passphrase it began with: another one ends it
    Column("started_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("left_at", Instant),
)

audit = Table(
    "audit",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("act", String(24), nullable=False),
    Column("how", String(10), nullable=False),  # it is known who it was
    Column("name", Text),  # of the account, the token, or whom a link was for
    Column("person", Text),  # of duty.yml, in whose name it was done
    Column("incident_id", BigInteger, index=True),
    Column("what", Text, nullable=False),
    Column("address", Text, nullable=False),
)
