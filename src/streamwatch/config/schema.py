"""duty.yml as it is written: names, types and defaults. What they mean together is in `duty_book` and `load`."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, HttpUrl

from streamwatch.alert import Severity
from streamwatch.channels import ChannelSettings
from streamwatch.config.console import PARTS as CONSOLE_PARTS
from streamwatch.config.console import AnyToken, ConsolePart
from streamwatch.config.inform import InformPart
from streamwatch.config.roster import (
    PARTS,
    AwayPart,
    CalledRole,
    DrillPart,
    OverridePart,
    People,
    PersonPart,
    Role,
    RotationPart,
    SessionPart,
    StreamPart,
    Zone,
)
from streamwatch.config.roster import Part as _Part
from streamwatch.delivering import rounds
from streamwatch.incidents import informing
from streamwatch.incidents.adoption import Adoption
from streamwatch.incidents.adoption import Step as Stage
from streamwatch.incidents.escalation import DEFAULT, LEASES, REMINDERS, Leases, Policy, Reminders, Step, Whom
from streamwatch.watching.drill_calendar import Planned


def _address(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isdigit() and int(port) < 65536):
        raise ValueError("write host:port, as in 127.0.0.1:8780")
    return text


Address = Annotated[str, AfterValidator(_address)]


class ExporterPart(_Part):
    url: HttpUrl
    token_file: Path


class ServerPart(_Part):
    url: HttpUrl


class StepPart(_Part):
    """`after` is seconds without an ack."""

    after: Annotated[float, Field(gt=0, le=86_400)]
    call: Whom

    def as_step(self) -> Step:
        return Step(timedelta(seconds=self.after), self.call)


class AlertmanagerPart(ServerPart):
    """`receiver` is the name in alertmanager.yml under which our webhook stands."""

    receiver: str = "streamwatch"


class DeliveryPart(_Part):
    """`together: false` sends each page by itself, however many there are: for machines, not for people.

    `ack_holds` is seconds without a sign of work after which an ack runs out, `remind_every` seconds after which
    everyone is called again while nobody has taken it; 0 is never. `notes_at` are the times of day at which P3 is
    told; none: at once.
    """

    together: bool = True
    ack_holds: dict[Severity, Annotated[float, Field(ge=0, le=86_400)]] = Field(default_factory=dict)
    remind_every: dict[Severity, Annotated[float, Field(ge=0, le=86_400)]] = Field(default_factory=dict)
    notes_at: tuple[time, ...] = rounds.DEFAULT

    @property
    def leases(self) -> Leases:
        """What is not said of a severity is as usual."""
        return _as_said(LEASES, self.ack_holds)

    @property
    def reminders(self) -> Reminders:
        """What is not said of a severity is as usual."""
        return _as_said(REMINDERS, self.remind_every)


def _as_said(usual: Mapping[Severity, timedelta], said: Mapping[Severity, float]) -> dict[Severity, timedelta]:
    """*said* in seconds; what is zero is left out."""
    spans = {**usual, **{severity: timedelta(seconds=seconds) for severity, seconds in said.items()}}
    return {severity: span for severity, span in spans.items() if span}


def _adopted(value: Any) -> Any:
    """One word for all procedures, or a word for each and one for all others."""
    return {"default": value} if isinstance(value, str) else value


VOICE = ("aliyun_voice", "twilio_voice")


class CanaryPart(_Part):
    """Who gets the daily test page, and when, by the file's zone."""

    person: str
    at: time = time(10)


class LifeSignPart(_Part):
    """Where a watcher elsewhere is told that the receiver lives, and how often, in seconds."""

    url_file: Path
    every: Annotated[float, Field(ge=10, le=86_400)] = 60.0


class VersionsPart(_Part):
    """Where `streamwatch versions` asks: Grafana, and the package index (its address may hold a password)."""

    grafana: HttpUrl | None = None
    index_url_file: Path | None = None


class S3Part(_Part):
    """A bucket of anything that speaks S3. The keys stand in files of their own."""

    endpoint: HttpUrl
    bucket: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$")]
    access_key_file: Path
    secret_key_file: Path
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")] = "us-east-1"


class StoragePart(_Part):
    s3: S3Part


