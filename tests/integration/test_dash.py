"""The DASH watcher in front of what ffmpeg packages: what it sees while all is well, and when it stops."""

from pathlib import Path

from servers.dash_origin import HIGH, LOW, MANIFEST, SOUND, dash_origin, packaging
from servers.exporter import Page, running_exporter

UP = "streamwatch_probe_up"
AGE = "streamwatch_dash_representation_age_seconds"
END_AGE = "streamwatch_dash_timeline_end_age_seconds"
MANIFEST_AGE = "streamwatch_dash_manifest_age_seconds"
RATIO = "streamwatch_dash_download_ratio"
REQUESTS = "streamwatch_dash_segment_requests_total"
FAILURES = "streamwatch_dash_segment_failures_total"
VIOLATIONS = "streamwatch_dash_violations_total"
RULES_OF_THE_END = {"static_on_live"}


def watching(address: str) -> str:
    return f'streams:\n  - {{id: a, dash: {{url: "{address}", interval: 0.5, timeout: 2.0}}}}'


def broken(page: Page) -> dict[str, float]:
    rules = page.label_values("rule")
    return {rule: count for rule in rules if (count := page.value(VIOLATIONS, rule=rule))}


def all_came(page: Page, times: int = 1) -> bool:
    return len(page.values(RATIO)) == 3 and sum(page.values(REQUESTS)) >= 3 * times


async def test_a_timeline_is_followed_until_its_encoder_hangs_and_ends(tmp_path: Path) -> None:
    """Healthy: nothing is broken. Frozen: each age grows. An orderly end: static, which is bad."""
    async with dash_origin(tmp_path) as origin:
        with packaging(origin.folder, "-use_timeline", "1") as packager:
            async with running_exporter(tmp_path, watching(origin.url())) as exporter:
                page = await exporter.until(lambda page: all_came(page, 3))
                assert page.value(UP, probe="dash") == 1
                assert page.label_values("representation") == {HIGH, LOW, SOUND}
                assert page.value("streamwatch_dash_representations_up") == 3
                assert all(age < 6 for age in page.values(AGE) + page.values(END_AGE))
                assert all(0 < ratio < 1 for ratio in page.values(RATIO))
                assert set(page.values(FAILURES)) == {0}
                bandwidth = page.value("streamwatch_dash_measured_bandwidth_bytes_per_second", representation=HIGH)
                assert bandwidth is not None
                assert 2_000 < bandwidth < 200_000
                assert broken(page) == {}

                packager.freeze()
                page = await exporter.until(
                    lambda page: min(page.values(AGE) + page.values(END_AGE), default=0) > 2
                )
                assert page.value(MANIFEST_AGE) is not None
                assert page.value(UP, probe="dash") == 1
                packager.resume()
                await exporter.until(lambda page: max(page.values(AGE)) < 1.5)

                packager.end()
                page = await exporter.until(lambda page: set(broken(page)) >= RULES_OF_THE_END)
                assert broken(page)["static_on_live"] == 1
                status, text = await exporter.get("/probe?module=dash&target=a&debug=true")
                assert status == 200
                assert "probe_success 0" in text
                assert "Answer 结果: bad" in text


async def test_a_template_by_the_clock_is_followed_by_its_segments(tmp_path: Path) -> None:
    """Its manifest says nothing about what is there: a frozen encoder shows in segments that do not come."""
    async with dash_origin(tmp_path) as origin:
        with packaging(origin.folder, "-use_timeline", "0") as packager:
            async with running_exporter(tmp_path, watching(origin.url())) as exporter:
                page = await exporter.until(lambda page: all_came(page, 3))
                assert page.value("streamwatch_dash_representations_up") == 3
                assert page.value(FAILURES, code_class="4xx") == 0
                assert all(age < 6 for age in page.values(AGE) + page.values(END_AGE))
                assert page.values("streamwatch_dash_segments") == []
                assert broken(page) == {}
                status, text = await exporter.get("/probe?module=dash&target=a")
                assert status == 200
                assert "probe_success 1" in text

                packager.freeze()
                # Each representation has failures of its own: three of one are not yet one of each.
                page = await exporter.until(lambda page: page.value("streamwatch_dash_representations_up") == 0)
                assert page.value(FAILURES, code_class="4xx") >= 3
                page = await exporter.until(lambda page: min(page.values(AGE)) > 2.5)
                assert page.value(UP, probe="dash") == 1


async def test_what_goes_wrong_between_encoder_and_viewers_is_told_apart(tmp_path: Path) -> None:
    """Segments that are missing, segments slower than real time, and a manifest that stands still at an edge."""
    async with dash_origin(tmp_path) as origin:
        with packaging(origin.folder, "-use_timeline", "1"):
            async with running_exporter(tmp_path, watching(origin.url())) as exporter:
                await exporter.until(all_came)
                origin.missing, origin.slow = "stream2-", "stream0-"
                page = await exporter.until(
                    lambda page: (
                        page.value(FAILURES, code_class="4xx") >= 2
                        and (page.value(RATIO, representation=HIGH) or 0) > 1
                    )
                )
                assert page.value(RATIO, representation=SOUND) is None
                ratio = page.value(RATIO, representation=LOW)
                assert ratio is not None
                assert ratio < 1
                assert page.value("streamwatch_dash_representations_up") == 2
                assert page.value("streamwatch_probe_skipped_total", reason="segment_busy") > 0
                _, recent = await exporter.get("/")
                assert "the newest segment does not come" in recent

                origin.missing = origin.slow = ""
                await exporter.until(lambda page: page.value("streamwatch_dash_representations_up") == 3)


async def test_a_list_of_segments_is_followed(tmp_path: Path) -> None:
    """SegmentList, whose period begins later each time."""
    async with dash_origin(tmp_path) as origin:
        with packaging(origin.folder, "-use_template", "0", "-use_timeline", "0"):
            async with running_exporter(tmp_path, watching(origin.url())) as exporter:
                page = await exporter.until(lambda page: all_came(page, 2) and origin.seen[MANIFEST] > 2)
                assert all(age < 6 for age in page.values(AGE) + page.values(END_AGE))
                assert set(page.values(FAILURES)) == {0}
                assert broken(page) == {}
