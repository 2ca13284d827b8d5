"""Each check has a case in which it speaks, at the exact place, and one in which it is silent."""

from pathlib import Path

import pytest

from servers.rules_clone import EN, HOLDS, PROMETHEUS, RULES, TESTS, ZH, Clone


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_rules_that_are_right_are_silent(clone: Clone) -> None:
    """No finding at all."""
    assert clone.findings() == []


@pytest.mark.parametrize(
    ("expr", "check", "level", "mark"),
    [
        ("max by (stream) (demo_upp) == 0", "metric/unknown", "bad", "demo_upp"),
        ("max by (stream) (demo_bytes_total) == 0", "metric/counter", "bad", "demo_bytes_total"),
        ("max by (stream) (demo_wait_seconds_count) == 0", "metric/counter", "bad", "demo_wait_seconds_count"),
        ("max by (stream) (rate(demo_up[10s])) == 0", "metric/gauge", "bad", "demo_up"),
        ("max by (stream) (deriv(demo_bytes_total[10s])) == 0", "metric/gauge", "bad", "demo_bytes_total"),
        ("demo_up / demo_level > 0.5", "promql/division", "warning", "demo_level"),
        ("demo_up % (demo_level > -1) > 0.5", "promql/division", "warning", "(demo_level > -1)"),
        ("demo_up / clamp_min(demo_level, 0) > 0.5", "promql/division", "warning", "clamp_min(demo_level, 0)"),
        ("max by (stream) (demo_up)", "promql/comparison", "bad", "demo_up"),
        ("demo_up == bool 0", "promql/comparison", "bad", "demo_up == bool 0"),
        ("demo_up > 0 or demo_level", "promql/comparison", "bad", "demo_level"),
        ("demo_up and on (stream) demo_level", "promql/comparison", "bad", "demo_up and on (stream) demo_level"),
        ("max(demo_up) == 0", "label/stream", "bad", "max(demo_up) == 0"),
        ("max by (host) (demo_up) == 0", "label/stream", "bad", "max by (host) (demo_up) == 0"),
        ("max without (stream) (demo_up) == 0", "label/stream", "bad", "max without (stream) (demo_up) == 0"),
        ("demo_host_ratio > 0.5", "label/stream", "bad", "demo_host_ratio > 0.5"),
        ("demo_up - on (host) demo_level > 0", "label/stream", "bad", "demo_up - on (host) demo_level > 0"),
        ("sum by (stream) (rate(demo_bytes_total[1s])) == 0", "timing/range", "bad", "demo_bytes_total[1s]"),
        ("sum by (stream) (rate(demo_bytes_total[3s])) == 0", "timing/range", "warning", "demo_bytes_total[3s]"),
        ("absent(demo_up)", "absence/absent", "bad", "absent(demo_up)"),
        ("absent(max by (stream) (demo_up))", "absence/absent", "bad", "absent(max by (stream) (demo_up))"),
        ('absent(demo_up{stream="a"}) == 0', "absence/absent", "bad", 'absent(demo_up{stream="a"}) == 0'),
    ],
)  # fmt: skip
def test_a_condition_that_is_wrong_is_named_at_its_place(
    clone: Clone, expr: str, check: str, level: str, mark: str
) -> None:
    """The words that are wrong are marked, in the line that they stand in."""
    clone.judge_by(expr)
    found = {each.check: each for each in clone.findings()}
    assert check in found
    assert (found[check].level, found[check].place.line, found[check].rule) == (level, 6, "ThingBroken")
    start = clone.read(RULES).splitlines()[5].index(mark)
    # what goes on behind the end of the line is marked up to it
    assert (found[check].place.column, found[check].place.shown[start:][: len(mark)]) == (start + 1, mark)


@pytest.mark.parametrize(
    "expr",
    [
        "max by (stream) (last_over_time(other_seen[10s])) == 0",
        "max by (stream) (streamwatch_inbox_waiting) > 0",
        "max by (stream) (process_cpu_seconds_total offset 5m unless demo_up) > 0",
        "sum by (stream) (increase(demo_bytes_total[5s])) == 0",
        "sum by (stream) (rate(demo_wait_seconds_sum[5s])) > 9",
        "demo_up == 0 and on (stream) demo_bytes_total",
        "group by (stream) (demo_bytes_total) unless on (stream) demo_up == 1",
        "count by (stream) (demo_bytes_total) > 3",
        "max by (stream) (delta(demo_level[5s])) > 3",
        "max by (stream) (changes(demo_bytes_total[1m])) == 0",
        "demo_up / 2 > 0.5",
        "demo_up / clamp_min(demo_level, 1) > 0.5",
        "demo_up / (demo_level > 0) > 0.5",
        "demo_up / (demo_level != 0 and demo_up) > 0.5",
        "demo_up > 0 unless demo_level",
        "group by (stream) (demo_up == 0)",
        "max without (host) (demo_up) == 0",
        "topk(3, demo_up) > 0",
        "demo_up * on (stream) group_left () demo_level > 0",
        'label_replace(demo_host_ratio, "stream", "all", "", "") > 0.5',
        'absent(demo_up{stream="a"})',
        "sum by (stream) (rate(demo_bytes_total[4s])) == 0",
    ],
)
def test_a_condition_that_is_right_is_not_accused(clone: Clone, expr: str) -> None:
    """Whatever else it is, the checks of conditions have nothing to say."""
    clone.judge_by(expr)
    assert [each for each in clone.told() if each[0] != "metric/counter" or "process" not in each[2]] == []


