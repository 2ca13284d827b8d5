"""The peer of the intake: a FastAPI handler that parses the same webhook with pydantic and keeps nothing.

Its models are its own and plain, as somebody writes them who has nothing else in mind.
"""

import sys
from datetime import datetime
from typing import Literal

import uvicorn
from fastapi import FastAPI, Request
from pydantic import BaseModel


class Alert(BaseModel):
    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    startsAt: datetime  # noqa: N815 - the sender's name
    endsAt: datetime | None = None  # noqa: N815
    fingerprint: str = ""


class Webhook(BaseModel):
    version: Literal["4"]
    alerts: list[Alert]


app = FastAPI()


@app.get("/-/ready")
async def ready() -> dict[str, bool]:
    return {"ready": True}


@app.post("/api/v1/alerts/alertmanager")
async def alerts(request: Request) -> dict[str, int]:
    return {"accepted": len(Webhook.model_validate_json(await request.body()).alerts)}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")
