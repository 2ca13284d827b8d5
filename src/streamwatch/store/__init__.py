"""One database with several faces: `inbox` accepts, `outbox` and `outcomes` deliver, `journal` is read."""

from collections.abc import Collection
from datetime import datetime

from streamwatch.metrics import Standing
from streamwatch.store.acks import Acks
from streamwatch.store.actions import Actions
from streamwatch.store.audit import Audit
from streamwatch.store.complaints import Complaints
from streamwatch.store.database import Database
from streamwatch.store.drills import Drills
from streamwatch.store.duty import DutyLog
from streamwatch.store.inbox import Inbox
from streamwatch.store.journal import Journal
from streamwatch.store.observed import ObservedPages
from streamwatch.store.outbox import Outbox
from streamwatch.store.outcomes import Outcomes
from streamwatch.store.presses import Presses
from streamwatch.store.ratings import Ratings
from streamwatch.store.reports import Reports
from streamwatch.store.retention import Retention
from streamwatch.store.reviews import Reviews
from streamwatch.store.seat import Seat
from streamwatch.store.sessions import Sessions
from streamwatch.store.silences import Silences
from streamwatch.store.standing import standing
from streamwatch.store.steps import Steps
from streamwatch.store.uploads import Uploads

__all__ = ["Store"]


class Store:
    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.inbox = Inbox(self.database)
        self.outbox = Outbox(self.database)
        self.outcomes = Outcomes(self.database)
        self.acks = Acks(self.database)
        self.complaints = Complaints(self.database)
        self.seat = Seat(self.database)
        self.silences = Silences(self.database)
        self.observed = ObservedPages(self.database)
        self.steps = Steps(self.database)
        self.journal = Journal(self.database)
        self.presses = Presses(self.database)
        self.drills = Drills(self.database)
        self.duty = DutyLog(self.database)
        self.retention = Retention(self.database)
        self.ratings = Ratings(self.database)
        self.reports = Reports(self.database)
        self.actions = Actions(self.database)
        self.reviews = Reviews(self.database)
        self.sessions = Sessions(self.database)
        self.audit = Audit(self.database)
        self.uploads = Uploads(self.database)

    def open(self, at: datetime) -> int:
        """Take the database; pages that a dead process was sending are due again: how many may repeat."""
        self.database.prepare()
        return self.outbox.reclaim(at, all_leases=self.database.one_process)

    def standing(self, held: Collection[str] = ()) -> Standing:
        """How much waits at this moment; *held* are people whose pages wait by intent."""
        return standing(self.database, held)

    def close(self) -> None:
        self.inbox.close()
        self.seat.leave()
        self.database.close()
