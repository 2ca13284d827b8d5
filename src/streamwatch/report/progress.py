"""How far an export is, for whoever waits at a terminal; on standard error, and gone when it is done."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from streamwatch.language import Text, reader_language

_READING = Text("读取数据", "Reading the record")


class Steps:
    """Counts requests: how many there will be, and how many are done. Silent where nobody looks."""

    def __init__(self, console: Console | None = None) -> None:
        console = console or Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(_READING.read_in(reader_language()), total=0)
        self.expected = 0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def expect(self, more: int) -> None:
        self.expected += more
        self._bar.update(self._task, total=self.expected)

    def done(self) -> None:
        self._bar.advance(self._task)
