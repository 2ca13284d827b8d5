"""The exporter's HTTP face: the metrics page, probes on demand, reload, and that no secret comes out anywhere."""

import asyncio
import logging
import subprocess
from pathlib import Path

import pytest

from servers.exporter import running_exporter, write_config
from servers.hls_origin import LivePlaylist, hls_origin

STAT = "<rtmp><pid>1</pid><server><application><name>live</name><live>{}</live></application></server></rtmp>"
STREAM = "<stream><name>{}</name><publishing/><nclients>1</nclients></stream>"


async def test_the_page_passes_promtool(tmp_path: Path) -> None:
    """Names, units, help texts and types as Prometheus wants them, with every probe at work."""
    async with hls_origin() as origin:
        origin.put("/stat", STAT.format(STREAM.format("demo")))
        origin.put("/m.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=8,RESOLUTION=2x2\nv.m3u8\n")
        origin.put("/v.m3u8", LivePlaylist().text())
        origin.put("/seg-3.ts", b"x" * 1000)
        text = f"""
servers: [{{id: studio, nginx_rtmp: {{url: "{origin.url("/stat")}"}}}}]
streams:
  - id: demo
    nginx_rtmp: {{server: studio, app: live, name: demo}}
    hls: {{url: "{origin.url("/m.m3u8")}"}}
    chat: {{}}
"""
        async with running_exporter(tmp_path, text) as exporter:
            await exporter.post("/api/v1/chat/demo", '[{"user":"a","text":"卡"},{"viewers":3}]'.encode())
            page = await exporter.until(lambda page: page.value("streamwatch_hls_download_ratio") is not None)
    checked = await asyncio.create_subprocess_exec(
        "promtool", "check", "metrics", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    complaints, _ = await checked.communicate(page.text.encode())
    assert (checked.returncode, complaints) == (0, b"")
    assert "_created" not in page.text
    for line in page.text.splitlines():
        if line.startswith("# HELP streamwatch_"):
            assert any("\u4e00" <= c <= "\u9fff" for c in line), f"only in English: {line}"


async def test_no_secret_comes_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Planted in an address, a stream name, a path and the token; looked for everywhere, good times and bad."""
    caplog.set_level(logging.DEBUG)
    async with hls_origin() as origin:
        origin.put("/stat/hidden1", STAT.format(STREAM.format("hidden2")))
        origin.put("/hidden3/a.m3u8", LivePlaylist(name="hidden6").text())
        (tmp_path / "url").write_text(origin.url("/gone.m3u8?sign=hidden4"))
        text = f"""
servers: [{{id: studio, nginx_rtmp: {{url: "{origin.url("/stat/hidden1")}"}}}}]
streams:
  - id: good
    nginx_rtmp: {{server: studio, app: live, name: hidden2}}
    hls: {{url: "{origin.url("/hidden3/a.m3u8?key=hidden5")}"}}
  - {{id: bad, hls: {{url_file: url}}}}
  - {{id: worse, hls: {{url: "http://hidden7.invalid/x"}}}}
"""
        async with running_exporter(tmp_path, text) as exporter:
            page = await exporter.until(lambda page: len(page.values("streamwatch_probe_up", probe="hls")) == 3)
            assert page.value("streamwatch_ingest_publishing", stream="good") == 1
            origin.put("/hidden3/a.m3u8", "<html>hidden3</html>")
            origin.put("/stat/hidden1", "hidden2 is not xml")
            page = await exporter.until(lambda page: page.value("streamwatch_ingest_server_up") == 0)
            shown = page.text + (await exporter.get("/"))[1]
            for target in ("good", "bad", "worse", "studio"):
                for module in ("hls", "nginx_rtmp"):
                    shown += (await exporter.get(f"/probe?module={module}&target={target}&debug=true"))[1]
            exporter.config.write_text(
                exporter.config.read_text().replace("key=", "key= ").replace("id: bad", "id:")
            )
            shown += str(await exporter.post("/-/reload")) + str(await exporter.post("/-/reload", token="hiddenX"))
    for place, text in (("shown", shown), ("logged", caplog.text)):
        assert "hidden" not in text, f"{place}: {text[max(0, text.index('hidden') - 200) :][:300]}"
        assert "token-of-the-test" not in text
    assert "cannot tell" in caplog.text


async def test_a_probe_on_demand_says_ok_bad_or_why_not(tmp_path: Path) -> None:
    """A failed probe answers 200 with probe_success 0; the debug page gives the reason."""
    async with hls_origin() as origin:
        origin.put("/stat", STAT.format(STREAM.format("a")))
        origin.put("/a.m3u8", LivePlaylist(first=5).text())
        text = f"""
servers: [{{id: studio, nginx_rtmp: {{url: "{origin.url("/stat")}"}}}}]
streams:
  - {{id: a, nginx_rtmp: {{server: studio, app: live, name: a}}, hls: {{url: "{origin.url("/a.m3u8")}"}}}}
  - {{id: b, nginx_rtmp: {{server: studio, app: live, name: b}}, hls: {{url: "{origin.url("/b.m3u8")}"}}}}
"""
        async with running_exporter(tmp_path, text) as exporter:
            answers = {
                (module, target): await exporter.get(f"/probe?module={module}&target={target}")
                for module, targets in (("hls", "ab"), ("nginx_rtmp", ("a", "b", "studio")))
                for target in targets
            }
            assert {key for key, (status, _) in answers.items() if status != 200} == set()
            good = {key for key, (_, text) in answers.items() if "\nprobe_success 1.0\n" in text}
            assert good == {("hls", "a"), ("nginx_rtmp", "a"), ("nginx_rtmp", "studio")}
            assert 'streamwatch_hls_media_sequence{rendition="",variant="single"} 5.0' in answers["hls", "a"][1]
            debug = (await exporter.get("/probe?module=hls&target=b&debug=true"))[1]
            assert "cannot tell" in debug
            assert "http_4xx: the server answered with status 404" in debug


async def test_only_what_is_configured_is_probed(tmp_path: Path) -> None:
    """An unknown module, a missing target, and above all an address are refused with 400."""
    async with hls_origin() as origin:
        text = f'streams: [{{id: a, hls: {{url: "{origin.url("/a.m3u8")}"}}}}]'
        async with running_exporter(tmp_path, text) as exporter:
            for query in ("module=ftp&target=a", "target=a", "module=hls", "module=nginx_rtmp&target=a",
                          f"module=hls&target={origin.url('/internal')}"):  # fmt: skip
                assert (await exporter.get("/probe?" + query))[0] == 400
            assert "/internal" not in origin.seen


async def test_a_probe_keeps_to_the_scrapers_deadline(tmp_path: Path) -> None:
    """Half a second before the scraper gives up."""
    async with hls_origin() as origin:
        origin.hang("/a.m3u8")
        text = f'streams: [{{id: a, hls: {{url: "{origin.url("/a.m3u8")}", timeout: 20}}}}]'
        async with running_exporter(tmp_path, text) as exporter:
            deadline = {"X-Prometheus-Scrape-Timeout-Seconds": "1"}
            status, text = await exporter.get("/probe?module=hls&target=a", **deadline)
            assert (status, "probe_success 0.0" in text, "probe_timeout_seconds 0.5" in text) == (200, True, True)


async def test_reload_touches_only_what_changed(tmp_path: Path) -> None:
    """One stream stays, one changes its address, one goes, one comes."""
    async with hls_origin() as origin:
        for path in ("/a.m3u8", "/b.m3u8", "/b2.m3u8", "/c.m3u8", "/d.m3u8"):
            origin.put(path, LivePlaylist().text())
        line = '  - {{id: {}, hls: {{url: "{}", segments: false}}, chat: {{}}}}\n'

        def streams(*pairs: tuple[str, str]) -> str:
            return "streams:\n" + "".join(line.format(id_, origin.url(path)) for id_, path in pairs)

        before = streams(("a", "/a.m3u8"), ("b", "/b.m3u8"), ("c", "/c.m3u8"))
        async with running_exporter(tmp_path, before) as exporter:
            await exporter.post("/api/v1/chat/a", b'{"user": "u", "text": "x"}')
            await exporter.until(lambda page: len(page.values("streamwatch_hls_segments")) == 3)
            watchers = dict(exporter.exporter.families["hls"].watchers)
            write_config(tmp_path, streams(("a", "/a.m3u8"), ("b", "/b2.m3u8"), ("d", "/d.m3u8")))
            assert await exporter.post("/-/reload") == (200, {"streams": 3, "servers": 0})
            page = await exporter.until(
                lambda page: "/b2.m3u8" in origin.seen and len(page.values("streamwatch_hls_segments")) == 3
            )
            assert page.label_values("stream") - {""} == {"a", "b", "d"}
            assert exporter.exporter.families["hls"].watchers["a"] is watchers["a"]
            assert page.value("streamwatch_chat_messages_total", stream="a") == 1
            assert page.value("streamwatch_scheduler_tasks") == 3
            assert (await exporter.get("/probe?module=hls&target=c"))[0] == 400


async def test_a_bad_file_is_refused_and_the_old_one_kept(tmp_path: Path) -> None:
    """The answer names the mistake."""
    async with hls_origin() as origin:
        origin.put("/a.m3u8", LivePlaylist().text())
        text = f'streams: [{{id: a, hls: {{url: "{origin.url("/a.m3u8")}"}}}}]'
        async with running_exporter(tmp_path, text) as exporter:
            write_config(tmp_path, text.replace("hls:", "hsl:"))
            status, answer = await exporter.post("/-/reload")
            assert status == 400
            assert "streams[0].hsl: unknown key; did you mean hls?" in answer["error"]
            assert list(exporter.exporter.families["hls"].watchers) == ["a"]


async def test_health_and_the_page_of_recent_probes(tmp_path: Path) -> None:
    """Both languages, the last look at each target, and a link to a closer one."""
    async with hls_origin() as origin:
        origin.put("/a.m3u8", LivePlaylist().text())
        text = f'streams: [{{id: a, hls: {{url: "{origin.url("/a.m3u8")}"}}}}]'
        async with running_exporter(tmp_path, text) as exporter:
            assert (await exporter.get("/-/healthy"))[0] == (await exporter.get("/-/ready"))[0] == 200
            await exporter.until(lambda page: page.value("streamwatch_probe_up") == 1)
            html = (await exporter.get("/"))[1]
            assert "正常 ok" in html
            assert 'href="/probe?module=hls&amp;target=a&amp;debug=true"' in html
