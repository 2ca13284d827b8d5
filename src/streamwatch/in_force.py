"""duty.yml as it is in force: as it was read last, with what was said about duty since.

Whatever is asked of it is of this moment, so that a reload reaches all parts at once, or none.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

import httpx

from streamwatch.access.pressing import RESULTS
from streamwatch.channels import open_channels, open_listeners
from streamwatch.channels.channel import Reason
from streamwatch.channels.listener import Listeners
from streamwatch.clock import Clock
from streamwatch.config import Config, load
from streamwatch.config.adopted import held_back
from streamwatch.config.load import open_door
from streamwatch.delivering import rounds
from streamwatch.delivering.setbacks import Ways
from streamwatch.duty import DutyBook
from streamwatch.errors import ConfigError, Mistake
from streamwatch.evidence import Evidence
from streamwatch.evidence_folder import EvidenceFolder
from streamwatch.incidents.adoption import Adoption
from streamwatch.language import Text
from streamwatch.metrics import Metrics
from streamwatch.store import Store
from streamwatch.store.duty import Said
from streamwatch.watching.canary import Song
from streamwatch.watching.life_sign import Where

REMEMBERED = timedelta(days=60)  # overrides that ended longer ago are not looked at


class InForce:
    def __init__(self, path: Path, host: str, http: httpx.AsyncClient, metrics: Metrics, clock: Clock) -> None:
        """*host* is where the receiver listens. Raises `ConfigError` with all mistakes of the file at *path*."""
        self._path, self._host, self._http, self._metrics, self._clock = path, host, http, metrics, clock
        self.config = self._file = load(path)  # as it is in force, and as it is written
        self._adopted = self.config.file.adopted
        self._said = Said()
        self._swap = Lock()
        self.ways = self._open_ways(self.config)
        self.listeners = self._open_listeners(self.config)

    def reload(self) -> None:
        """Read the configuration again; a bad one raises and changes nothing. Address and database stay."""
        config = load(self._path)
        if words := open_door(config, self._host):
            raise ConfigError([Mistake(str(self._path), 0, 0, "console", words.en, words.zh)])
        with self._swap:
            self._file = config
            self.config = self._in_force()
            self._adopted = config.file.adopted
            self.ways = self._open_ways(self.config)
            self.listeners = self._open_listeners(config)

    def duty_changed(self, store: Store) -> None:
        """Read again what was said about duty on the fly, here or by another receiver on this database."""
        with self._swap:  # around the look as well: one that began earlier must not count later
            said = store.duty.said(self._clock() - REMEMBERED)
            if said != self._said:
                self._said = said
                self.config = self._in_force()
                self.ways = replace(self.ways, book=self.config.book)

    def book(self) -> DutyBook:
        return self.ways.book

    def adoption(self) -> Adoption:
        return self._adopted

    def held_back(self) -> list[Text]:
        """What goes out only in part, in words."""
        return held_back(self._adopted)

    def due(self, severity: str, at: datetime) -> datetime:
        """When a page of that severity, made at that instant, goes out."""
        return rounds.due(severity, at, self.config.file.delivery.notes_at, self.config.zone)

    def pools(self) -> Mapping[str, tuple[str, ...]]:
        return {name: each.of for name, each in self.config.channels.items() if each.type == "pool"}

    def quotas(self) -> dict[str, int]:
        channels = self.config.channels.items()
        return {name: each.monthly_quota for name, each in channels if each.monthly_quota}

    def procedures(self) -> set[str]:
        return {procedure for procedure, _ in self.config.runbooks}

    def alertmanager(self) -> str | None:
        server = self.config.file.alertmanager
        return str(server.url) if server else None

    def receiver(self) -> str:
        """The name that Alertmanager gives us."""
        server = self.config.file.alertmanager
        return server.receiver if server else ""

    def prometheus(self) -> str | None:
        server = self.config.file.prometheus
        return str(server.url) if server else None

    def watched_from(self) -> Where | None:
        said, address = self.config.file.life_sign, self.config.life_sign
        return (address.get_secret_value(), timedelta(seconds=said.every)) if said and address else None

    def song(self) -> Song | None:
        said = self.config.file.canary
        return Song(said.person, said.at, self.config.zone) if said else None

    def evidence(self) -> Evidence:
        exporter, token = self.config.file.exporter, self.config.exporter_token
        address = str(exporter.url) if exporter else None
        return Evidence(self._http, address, token.get_secret_value() if token else None)

    def evidence_folder(self) -> EvidenceFolder | None:
        folder = self.config.file.keeps_evidence
        most = self.config.file.evidence_megabytes * 1_000_000
        return None if folder is None else EvidenceFolder(folder, most)

    def _in_force(self) -> Config:
        return replace(self._file, book=self._file.book.as_it_is(self._said.overrides, self._said.actual))

    def _open_ways(self, config: Config) -> Ways:
        channels = open_channels(config.channels, self._http, self._clock)
        self._metrics.expect(channels, ("delivered", *Reason))
        return Ways(config.book, channels)

    def _open_listeners(self, config: Config) -> Listeners:
        listeners = open_listeners(config.channels, self._http, self._clock)
        self._metrics.expect_presses(listeners, RESULTS)
        return listeners
