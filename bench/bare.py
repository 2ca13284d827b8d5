"""The peer of the intake: a FastAPI handler that parses the same webhook with pydantic and keeps nothing."""

import sys

import uvicorn
from fastapi import FastAPI, Request

from streamwatch.intake.alertmanager import parse

app = FastAPI()


@app.get("/-/ready")
async def ready() -> dict[str, bool]:
    return {"ready": True}


@app.post("/api/v1/alerts/alertmanager")
async def alerts(request: Request) -> dict[str, int]:
    return {"accepted": len(parse(await request.body()))}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")
