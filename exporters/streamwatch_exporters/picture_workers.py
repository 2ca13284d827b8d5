"""Processes that decode, so that a segment that hangs or crashes a decoder costs nothing but its own sample."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import dataclass
from importlib.util import find_spec

from pydantic import ValidationError

from streamwatch_exporters.picture_decoder import HEAD
from streamwatch_exporters.picture_facts import Facts, Question, Reply
from streamwatch_exporters.probe import ProbeFailed

MISSING = (
    "no decoder here: pip install 'streamwatch-exporters[picture]' and start the exporter again "
    "缺少解码库，请安装后重启"
)

_ANSWERS = 500  # of one process, before another takes its place
_CHUNK = 256 * 1024  # bytes written at once
_LARGEST_REPLY = 8 * 1024 * 1024  # bytes
_ENVIRONMENT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "LANG")  # no secrets for those who decode


@dataclass(frozen=True)
class Decoded:
    """The facts of a segment, and the picture to compare the next one with."""

    facts: Facts
    picture: bytes
    shape: tuple[int, int]


class Workers:
    """At most *count* processes, started when needed. `close` leaves none behind."""

    def __init__(self, count: int | None = None) -> None:
        self._places = asyncio.Semaphore(count or max(1, (os.cpu_count() or 1) // 2))
        self._idle: list[_Worker] = []
        self._started: set[_Worker] = set()

    @property
    def pids(self) -> list[int]:
        """Of the processes that have not been seen to end."""
        return [worker.process.pid for worker in self._started if worker.process.returncode is None]

    @property
    def busy(self) -> int:
        """How many have been asked and have not answered."""
        return len(self.pids) - len(self._idle)

    async def decode(self, question: Question, before: bytes, body: bytes, *, within: float) -> Decoded:
        """Ask a process, and end it if it does not answer in time. Raises `ProbeFailed`."""
        if find_spec("av") is None or find_spec("numpy") is None:
            raise ProbeFailed("decode", MISSING)
        deadline = asyncio.get_running_loop().time() + within
        try:
            async with asyncio.timeout_at(deadline):
                await self._places.acquire()
        except TimeoutError as exc:
            raise ProbeFailed("timeout", "every decoder was busy with other streams") from exc
        try:
            async with asyncio.timeout_at(deadline):
                reply, picture = await self._ask(question, before, body)
        except TimeoutError as exc:
            raise ProbeFailed("decode", "decoding did not end in time and was stopped") from exc
        except (OSError, EOFError, ValidationError) as exc:
            raise ProbeFailed("decode", "the decoder ended in the middle of its work") from exc
        finally:
            self._places.release()
        if reply.facts is None:
            raise ProbeFailed("decode", reply.failure)
        return Decoded(reply.facts, picture, reply.shape)

    async def close(self) -> None:
        """End all of them, also those at work."""
        self._idle.clear()
        ending, self._started = self._started, set()
        for worker in ending:
            worker.kill()
        await asyncio.gather(*(worker.process.wait() for worker in ending))

    async def _ask(self, question: Question, before: bytes, body: bytes) -> tuple[Reply, bytes]:
        worker = await self._take()
        answered = False
        try:
            reply = await worker.ask(question, before, body)
            answered = worker.answers < _ANSWERS
            return reply
        finally:
            # Also when cancelled: a process that was asked and not heard is of no more use.
            if answered and worker in self._started:
                self._idle.append(worker)
            else:
                worker.kill()

    async def _take(self) -> "_Worker":
        self._started = {worker for worker in self._started if worker.process.returncode is None}
        while self._idle:
            worker = self._idle.pop()
            if worker.process.returncode is None:
                return worker
        worker = _Worker(
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "streamwatch_exporters.picture_decoder",
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env=_environment(),
            )
        )
        self._started.add(worker)
        return worker


class _Worker:
    """One process and how many questions it answered."""

    def __init__(self, process: Process) -> None:
        self.process, self.answers = process, 0

    async def ask(self, question: Question, before: bytes, body: bytes) -> tuple[Reply, bytes]:
        to, back = self.process.stdin, self.process.stdout
        assert to is not None
        assert back is not None
        text = question.model_dump_json().encode()
        to.write(HEAD.pack(len(text), len(before) + len(body)) + text)
        to.write(before)
        left = memoryview(body)
        while left:
            to.write(left[:_CHUNK])
            left = left[_CHUNK:]
            await to.drain()
        length, size = HEAD.unpack(await back.readexactly(HEAD.size))
        if length + size > _LARGEST_REPLY:
            raise EOFError
        reply = Reply.model_validate_json(await back.readexactly(length))
        picture = await back.readexactly(size)
        self.answers += 1
        return reply, picture

    def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()


def _environment() -> dict[str, str]:
    """One thread for each process: there is one process for each place."""
    known = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return {**known, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