@pytest.mark.parametrize(
    ("path", "old", "new", "told"),
    [
        (RULES, "hop: ingest, ", "", ("label/missing", "bad", "ThingBroken")),
        (RULES, "hop: ingest", "hop: intake", ("label/hop", "bad", "intake")),
        (RULES, "role: tech", "role: host", ("label/role", "bad", "host")),
        (RULES, "severity: P1", "severity: P9", ("label/severity", "bad", "P9")),
        (RULES, "severity: P1", "severity: none", ("label/severity", "bad", "none")),
        (RULES, "procedure: demo,", "procedure: other,", ("label/procedure", "bad", "other")),
        (RULES, "summary_zh: 坏了", "other: 坏了", ("annotation/missing", "bad", "ThingBroken")),
        (RULES, "summary_en: it is broken", "summary_en: " + "x" * 41, ("annotation/summary", "bad", "x" * 41)),
        (RULES, "summary_en: it is broken", "summary_en: 坏了", ("annotation/summary", "bad", "坏了")),
        (RULES, "summary_zh: 坏了", "summary_zh: 待写：坏了", ("annotation/summary", "warning", "待写：坏了")),
        (RULES, "it is broken", "is {{ $value }}", ("annotation/summary", "bad", "is {{ $value }}")),
        (RULES, "runbook_step: thing-broken", "runbook_step: thing", ("runbook/step", "bad", "thing")),
        (RULES, "for: 6s", "for: 1s", ("timing/for", "warning", "1s")),
        (RULES, "for: 6s", "for: 0s", ("timing/for", "bad", "0s")),
        (RULES, "        for: 6s\n", "", ("timing/for", "bad", "ThingBroken")),
        (RULES, HOLDS, "", ("absence/branch", "warning", "ThingBroken")),
        (RULES, HOLDS, HOLDS.replace("ThingBroken", "Other"), ("absence/branch", "warning", "ThingBroken")),
        (RULES, "demo_up) == 0", "demo_up] == 0", ("promql/syntax", "bad", "]")),
        (TESTS, "exp_alerts: []", "exp_alerts: [{}]", ("test/silent", "bad", "ThingBroken")),
        (TESTS, "alertname: ThingBroken,", "alertname: ThingBrokn,", ("test/stranger", "bad", "ThingBrokn")),
        (EN, "1. tech: mend it", "1. tech: mend it\n2. tech: again", ("runbook/steps", "bad", "{#thing-broken}")),
        (EN, "tech: mend it", "tech: to be written", ("runbook/unfinished", "warning", "{#thing-broken}")),
        (EN, "title: Demo", "titel: Demo", ("runbook/file", "bad", "p")),
        (PROMETHEUS, "demo/rules.yml", "other/rules.yml", ("name/loaded", "bad", "")),
    ],
)  # fmt: skip
def test_what_is_wrong_beside_the_condition_is_named_at_its_place(
    clone: Clone, path: str, old: str, new: str, told: tuple[str, str, str]
) -> None:
    """Labels, annotations, runbooks, tests, and what Prometheus loads."""
    clone.change(path, old, new)
    assert told in clone.told()


def test_a_test_that_shows_no_firing_is_named(clone: Clone) -> None:
    """It expects nothing, and that passes for ever."""
    clone.write(TESTS, clone.read(TESTS).split("      - alertname")[0])
    assert clone.told() == [("test/firing", "bad", "ThingBroken")]


def test_an_alert_of_two_rules_is_named_with_the_first(clone: Clone) -> None:
    """They would inhibit and hold on to each other."""
    clone.write(RULES, clone.read(RULES) + clone.read(RULES).partition("rules:\n")[2])
    (found,) = [each for each in clone.findings() if each.check == "name/twice"]
    assert found.place.line == 14
    assert f"{RULES}:4:16" in found.what.en
    assert f"{RULES}:4:16" in found.what.zh


def test_a_runbook_that_is_missing_is_named(clone: Clone) -> None:
    """In either language."""
    (clone.home / ZH).unlink()
    assert [(each.check, each.place.file) for each in clone.findings()] == [("runbook/file", ZH)]


def test_a_section_without_steps_is_named(clone: Clone) -> None:
    """In both languages, so that they do not differ."""
    for path in (ZH, EN):
        clone.change(path, "1. tech", "tech")
    assert clone.told() == [("runbook/steps", "bad", "{#thing-broken}")]


