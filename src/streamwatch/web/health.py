"""For machines that watch StreamWatch: metrics, alive, ready, reload."""

import asyncio

from fastapi import APIRouter, Depends, HTTPException, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from streamwatch.errors import ConfigError
from streamwatch.language import Text
from streamwatch.store.audit import Act
from streamwatch.web.acting import Deeds
from streamwatch.web.parts import Wired
from streamwatch.web.security import admin_token

router = APIRouter(tags=["health"])


@router.get("/metrics")
async def metrics(parts: Wired) -> Response:
    """In Prometheus' text format; made in a thread, because it asks the database."""
    page = await asyncio.to_thread(generate_latest, parts.metrics.registry)
    return Response(page, media_type=CONTENT_TYPE_LATEST)


@router.get("/-/healthy")
async def healthy() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/-/ready")
async def ready(parts: Wired) -> JSONResponse:
    """503 with the reasons when alerts could not become pages just now; warnings are of less than that."""
    troubles = await asyncio.to_thread(parts.troubles)
    said = {"ready": not troubles, "troubles": troubles, "warnings": [each.en for each in parts.warnings()]}
    return JSONResponse(said, 503 if troubles else 200)


@router.post("/-/reload", dependencies=[Depends(admin_token)])
def reload(parts: Wired, deeds: Deeds) -> dict[str, str]:
    """Read duty.yml and the runbooks again. A bad file is refused, and the old one stays in force."""
    try:
        parts.reload()
    except ConfigError as error:
        raise HTTPException(422, Text(*error.words)) from None
    except ValueError as error:
        raise HTTPException(422, str(error)) from None
    deeds.did(Act.RELOAD)
    return {"status": "reloaded"}
