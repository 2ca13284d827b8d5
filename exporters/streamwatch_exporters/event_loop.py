"""The event loop: which one runs, and how late it gets to what is due. Above 50 ms something holds it up."""

import asyncio
import gc
import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Histogram

_EVERY = 0.25  # seconds
_SETTLED = 15.0  # seconds: every playlist was read, and most were followed to their segments
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


async def spare_what_stays() -> None:
    """Leave what is there after a while out of the search for garbage, for ever.

    To search all that a thousand watchers are made of holds up everybody for 50 ms. What is kept has been made by
    now, or takes the place of what was; `gc.unfreeze` before the next change lets the search find what that leaves.
    """
    await asyncio.sleep(_SETTLED)
    gc.freeze()


async def watch_event_loop(lag: Histogram) -> None:
    """Measure for ever."""
    while True:
        due = time.monotonic() + _EVERY
        await asyncio.sleep(_EVERY)
        lag.observe(max(0.0, time.monotonic() - due))
