"""What of duty.yml leads to what runs. A slip anywhere else in the file must not lock people out of an incident.

The receiver goes on with what it read before, so the commands that talk to it need its address, a token and the
zone of the times that are typed, nothing else.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import yaml
from pydantic import Field, HttpUrl, SecretStr, TypeAdapter, ValidationError

from streamwatch.access.rights import strongest
from streamwatch.config.console import AnyToken
from streamwatch.config.load import Config, load, resolved
from streamwatch.config.roster import Zone
from streamwatch.config.schema import DutyFile, ExporterPart, ServerPart
from streamwatch.errors import ConfigError, Mistake

T = TypeVar("T")

_TOKENS = TypeAdapter[tuple[Any, ...]](Annotated[tuple[AnyToken, ...], Field(min_length=1)])
_URL, _ZONE = TypeAdapter[HttpUrl](HttpUrl), TypeAdapter[str](Zone)
_EXPORTER, _SERVER = TypeAdapter[ExporterPart](ExporterPart), TypeAdapter[ServerPart](ServerPart)
_KEY = re.compile(r"([a-z_]+)\s*:(\s|$)")
_GOES_ON = (" ", "\t", "#", "-", "]", "}")  # a line that begins so belongs to the key above it


@dataclass(frozen=True)
class Server:
    """An address and what to show there."""

    url: str
    token: SecretStr


@dataclass(frozen=True)
class Reach:
    """Whom commands talk to. *mistakes* are those of duty.yml; with any, *config* is None and the rest is what
    could be read of it.
    """

    receiver: Server
    exporter: Server | None
    prometheus: str | None
    known_zone: ZoneInfo | None = field(repr=False)
    config: Config | None = field(default=None, repr=False)
    mistakes: tuple[Mistake, ...] = ()

    @property
    def whole(self) -> Config:
        """Raises `ConfigError` for what cannot be done without the whole file."""
        if self.config is None:
            raise ConfigError(list(self.mistakes))
        return self.config

    @property
    def zone(self) -> ZoneInfo:
        return self.known_zone or self.whole.zone

    def aware(self, at: datetime) -> datetime:
        return at.replace(tzinfo=self.zone) if at.tzinfo is None else at


def reach_of(config: Config) -> Reach:
    part, token, prometheus = config.file.exporter, config.exporter_token, config.file.prometheus
    return Reach(
        Server(str(config.file.public_url), config.own_token),
        Server(str(part.url), token) if part and token else None,
        str(prometheus.url) if prometheus else None,
        config.zone,
        config,
    )


def reach(path: Path) -> Reach:
    """Raises `ConfigError` with the mistakes of the whole file when not even the way to the receiver is in it."""
    try:
        return reach_of(load(path))
    except ConfigError as error:
        found = _leniently(path, tuple(error.mistakes))
        if found is None:
            raise
        return found


def _leniently(path: Path, mistakes: tuple[Mistake, ...]) -> Reach | None:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    said = resolved(dict(_parts(text)), path.parent.absolute())
    defaults = DutyFile.model_fields
    token = _token(said.get("token_files"))
    url = _read(_URL, said.get("public_url", defaults["public_url"].default))
    if token is None or url is None:
        return None
    zone = _read(_ZONE, said.get("timezone", defaults["timezone"].default))
    exporter, prometheus = _read(_EXPORTER, said.get("exporter")), _read(_SERVER, said.get("prometheus"))
    key = _secret(exporter.token_file) if exporter else None
    return Reach(
        Server(str(url), token),
        Server(str(exporter.url), key) if exporter and key else None,
        str(prometheus.url) if prometheus else None,
        ZoneInfo(zone) if zone else None,
        mistakes=mistakes,
    )


def _parts(text: str) -> Iterator[tuple[str, Any]]:
    """Each key of the file by itself, so that what is wrong below one spoils no other. One that is not YAML is
    None: a default in its place would be a guess.
    """
    lines: list[str] = []
    for line in [*text.splitlines(), "end"]:
        if line and not line.startswith(_GOES_ON):
            if lines and (key := _KEY.match(lines[0])):
                yield key[1], _value("\n".join(lines))
            lines = []
        lines.append(line)


def _value(text: str) -> Any:
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return next(iter(found.values())) if isinstance(found, dict) else None


def _read(kind: TypeAdapter[T], said: Any) -> T | None:
    try:
        return kind.validate_python(said)
    except ValidationError:
        return None


def _token(said: Any) -> SecretStr | None:
    """The one that commands use, of those whose file is there."""
    parts = _read(_TOKENS, said) or ()
    kept = {at: (each.right, secret) for at, each in enumerate(parts) if (secret := _secret(each.token_file))}
    return kept[strongest({at: right for at, (right, _) in kept.items()})][1] if kept else None


def _secret(path: Path) -> SecretStr | None:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return SecretStr(text) if text else None
