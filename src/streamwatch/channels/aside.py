"""What is told beside the work: nothing waits for it, and nothing is lost with it."""

import asyncio
from collections.abc import Coroutine


class Aside:
    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def do(self, telling: Coroutine[None, None, None]) -> None:
        """*telling* raises nothing."""
        task = asyncio.create_task(telling)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def drop(self) -> None:
        for task in self._tasks:
            task.cancel()
