"""Writes the review of each session when it is over, by itself: who meets within the hour has it before them.

The row of a session comes first, then its files, each whole, then the row says so: what a crash cut short is done
again under the same names. It is nobody's hurry: it asks one question after the other, in a thread of its own.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from streamwatch.clock import Clock
from streamwatch.config import Config
from streamwatch.duty import Session
from streamwatch.errors import CommandFailed
from streamwatch.report.due import MADE_UP, due
from streamwatch.report.export import read_table
from streamwatch.report.files import encoded, stem_of, unused, write_whole
from streamwatch.report.incidents import Ask, read_incidents
from streamwatch.report.pack import pack
from streamwatch.report.prometheus import Prometheus
from streamwatch.report.review.numbers import numbers
from streamwatch.report.review.reading import read_record
from streamwatch.report.review.review import compose
from streamwatch.report.review.scope import of_session
from streamwatch.report.settings import languages, step_titles, time_boxes
from streamwatch.report.ticks import Stopped, Unseen
from streamwatch.store import Store
from streamwatch.store.uploads import REVIEWS

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=10)
AGAIN = timedelta(seconds=30)  # after a failure
PATIENCE = timedelta(minutes=10)  # with a Prometheus that is away; then what it knows is not known
ANSWER = 10.0  # seconds for one of its answers
MOST_DRILLS = 1000  # looked at


class AfterAir:
    def __init__(self, store: Store, config: Callable[[], Config], ask: Ask, clock: Clock) -> None:
        """*ask* tells of incidents as the API does."""
        self._store, self._config, self._ask, self._clock = store, config, ask, clock
        self._looked_at: datetime | None = None
        self._tried: dict[tuple[str, datetime], datetime] = {}
        self._stopping = False

    def stop(self) -> None:
        """What is being read is broken off, and done at the next start."""
        self._stopping = True

    async def step(self) -> bool:
        """Write one that is due; whether there may be more."""
        at = self._clock()
        config = self._config()
        folder = config.file.keeps_reviews
        if folder is None or (self._looked_at is not None and abs(at - self._looked_at) < EVERY):
            return False
        written = await asyncio.to_thread(self._store.reviews.written, at - MADE_UP)
        for session, ended in await asyncio.to_thread(due, config.book.sessions, at, written):
            tried = self._tried.get((session.id, ended))
            if tried is None or abs(at - tried) >= AGAIN:
                self._tried[session.id, ended] = at
                await asyncio.to_thread(self._write, config, folder, session, ended, at)
                return True
        self._looked_at = at
        return False

    def _write(self, config: Config, folder: Path, session: Session, ended: datetime, at: datetime) -> None:
        reviews = self._store.reviews
        row = reviews.begun(session.id, ended)
        if row is None:
            stem = stem_of(session.air.start, config.zone, session.stream, session.id)
            stem = unused(stem, folder, reviews.stems(stem))
            reviews.begin(session.id, ended, session.stream, stem, at)
        else:
            stem = row.stem
        insists = row is None or abs(at - row.begun_at) < PATIENCE
        try:
            found = self._read(config, session, stem, at, insists=insists)
        except Stopped:
            return
        if found is None:
            return
        texts, told = found
        write_whole(folder, texts)
        if config.bucket is not None:
            self._copy(folder, texts, at)
        reviews.done(session.id, ended, list(texts), told, at)
        self._tried.pop((session.id, ended), None)
        log.info("the review of a session that ended is written: %s", stem)

    def _copy(self, folder: Path, texts: Mapping[str, str], at: datetime) -> None:
        """Have each file copied to the object storage."""
        for name, text in texts.items():
            body = encoded(text)
            self._store.uploads.want(f"{REVIEWS}{name}", folder / name, len(body), sha256(body).hexdigest(), at)

    def _read(
        self, config: Config, session: Session, stem: str, at: datetime, *, insists: bool
    ) -> tuple[dict[str, str], Mapping[str, Any]] | None:
        """The texts of its files, and its numbers; None when Prometheus is away and may yet come back."""
        others = (each for each in config.book.sessions if each.id != session.id)
        scope = of_session((session, *others), session.id, at, config.zone)
        ask, steps = _remembering(self._ask), Unseen(lambda: self._stopping)
        address = config.file.prometheus and str(config.file.prometheus.url)
        with Prometheus(address, ANSWER) if address else nullcontext() as prometheus:
            record = read_record(ask, prometheus, scope, config.zone, steps)
            away = record.doubt is not None
            try:
                table = read_table(None if away else prometheus, session.stream, scope.span, steps)
            except CommandFailed:
                away, table = True, read_table(None, session.stream, scope.span, steps)
        if away and address and insists:
            return None
        opened = read_incidents(ask, session.stream, scope.span, steps)
        incidents = [each for each in opened if scope.owns(datetime.fromisoformat(each["opened_at"]))]
        review = compose(record, time_boxes(config), config.zone)
        texts = pack(stem, review, table, incidents, languages(config), step_titles(config))
        (result,), (feedback,) = review.results, review.feedback
        return texts, numbers(result, feedback, review.handlings) | self._drills(session)

    def _drills(self, session: Session) -> dict[str, int]:
        """Those since the session before: how many, and how many went as they must."""
        ended = session.air.end
        before = self._store.reviews.past(1, session.stream, ended)
        since = before[0].ended_at if before else ended - MADE_UP
        past = [row for row in self._store.drills.past(MOST_DRILLS) if since <= row.started_at < ended]
        right = sum(row.result is not None and not row.result["wrong"] for row in past)
        return {"drills": len(past), "drills_right": right}


def _remembering(ask: Ask) -> Ask:
    """The same, asked once: the review and the files tell of the same incidents."""
    known: dict[tuple[str, tuple[tuple[str, str | int], ...]], Any] = {}

    def again(path: str, params: Mapping[str, str | int]) -> Any:
        key = path, tuple(sorted(params.items()))
        if key not in known:
            known[key] = ask(path, params)
        return known[key]

    return again
