"""The receiver's HTTP face: alerts in, API, pages for people, health."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from streamwatch import __version__
from streamwatch.intake.alertmanager import MAX_BODY
from streamwatch.web import (
    actions,
    alerts,
    api,
    audit,
    complaint_pages,
    complaints,
    drills,
    duty,
    handover,
    health,
    incident_forms,
    lists,
    login,
    mine,
    pages,
    preflight,
    ratings,
    rearrange,
    report_form,
    reviews,
    silences,
    sos,
    triggers,
    work,
)
from streamwatch.web import evidence_files as files
from streamwatch.web.callers import address
from streamwatch.web.lanes import Lanes, Limits
from streamwatch.web.parts import Parts
from streamwatch.web.security import HEADERS, StrictHeaders
from streamwatch.web.turning_away import WHY

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def _has_nul(scope: Scope) -> bool:
    return "\0" in scope["path"] or b"%00" in scope["query_string"]


class App(FastAPI):
    """Webhooks take the short way; what no database can look for goes no way at all.

    What somebody brings is cleaned: evidence is not refused for its name.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and _has_nul(scope):
            refusal = JSONResponse({"detail": "an address holds no NUL"}, 400)
            refusal.raw_headers += HEADERS
            await refusal(scope, receive, send)
        elif not await alerts.short_way(self.state.parts, scope, receive, send):
            await super().__call__(scope, receive, send)


def create_app(parts: Parts, lifespan: Lifespan) -> FastAPI:
    # The interactive documentation loads scripts from elsewhere, which a machine in a studio may not reach.
    app = App(
        title="StreamWatch", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )  # fmt: skip
    app.state.parts = parts
    # The route is for the API's description and for refusals.
    app.post(alerts.PATH, response_model=dict[str, int], tags=["alerts"])(alerts.from_alertmanager)
    own = (duty.router, handover.api, handover.pages, preflight.api, preflight.pages)
    people = (triggers.router, sos.router, files.api, files.pages, report_form.router, login.router)
    forms = (incident_forms.router, incident_forms.by_link, audit.api, audit.pages)
    viewers = (complaints.api, complaint_pages.router, ratings.api, ratings.pages, mine.router)
    said = (rearrange.api, rearrange.pages, silences.api, silences.pages)
    alone = (api.router, drills.router, health.router, pages.router, lists.router, work.router)
    after = (reviews.api, reviews.pages, actions.api, actions.pages)
    for router in (*alone, *own, *people, *forms, *said, *viewers, *after):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    app.add_exception_handler(HTTPException, pages.show_error)
    app.add_exception_handler(RequestValidationError, pages.refuse_words)
    app.add_middleware(
        Limits,
        lanes=Lanes(alerts.PATH, MAX_BODY),
        clock=parts.clock,
        whence=lambda scope: address(Request(scope), parts.config()),
        turned=_counting(parts),
    )
    app.add_middleware(StrictHeaders)
    return app


def _counting(parts: Parts) -> Callable[[str], None]:
    for why in WHY:
        parts.metrics.turned_away.labels(why)
    return lambda why: parts.metrics.turned_away.labels(why).inc()