class DutyFile(_Part):
    """The whole file."""

    listen: Address = "127.0.0.1:8780"
    public_url: HttpUrl = HttpUrl("http://127.0.0.1:8780")
    database: str = "sqlite:///streamwatch.db"
    timezone: Zone = "Asia/Shanghai"
    alert_rules: Path
    token_files: Annotated[tuple[AnyToken, ...], Field(min_length=1)]
    link_key_file: Path
    console_password_file: Path | None = None
    console: ConsolePart = ConsolePart()
    exporter: ExporterPart | None = None
    alertmanager: AlertmanagerPart | None = None
    prometheus: ServerPart | None = None
    life_sign: LifeSignPart | None = None
    versions: VersionsPart = VersionsPart()
    storage: StoragePart | None = None
    canary: CanaryPart | None = None
    fallback_role: CalledRole = "ops"
    channels: dict[str, ChannelSettings]
    people: Annotated[tuple[PersonPart, ...], Field(min_length=1)]
    duty: dict[Role, People] = Field(default_factory=dict)
    escalation: dict[Severity, tuple[StepPart, ...]] | None = None
    delivery: DeliveryPart = DeliveryPart()
    adoption: Annotated[dict[str, Stage], BeforeValidator(_adopted)] = Field(default_factory=dict)
    inform: tuple[InformPart, ...] | None = None  # instead of the usual table; an empty one tells nobody
    rotations: tuple[RotationPart, ...] = ()
    holidays_file: Path | None = None
    away: tuple[AwayPart, ...] = ()
    overrides: tuple[OverridePart, ...] = ()
    sessions: tuple[SessionPart, ...] = ()
    sessions_files: tuple[Path, ...] = ()
    streams: dict[str, StreamPart] = Field(default_factory=dict)
    law_files: tuple[Path, ...] = ()
    evidence_folder: Path | None = None  # beside the database when that is a file
    drills: tuple[DrillPart, ...] = ()
    reviews_folder: Path | None = None  # the same
    retention: Annotated[int, Field(ge=31, le=36_500)] | None = None  # days; a month is what quotas look back on
    evidence_megabytes: Annotated[int, Field(gt=0, le=100_000)] = 512  # of one file

    @property
    def keeps_evidence(self) -> Path | None:
        """Where; None when the database is elsewhere and no folder is named."""
        return self.evidence_folder or self._beside("evidence")

    @property
    def keeps_reviews(self) -> Path | None:
        """The same of the reviews that are written when a session ends."""
        return self.reviews_folder or self._beside("reviews")

    def _beside(self, name: str) -> Path | None:
        database = self.database.removeprefix("sqlite:///")
        return Path(database).parent / name if database != self.database else None

    @property
    def kept(self) -> timedelta | None:
        """How long an incident is kept after its end; None: for ever."""
        return None if self.retention is None else timedelta(days=self.retention)

    @property
    def policy(self) -> Policy:
        """What is not said of a severity is as usual; an empty list calls nobody else."""
        said = self.escalation or {}
        return {**DEFAULT, **{severity: [step.as_step() for step in steps] for severity, steps in said.items()}}

    @property
    def drill_calendar(self) -> tuple[Planned, ...]:
        streams = ((each, stream) for each in self.drills for stream in each.streams or (None,))
        return tuple(Planned(each.fault, each.length, stream) for each, stream in streams)

    @property
    def adopted(self) -> Adoption:
        """How far each procedure goes."""
        said = dict(self.adoption)
        ringing = {name for name, each in self.channels.items() if each.type in VOICE}
        ringing |= {name for name, each in self.channels.items() if each.type == "pool" and each.of[0] in ringing}
        return Adoption(said.pop("default", "escalate"), said, frozenset(ringing))

    @property
    def informed(self) -> informing.Table:
        return informing.DEFAULT if self.inform is None else [part.as_inform() for part in self.inform]

    def aware(self, at: datetime) -> datetime:
        return at.replace(tzinfo=ZoneInfo(self.timezone)) if at.tzinfo is None else at


KNOWN_KEYS = frozenset(
    field.alias or key
    for part in (
        DutyFile,
        *PARTS,
        *CONSOLE_PARTS,
        ExporterPart,
        ServerPart,
        AlertmanagerPart,
        DeliveryPart,
        CanaryPart,
        LifeSignPart,
        VersionsPart,
        S3Part,
        StoragePart,
        StepPart,
        InformPart,
    )
    for key, field in part.model_fields.items()
)
