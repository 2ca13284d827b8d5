"""`streamwatch rules`: begin a rule, check all rules, explain one."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from streamwatch.cli.api import json_option
from streamwatch.cli.rules_explain import explain
from streamwatch.cli.up import home_option
from streamwatch.errors import CommandFailed
from streamwatch.language import Text, reader_language
from streamwatch.rules import promtool
from streamwatch.rules.beginning import name_of
from streamwatch.rules.everything import Everything
from streamwatch.rules.finding import Finding
from streamwatch.rules.gathering import Gathering, is_test
from streamwatch.rules.lint import lint
from streamwatch.rules.writing import begin
from streamwatch.stack.places import find_places


@click.group("rules")
def command() -> None:
    """Begin, check and explain alert rules. 新建、检查、解释告警规则。

    Example 例：streamwatch rules test
    """


command.add_command(explain)


@command.command("new")
@click.argument("name", metavar="PROCEDURE/ALERT")
@home_option
@json_option
def new(name: str, home: Path | None, as_json: bool) -> None:
    """Write a rule with its test and runbook, to be edited. 写好规则、测试和预案的骨架，供你修改。

    Example 例：streamwatch rules new stream_interruption/AudioDrifts
    """
    place = find_places(home, None).home
    begun = begin(place, name_of(name), Gathering(place).everything())
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
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--quick", is_flag=True, help="不运行规则的测试。Do not run the tests of the rules.")
@click.option("--strict", is_flag=True, help="有注意事项也算失败。Warnings count as failures too.")
@home_option
@json_option
def test(paths: tuple[Path, ...], quick: bool, strict: bool, home: Path | None, as_json: bool) -> None:
    """Check the rules, run their tests, name every mistake. 检查全部规则并运行测试，逐条指出错误。

    PATH is a folder of alert_rules/ or a file in it; all of them by default. Exit 0 when nothing is bad.

    Example 例：streamwatch rules test alert_rules/stream_interruption
    """
    place = find_places(home, None).home
    wanted = _wanted(place, paths)
    gathering = Gathering(place)
    everything = gathering.everything()
    findings = [each for each in lint(everything, gathering.findings) if _is_of(place, each, wanted)]
    rules, tests = _files(place, wanted)
    findings += promtool.check(rules, place)
    findings += [] if quick else promtool.test(tests, place)
    bad = [each for each in findings if each.level == "bad" or strict]
    counts = {"files": len(rules), "tests": 0 if quick else len(tests), "rules": _count(place, everything, wanted)}
    _say(findings, counts, as_json=as_json)
    sys.exit(1 if bad else 0)


def _count(place: Path, everything: Everything, wanted: Sequence[Path]) -> int:
    return sum(_within(place / rule.source.file, wanted) for rule in everything.rules())


def _wanted(place: Path, paths: Sequence[Path]) -> list[Path]:
    """Absolute; those that are not there are a mistake of whoever typed them."""
    found = [path.absolute() for path in paths] or [place / "alert_rules"]
    for path in found:
        if not path.exists() or not path.is_relative_to(place / "alert_rules"):
            words = Text(f"{path} 不在 alert_rules/ 里", f"{path} is not in alert_rules/")
            raise click.BadParameter(words.read_in(reader_language()))
    return found


def _within(path: Path, wanted: Sequence[Path]) -> bool:
    return any(path == each or path.is_relative_to(each) for each in wanted)


def _is_of(place: Path, finding: Finding, wanted: Sequence[Path]) -> bool:
    """What stands in no folder, as a mistake in a list of metrics, concerns all."""
    path = place / finding.place.file
    return not path.is_relative_to(place / "alert_rules") or _within(path, wanted)


def _files(place: Path, wanted: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    files = [path for path in sorted((place / "alert_rules").glob("*/*.yml")) if _within(path, wanted)]
    if not files:
        raise CommandFailed(Text("没有规则文件", "there are no rules"))
    return [path for path in files if not is_test(path)], [path for path in files if is_test(path)]


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
