"""What the API answers about the record, for whoever lives in the receiver and need not ask over a line."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from streamwatch.clock import Clock
from streamwatch.config import Config
from streamwatch.errors import CommandFailed
from streamwatch.store import Store
from streamwatch.store.actions import WantedActions
from streamwatch.web import presenting
from streamwatch.web.api import LISTED


def own_answers(
    store: Store, config: Callable[[], Config], clock: Clock
) -> Callable[[str, Mapping[str, str | int]], Any]:
    """Answers GET of /incidents, one incident, /reviews, /actions. Raises `CommandFailed` for one that is gone."""

    def ask(path: str, params: Mapping[str, str | int]) -> Any:
        stream = str(params["stream"]) if "stream" in params else None
        if path == "/incidents":
            since, until = (datetime.fromisoformat(str(params[key])) for key in ("since", "until"))
            records = store.journal.incidents(LISTED, stream, since, until, int(params["limit"]))
            return {"incidents": [presenting.incident(record, config(), full=False) for record in records]}
        if path == "/reviews":
            past = store.reviews.past(int(params["limit"]), stream)
            return {"reviews": [presenting.review(row, config()) for row in past]}
        if path == "/actions":
            rows = store.actions.find(WantedActions(stream=stream, limit=int(params["limit"])))
            return {"actions": [presenting.action(row, config(), clock()) for row in rows]}
        record = store.journal.incident(int(path.rpartition("/")[2]))
        if record is None:
            raise CommandFailed(("事件刚刚被删除", "an incident was deleted just now"))
        return presenting.incident(record, config())

    return ask