def test_a_file_that_is_no_yaml_is_named_and_accuses_nobody_else(clone: Clone) -> None:
    """Not the tests of its alerts, which are strangers now."""
    clone.change(RULES, "labels: {hop", "labels: {{hop")
    assert {each.check for each in clone.findings()} == {"yaml/syntax"}


def test_a_list_of_metrics_with_an_unknown_type_is_named(clone: Clone) -> None:
    """With what is wrong in it."""
    clone.write("config/other_metrics.yml", "other: {other_seen: gage}\n")
    (found,) = clone.findings()
    assert (found.check, "other.other_seen: gage" in found.what.en) == ("metric/list", True)


def test_what_a_recorded_metric_stands_on_counts(clone: Clone) -> None:
    """Its condition, its stream, and its branch for absence."""
    record = "      - record: stream:broken:bool\n        expr: max by (stream) (demo_up) == 0 " + HOLDS + "\n"
    clone.change(RULES, "      - alert", record + "      - alert")
    clone.change(RULES, "max by (stream) (demo_up) == 0\n          " + HOLDS, "stream:broken:bool")
    assert clone.findings() == []

    clone.change(RULES, "max by (stream) (demo_up) == 0 ", "max(demo_up) ")
    assert [each[0] for each in clone.told()] == ["label/stream", "promql/comparison"]


def test_labels_that_are_templates_are_left_to_the_tests(clone: Clone) -> None:
    """Only a run of the rule says what becomes of them."""
    clone.change(RULES, "severity: P1", "severity: '{{ if true }}P1{{ end }}'")
    assert clone.findings() == []


@pytest.mark.parametrize(
    ("step", "lacking"), [("thing-{{ $labels.channel }}", 0), ("other-{{ $labels.channel }}", 2)]
)
def test_a_step_that_is_a_template_needs_a_section_of_its_shape(clone: Clone, step: str, lacking: int) -> None:
    """In both languages."""
    clone.change(RULES, "runbook_step: thing-broken", f"runbook_step: '{step}'")
    assert len(clone.findings()) == lacking


def test_a_step_for_each_category_needs_all_of_them(clone: Clone) -> None:
    """Ten categories that are alerted on, in two languages."""
    clone.change(RULES, "runbook_step: thing-broken", "runbook_step: 'thing-{{ $labels.category }}'")
    found = clone.findings()
    assert {each.check for each in found} == {"runbook/step"}
    assert (len(found), any("#thing-violation" in each.what.en for each in found)) == (20, False)


def test_a_slower_scrape_asks_for_longer_waits(clone: Clone) -> None:
    """Six seconds are less than two scrapes of fifteen."""
    clone.change(PROMETHEUS, "scrape_interval: 1s", "scrape_interval: 15s")
    assert clone.told() == [("timing/for", "warning", "6s")]


def test_a_finding_is_read_in_both_languages(clone: Clone) -> None:
    """The place, the check, the rule, what, the cure, the line, and the mark below the word."""
    clone.change(RULES, "for: 6s", "for: 1s")
    (found,) = clone.findings()
    mark = "\n            for: 1s\n                 ^^"
    assert found.words.en == (
        f"{RULES}:8:14: timing/for (warning): ThingBroken: 'for' is under 2 scrapes (2s); "
        f"write for: 6s or so, at least 2s{mark}"
    )
    assert found.words.zh.startswith(
        f"{RULES}:8:14: timing/for（注意）：ThingBroken: for 短于 2 次采集（2s）；写 for"
    )


def test_a_mark_stands_below_wide_characters(clone: Clone) -> None:
    """Two columns of a terminal for each."""
    clone.change(RULES, "summary_en: it is broken", "summary_en: 坏了吗")
    (found,) = clone.findings()
    assert found.words.en.endswith("\n              summary_en: 坏了吗\n                          ^^^^^^")


def test_a_job_with_its_own_pace_is_judged_by_it(clone: Clone) -> None:
    """What it brings is asked for by the name of the job; the others keep theirs."""
    clone.write(PROMETHEUS, clone.read(PROMETHEUS) + "scrape_configs: [{job_name: other, scrape_interval: 10s}]\n")
    assert clone.findings() == []

    clone.judge_by("max by (stream) (max_over_time(other_seen[15s])) == 0")
    assert clone.told() == [
        ("timing/range", "bad", "other_seen[15s]"),
        ("timing/for", "warning", "6s"),
    ]


def test_up_of_a_job_is_judged_by_its_pace(clone: Clone) -> None:
    """Prometheus makes it with each scrape."""
    clone.write(PROMETHEUS, clone.read(PROMETHEUS) + "scrape_configs: [{job_name: other, scrape_interval: 10s}]\n")
    clone.judge_by('max by (stream) (up{job="other"}) == 0')
    assert clone.told() == [("timing/for", "warning", "6s")]
