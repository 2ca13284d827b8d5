"""The progress of an export: seen at a terminal, silent elsewhere."""

import io

from rich.console import Console

from streamwatch.report.progress import Steps


def told(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    with Steps(console) as steps:
        steps.expect(2)
        steps.done()
        steps.expect(1)
        steps.done()
    return console.file.getvalue()


def test_a_terminal_sees_how_far_it_is() -> None:
    """What is done and what is expected, the second number growing as more becomes known."""
    assert "2/3" in told(Console(file=io.StringIO(), force_terminal=True, width=80))


def test_a_file_sees_nothing() -> None:
    """Where output is kept, no bar is drawn into it."""
    assert told(Console(file=io.StringIO(), force_terminal=False)) == ""
