"""The process that decodes for `picture_workers`. It knows no address, gets bytes and tells facts, one by one.

It ends with whoever started it: a thread waits for the end of the input, also while something is being decoded.
"""

import os
import struct
import sys
import threading
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, BinaryIO

from streamwatch_exporters.picture_facts import Question, Reply

if TYPE_CHECKING:
    from streamwatch_exporters import picture_frames

HEAD = struct.Struct(">II")  # lengths of the JSON and of the bytes behind it
_MEMORY = 3 * 1024**3  # bytes of address space, of which libraries take the most

Asked = tuple[Question, bytes, bytes]  # the picture before, the segment


def main() -> None:
    """Answer questions until the input ends."""
    answers, asked = _private_output(), SimpleQueue[Asked]()
    threading.Thread(target=_read, args=(sys.stdin.buffer, asked), daemon=True).start()
    _stay_small()
    decoder = _Decoder()
    with suppress(OSError):
        os.nice(10)  # measuring must not take the machine from what is measured
    while True:
        reply, picture = decoder.answer(*asked.get())
        text = reply.model_dump_json().encode()
        answers.write(HEAD.pack(len(text), len(picture)) + text + picture)
        answers.flush()


def _private_output() -> BinaryIO:
    """Whatever a library prints must not come between the answers."""
    answers = os.fdopen(os.dup(1), "wb")
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    return answers


def _read(requests: BinaryIO, asked: "SimpleQueue[Asked]") -> None:
    while len(head := requests.read(HEAD.size)) == HEAD.size:
        length, size = HEAD.unpack(head)
        question = Question.model_validate_json(requests.read(length))
        before = requests.read(min(size, question.before_size))
        asked.put((question, before, requests.read(size - len(before))))
    os._exit(0)


def _stay_small() -> None:
    """A crafted segment must not take all memory. Not every system knows these limits."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


class _Decoder:
    """Libraries are loaded here, after the limits."""

    def __init__(self) -> None:
        import av
        import av.logging

        from streamwatch_exporters import picture_analysis, picture_frames

        av.logging.set_level(None)
        self._analysis, self._frames = picture_analysis, picture_frames
        self._failures = (av.error.FFmpegError, OSError, ValueError, ArithmeticError, LookupError, MemoryError)
        self._slates: dict[str, tuple[int, picture_frames.Slate]] = {}

    def answer(self, question: Question, before: bytes, segment: bytes) -> tuple[Reply, bytes]:
        try:
            analysed = self._analysis.analyse(segment, question, before, self._slate(question.slate))
        except self._analysis.Unreadable as exc:
            return Reply(failure=str(exc)), b""
        except self._failures as exc:
            # Only its type: the text of a library may hold anything.
            return Reply(failure=f"the segment cannot be decoded ({type(exc).__name__})"), b""
        return Reply(facts=analysed.facts, shape=analysed.shape), analysed.picture

    def _slate(self, path: str | None) -> "picture_frames.Slate | None":
        """The reference picture, read again when its file changed; None when it cannot be read."""
        if path is None:
            return None
        try:
            changed = Path(path).stat().st_mtime_ns
            if self._slates.get(path, (None,))[0] != changed:
                self._slates[path] = (changed, self._frames.Slate(path))
        except self._failures:
            return None
        return self._slates[path][1]


if __name__ == "__main__":
    main()
