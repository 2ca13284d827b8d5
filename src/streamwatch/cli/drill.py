"""`streamwatch drill`: a real fault on the demo stream, timed from the fault to the phone."""

import asyncio
import json
import sys
from pathlib import Path

import click

from streamwatch.cli.api import json_option
from streamwatch.cli.up import home_option, state_option
from streamwatch.drill.expected import EXPECTED
from streamwatch.drill.run import run
from streamwatch.drill.verdict import faults_of
from streamwatch.language import Text, reader_language
from streamwatch.stack.places import find_places


@click.command("drill")
@click.argument("fault", type=click.Choice(sorted(EXPECTED)))
@click.option("--stream", help="直播间。The stream; default: where the fault is played.")
@click.option(
    "--timeout", type=float, default=240.0, show_default=True, help="最多等几秒。Seconds to wait for it all."
)
@home_option
@state_option
@json_option
def command(
    fault: str, stream: str | None, timeout: float, home: Path | None, state: Path | None, as_json: bool
) -> None:
    """Make FAULT on the running demo, watch who is called, mend it. 演练：弄坏演示直播，看它呼叫谁，再修好。

    Exit 0 only when the right person got the right page, once, and was told that it is over.

    Example 例：streamwatch drill encoder_crash
    """
    language = reader_language()

    def tell(seconds: float, text: Text) -> None:
        if not as_json:
            click.echo(f"{seconds:+7.2f} s  {text.read_in(language)}")

    try:
        seen = asyncio.run(run(find_places(home, state).state, fault, stream, timeout, tell))
    except KeyboardInterrupt:  # the stream was mended on the way out
        cancelled = Text("已取消，推流已恢复", "cancelled, the stream is restored").read_in(language)
        click.echo(json.dumps({"cancelled": True}) if as_json else cancelled)
        sys.exit(1)
    wrong = faults_of(seen)
    if as_json:
        click.echo(
            json.dumps(
                {**seen.as_json(), "wrong": [text.en for text in wrong], "wrong_zh": [text.zh for text in wrong]},
                ensure_ascii=False,
            )
        )
    elif not wrong:
        step = f"{seen.procedure}#{seen.runbook_step}"
        fine = Text(
            "演练通过：{person} 在 {s} 秒内被呼叫，步骤 {step}",
            "passed: {person} was paged after {s} s, step {step}",
        )
        click.echo(fine.format(person=seen.person_name, s=seen.paged, step=step).read_in(language))
    for text in wrong:
        click.echo(Text(f"不对：{text.zh}", f"wrong: {text.en}").read_in(language), err=True)
    sys.exit(1 if wrong else 0)
