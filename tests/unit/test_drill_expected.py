"""The table of faults agrees with what can be broken, with the rules, and with the runbooks."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from streamwatch.cli.drill import command
from streamwatch.drill.all import DEMO, FIRST, LAST, LONG, TOGETHER, stage_of
from streamwatch.drill.expected import EXPECTED, NEEDS, P0_WITHIN, place_of
from streamwatch.stack.faults import FAULTS
from streamwatch.vocabulary import FAULTS as FAULT_WORDS
from streamwatch.watching.watchdog import MISSED

RULES = Path(__file__).parents[2] / "alert_rules"


def test_what_can_be_broken_is_what_is_expected() -> None:
    """Each fault once in both tables, and once in the plan of `drill all`."""
    assert list(FAULTS) == list(EXPECTED)
    assert sorted([*FIRST, *DEMO, *LONG, *LAST, *TOGETHER]) == sorted(EXPECTED)


@pytest.mark.parametrize("fault", EXPECTED)
def test_the_rule_of_a_step_says_the_same(fault: str) -> None:
    """Hop, role and severity of the rule that names the step; the receiver's own alert has no rule."""
    expected = EXPECTED[fault]
    (step,) = expected.steps
    for language in ("zh", "en"):
        assert f"{{#{step}}}" in (RULES / expected.procedure / f"runbook.{language}.md").read_text(encoding="utf-8")
    groups = yaml.safe_load((RULES / expected.procedure / "rules.yml").read_text(encoding="utf-8"))["groups"]
    named = "complaint-{{ $labels.category }}" if step.startswith("complaint-") else step
    alerts = [rule for group in groups for rule in group["rules"] if _step(rule) == named]
    assert alerts or step in {each["runbook_step"] for each in MISSED.values()}
    for labels in (rule["labels"] for rule in alerts if rule["labels"]["hop"] in expected.hops):
        assert labels["role"] == expected.role
        assert labels["severity"].rpartition("{{ else }}")[2].removesuffix("{{ end }}") == expected.severity


def _step(rule: dict[str, dict[str, str]]) -> str | None:
    return rule.get("annotations", {}).get("runbook_step")


def test_who_sees_nothing_is_paged_within_twelve_seconds() -> None:
    """Every P0, whether a rule tells it or the receiver itself."""
    assert {each.within for each in EXPECTED.values() if each.severity == "P0"} == {P0_WITHIN}


def test_a_fault_has_a_stream_of_its_own() -> None:
    """Unless it is one of the demo, or of the whole system."""
    assert place_of("black_picture") == "drill-black-picture"
    assert (place_of("encoder_crash"), place_of("receiver_down")) == ("demo", "all")


def test_all_leaves_the_demo_what_only_it_can_suffer() -> None:
    """Its ingest server and its chat; what happens to an encoder happens to one of the stage."""
    assert [fault for fault in EXPECTED if stage_of(fault) == "demo"] == ["ingest_down", "complaint_storm"]
    assert stage_of("encoder_hang") == "drill-encoder-hang"


def test_the_list_says_what_each_fault_must_lead_to() -> None:
    """For people and for programs."""
    told = CliRunner().invoke(command, ["--list"], env={"STREAMWATCH_LANG": "en"})
    listed = CliRunner().invoke(command, ["--list", "--json"])

    assert [line.split()[0] for line in told.output.splitlines()] == list(EXPECTED)
    assert (
        "complaint_storm      P1  calls service within 20 s  many viewers complain of lag · audience" in told.output
    )
    disk = next(line for line in told.output.splitlines() if line.startswith("disk_full"))
    assert "root" in disk
    zh = CliRunner().invoke(command, ["--list"], env={"STREAMWATCH_LANG": "zh"}).output
    assert "encoder_hang         P0  12 秒内呼叫技术  编码器卡死 · 编码" in zh
    assert [each["fault"] for each in json.loads(listed.output)["faults"]] == list(EXPECTED)


def test_every_fault_has_its_words_and_what_it_needs() -> None:
    """In both languages; what this machine lacks is named as a need, too."""
    assert list(FAULT_WORDS) == list(EXPECTED)
    assert all(text.zh and text.en and text.zh != text.en for text in FAULT_WORDS.values())
    assert {fault for fault in EXPECTED if FAULTS[fault].lacks()} <= set(NEEDS)


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("encoder_crsh", "there is no fault 'encoder_crsh'; did you mean encoder_crash?"),
        ("histroy", "did you mean history?"),
        ("xyz", "there is no fault 'xyz'; --list lists them"),
    ],
)
def test_a_slip_of_the_pen_is_told_by_what_was_meant(word: str, says: str) -> None:
    """And not by all the names there are."""
    told = CliRunner().invoke(command, [word], env={"STREAMWATCH_LANG": "en"})
    assert (told.exit_code, says in told.output) == (2, True), told.output
