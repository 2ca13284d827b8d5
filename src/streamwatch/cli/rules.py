"""`streamwatch rules`: begin a rule, check all rules, explain one."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import click

from streamwatch.alert import SEVERITIES
from streamwatch.cli.api import json_option
from streamwatch.cli.rules_explain import explain
from streamwatch.cli.two_languages import Commands
from streamwatch.cli.up import home_option
from streamwatch.cli.waiting import Waiting
from streamwatch.language import Text, reader_language
from streamwatch.rules import promtool
from streamwatch.rules.beginning import draft, name_of
from streamwatch.rules.choosing import Choice, choose
from streamwatch.rules.everything import Everything
from streamwatch.rules.finding import Finding
from streamwatch.rules.gathering import Gathering
from streamwatch.rules.lint import lint
from streamwatch.rules.trials import Trial, Trials
from streamwatch.rules.writing import begin
from streamwatch.stack.places import find_places
from streamwatch.vocabulary import HOPS, ROLES

CALLED = sorted(ROLES.keys() - {"host"})
TESTING = Text("正在测试：{done}/{of}", "testing: {done} of {of}")


@click.group("rules", cls=Commands)
def command() -> None:
    """Begin, check and explain alert rules. 新建、检查、解释告警规则。

    Example 例：streamwatch rules test
    """


command.add_command(explain)


@command.command("new")
@click.argument("name", metavar="PROCEDURE/ALERT")
@click.option("--expr", help="条件：一个指标和一个数比较。The condition: a metric against a number.")
@click.option("--zh", default="", help="中文摘要，最多 40 字。What is wrong, in Chinese; 40 characters at most.")
@click.option("--en", default="", help="英文摘要，最多 40 个字符。The same in English.")
@click.option("--role", type=click.Choice(CALLED), default="tech", help="呼叫谁。Whom to call.")
@click.option("--severity", type=click.Choice(SEVERITIES), default="P2", help="级别，默认 P2。How urgent.")
@click.option("--hop", type=click.Choice(list(HOPS)), default="ingest", help="环节。Which hop.")
@home_option
@json_option
def new(name: str, *, expr: str | None, zh: str, en: str, home: Path | None, as_json: bool, **labels: str) -> None:
    """Write a rule with its test and runbook, to be edited. 写好规则、测试和预案的骨架，供你修改。

    With --expr the test is about your metric from the start. 写了 --expr，测试一开始就是你的指标。

    Example 例：streamwatch rules new stream_interruption/FewViewers --expr 'streamwatch_viewers < 50'
    """
    place = find_places(home, None).home
    wanted = draft(name_of(name), expr=expr, zh=zh, en=en, **labels)
    begun = begin(place, wanted, Gathering(place).everything())
    if as_json:
        left = [{"zh": each.zh, "en": each.en} for each in begun.todo]
        click.echo(json.dumps({"written": begun.written, "next": left}, ensure_ascii=False))
        return
    language = reader_language()
    click.echo(Text("已写好：", "written:").read_in(language))
    for path in begun.written:
        click.echo(f"  {path}")
    click.echo(Text("接下来：", "next:").read_in(language))
    for number, step in enumerate(begun.todo, start=1):
        click.echo(f"  {number}. {step.read_in(language)}")


@command.command("test")
@click.argument("what", nargs=-1)
@click.option("--quick", is_flag=True, help="不运行规则的测试。Do not run the tests of the rules.")
@click.option("--whole", is_flag=True, help="每次测试带上全部规则，较慢。Run each test with all rules; slower.")
@click.option("--strict", is_flag=True, help="有注意事项也算失败。Warnings count as failures too.")
@home_option
@json_option
def test(
    what: tuple[str, ...], *, quick: bool, whole: bool, strict: bool, home: Path | None, as_json: bool
) -> None:
    """Check the rules, run their tests, name every mistake. 检查规则并运行测试，逐条指出错误。

    WHAT is an alert, a folder of alert_rules/ or a file in it; all by default. Exit 0 when nothing is bad.
    WHAT 是一条告警、alert_rules/ 里的文件夹或文件；默认全部。没有错误时退出码为 0。

    Example 例：streamwatch rules test stream_interruption/BitrateLow
    """
    place = find_places(home, None).home
    gathering, tests = Gathering(place), Trials(place / "alert_rules")
    everything = gathering.everything()
    choice = _chosen(place, what, everything, tests)
    findings = [each for each in lint(everything, gathering.findings) if choice.is_of(each)]
    sources, trials = choice.sources(), [] if quick else choice.trials(tests, whole=whole)
    findings += promtool.check(sources, place)
    findings += _tried(trials, place)
    bad = [each for each in findings if each.level == "bad" or strict]
    counts = {
        "files": len(sources),
        "tests": len({trial.file for trial in trials}),
        "rules": choice.rules(everything),
    }
    _say(findings, counts, as_json=as_json)
    sys.exit(1 if bad else 0)


def _chosen(place: Path, what: Sequence[str], everything: Everything, tests: Trials) -> Choice:
    """What is not there is a mistake of whoever typed it."""
    try:
        return choose(place, what, everything, tests)
    except LookupError as error:
        words: Text = error.args[0]
        raise click.BadParameter(words.read_in(reader_language())) from None


def _tried(trials: Sequence[Trial], place: Path) -> list[Finding]:
    progress = Waiting(sys.stderr, monotonic, TESTING) if sys.stderr.isatty() else None
    found = promtool.test(trials, place, progress.tick if progress else lambda done, of: None)
    if progress:
        progress.end()
    return found


def _say(findings: Sequence[Finding], counts: dict[str, int], *, as_json: bool) -> None:
    bad = sum(each.level == "bad" for each in findings)
    if as_json:
        told = [each.as_json() for each in findings]
        click.echo(json.dumps({"ok": not bad, **counts, "findings": told}, ensure_ascii=False))
        return
    language = reader_language()
    for each in findings:
        click.echo(each.words.read_in(language), err=True)
    ended = Text(
        "{rules} 条规则，{tests} 个测试文件：{bad} 处错误，{warned} 处注意",
        "{rules} rules, {tests} test files: {bad} bad, {warned} warnings",
    )
    click.echo(ended.format(**counts, bad=bad, warned=len(findings) - bad).read_in(language), err=bool(bad))
