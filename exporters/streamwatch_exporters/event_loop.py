"""The event loop: which one runs, and how late it gets to what is due. Above 50 ms something holds it up."""

import asyncio
import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Histogram

_EVERY = 0.25  # seconds
_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


def event_loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop takes a fifth less for thousands of small looks; there is none for Windows, where asyncio's serves."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def event_loop_lag(registry: CollectorRegistry) -> Histogram:
    return Histogram(
        "streamwatch_event_loop_lag_seconds",
        "Lateness of the event loop. 事件循环延迟",
        buckets=_BUCKETS,
        registry=registry,
    )


async def watch_event_loop(lag: Histogram) -> None:
    """Measure for ever."""
    while True:
        due = time.monotonic() + _EVERY
        await asyncio.sleep(_EVERY)
        lag.observe(max(0.0, time.monotonic() - due))
