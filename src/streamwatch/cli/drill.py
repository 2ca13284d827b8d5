"""`streamwatch drill`: a real fault on the running system, timed from the fault to the phone."""

import asyncio
import json
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from streamwatch.cli.api import json_option
from streamwatch.cli.drill_due import due
from streamwatch.cli.drill_history import history
from streamwatch.cli.drill_report import report
from streamwatch.cli.up import home_option, state_option
from streamwatch.drill.all import Matrix, run_all, words_of
from streamwatch.drill.expected import EXPECTED, NEEDS, place_of
from streamwatch.drill.run import run
from streamwatch.drill.verdict import Seen, faults_of
from streamwatch.drill.watching import Tell
from streamwatch.language import Language, Text, reader_language
from streamwatch.stack.faults import FAULTS
from streamwatch.stack.places import find_places
from streamwatch.vocabulary import FAULTS as FAULT_WORDS
from streamwatch.vocabulary import HOPS, ROLES, say


class _Drills(click.Group):
    """A word that is no command is a fault: `streamwatch drill encoder_crash` has no further word."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if args and args[0] in self.commands:
            return super().make_context(info_name, args, parent, **extra)
        return play.make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)


class _Fault(click.Choice[str]):
    """A slip of the pen is told by what was meant; a list of twenty names says nothing."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value in self.choices:
            return str(value)
        near = get_close_matches(str(value), [*self.choices, *("history", "due", "report")], 1)
        if near:
            self.fail(_MEANT.format(word=value, near=near[0]).read_in(reader_language()), param, ctx)
        return self.fail(_UNKNOWN.format(word=value).read_in(reader_language()), param, ctx)


_MEANT = Text("没有故障“{word}”；你是说 {near} 吗？", "there is no fault '{word}'; did you mean {near}?")
_UNKNOWN = Text("没有故障“{word}”；--list 列出全部", "there is no fault '{word}'; --list lists them")


@click.command("drill")
@click.argument("fault", type=_Fault(["all", *EXPECTED]), required=False, metavar="FAULT|all")
@click.option(
    "--list", "listed", is_flag=True, help="列出能演练的故障。What can be drilled, and what it must lead to."
)
@click.option("--stream", help="直播间。The stream; default: where the fault is played.")
@click.option(
    "--timeout", type=float, default=240.0, show_default=True, help="最多等几秒。Seconds to wait for it all."
)
@home_option
@state_option
@json_option
def play(
    fault: str | None,
    listed: bool,
    stream: str | None,
    timeout: float,
    home: Path | None,
    state: Path | None,
    as_json: bool,
) -> None:
    """Make FAULT on the running system, watch who is called, mend it. 演练：弄坏它，看它呼叫谁，再修好。

    `all` plays every fault, in about six minutes. 全部演练约六分钟。
    Exit 0 only when the right person got the right page, once, in time, and was told that it is over.

    `streamwatch drill history` lists the drills that were, `streamwatch drill due` those that are due; `streamwatch
    drill report` is one of an emergency that people report. 以往的演练；到期的演练；演练人工上报。

    Example 例：streamwatch drill encoder_crash
    """
    if listed:
        _list(as_json)
        return
    if fault is None:
        raise click.UsageError(_WHICH.read_in(reader_language()))
    where = find_places(home, state).state
    try:
        if fault == "all":
            sys.exit(_all(asyncio.run(run_all(where, timeout, lambda name: _teller(as_json, name))), as_json))
        sys.exit(_one(asyncio.run(run(where, fault, stream, timeout, _teller(as_json))), as_json))
    except KeyboardInterrupt:  # the stream was mended on the way out
        cancelled = Text("已取消，推流已恢复", "cancelled, the stream is restored").read_in(reader_language())
        click.echo(json.dumps({"cancelled": True}) if as_json else cancelled)
        sys.exit(1)


command = _Drills("drill", help=play.help)
command.add_command(due)
command.add_command(history)
command.add_command(report)


_WHICH = Text("请写一个故障，或 all；--list 列出全部", "name a fault, or all; --list lists them")


def _teller(as_json: bool, name: str = "") -> Tell:
    def tell(seconds: float, text: Text) -> None:
        if not as_json:
            click.echo(f"{seconds:+7.2f} s  {name:21}{text.read_in(reader_language())}".replace(" " * 21, ""))

    return tell


def _one(seen: Seen, as_json: bool) -> int:
    wrong = faults_of(seen)
    if as_json:
        click.echo(json.dumps(_told(seen), ensure_ascii=False))
    elif not wrong:
        click.echo(_fine(seen).read_in(reader_language()))
    _complain(wrong, reader_language())
    return 1 if wrong else 0


def _all(matrix: Matrix, as_json: bool) -> int:
    wrong = words_of(matrix)
    if as_json:
        told = {
            "passed": matrix.passed,
            "drills": [_told(each) for each in matrix.seen],
            "unlisted": matrix.unlisted,
        }
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        for seen in matrix.seen:
            if not faults_of(seen):
                click.echo(f"{seen.fault:21}{_fine(seen).read_in(reader_language())}")
    _complain(wrong, reader_language())
    return 1 if wrong else 0


def _told(seen: Seen) -> dict[str, Any]:
    wrong = faults_of(seen)
    return {**seen.as_json(), "wrong": [text.en for text in wrong], "wrong_zh": [text.zh for text in wrong]}


def _fine(seen: Seen) -> Text:
    fine = Text(
        "演练通过：{person} 在 {s} 秒内被呼叫，步骤 {step}", "passed: {person} was paged after {s} s, step {step}"
    )
    return fine.format(person=seen.person_name, s=seen.paged, step=f"{seen.procedure}#{seen.runbook_step}")


def _complain(wrong: list[Text], language: Language) -> None:
    for text in wrong:
        click.echo(Text(f"不对：{text.zh}", f"wrong: {text.en}").read_in(language), err=True)


def _list(as_json: bool) -> None:
    lacks = {fault: FAULTS[fault].lacks() for fault in EXPECTED}
    if as_json:
        click.echo(json.dumps({"faults": [
            {"fault": fault, "stream": place_of(fault), "hops": sorted(each.hops), "severity": each.severity,
             "role": each.role, "name": FAULT_WORDS[fault].en,
             "name_zh": FAULT_WORDS[fault].zh,
             "needs": need.en if (need := NEEDS.get(fault)) else None,
             "procedure": each.procedure, "steps": sorted(each.steps), "within": each.within,
             "lacks": lack.en if (lack := lacks[fault]) else None}
            for fault, each in EXPECTED.items()
        ]}, ensure_ascii=False))  # fmt: skip
        return
    language = reader_language()
    for fault, each in EXPECTED.items():
        hops = " / ".join(say(HOPS, hop).read_in(language) for hop in sorted(each.hops))
        role, what = (say(*word).read_in(language) for word in ((ROLES, each.role), (FAULT_WORDS, fault)))
        calls = Text(f"{each.within:g} 秒内呼叫{role}", f"calls {role} within {each.within:g} s").read_in(language)
        need = lacks[fault] or NEEDS.get(fault)
        tail = f"  ({need.read_in(language)})" if need else ""
        click.echo(f"{fault:21}{each.severity}  {calls}  {what} · {hops}{tail}")
