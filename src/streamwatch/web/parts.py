"""What the pages and the API work with. `app` fills it in; nothing here is made by the web itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request

from streamwatch.access.duty_links import DutyLinks
from streamwatch.access.links import Links
from streamwatch.access.presses import Presses
from streamwatch.audience import Audience
from streamwatch.clock import Clock
from streamwatch.config import Config
from streamwatch.evidence import Evidence
from streamwatch.evidence_folder import EvidenceFolder
from streamwatch.incidents.rearranging import Rearranging
from streamwatch.incidents.reopening import Reopening
from streamwatch.incidents.silencing import Silencing
from streamwatch.language import Text
from streamwatch.metrics import Metrics
from streamwatch.preflight.inspecting import Preflight
from streamwatch.store import Store
from streamwatch.web.door import Door


@dataclass
class Parts:
    config: Callable[[], Config]  # of this moment: a reload changes it
    reload: Callable[[], None]  # raises ConfigError and changes nothing
    store: Store
    links: Links
    duty_links: DutyLinks
    presses: Presses
    door: Door
    rearranging: Rearranging
    reopening: Reopening
    silencing: Silencing
    audience: Audience
    preflight: Preflight
    evidence: Evidence
    evidence_folder: Callable[[], EvidenceFolder | None]  # None: duty.yml names none
    duty_changed: Callable[[], None]  # something was said about it on the fly: it counts from now on
    metrics: Metrics
    clock: Clock
    alerts_came: Callable[[], None]
    pages_came: Callable[[], None]
    held_back: Callable[[], list[Text]]  # calls that are only recorded, by the step of the adoption
    warnings: Callable[[], list[Text]]  # what does not work and keeps no page from its way
    troubles: Callable[[], list[str]]  # why the receiver cannot do its job; empty when it can


async def _parts(request: Request) -> Parts:
    """A coroutine, as all that requests depend on: plain functions would each cost a trip through a thread."""
    parts: Parts = request.app.state.parts
    return parts


Wired = Annotated[Parts, Depends(_parts)]

RowId = Annotated[int, Path(ge=0, le=2**63 - 1)]
"""The number of a row in an address: no database has larger ones, and would be asked in vain."""
