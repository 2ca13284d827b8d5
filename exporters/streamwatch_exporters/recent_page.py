"""The page of recent probes: what each probe saw last, what changed lately, and the way to a closer look."""

from html import escape
from urllib.parse import urlencode

from streamwatch_exporters.probe import Answer, Target
from streamwatch_exporters.recent import Look, RecentLooks

_ANSWERS = {
    Answer.OK: ("ok", "正常 ok"),
    Answer.BAD: ("bad", "异常 bad"),
    Answer.CANNOT_TELL: ("unknown", "无法判断 cannot tell"),
}

_PAGE = """<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><title>StreamWatch exporter</title>
<meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="5">
<style>
:root {{ color-scheme: light dark }}
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; padding: .35rem .6rem; border-bottom: 1px solid #8884 }}
.ok {{ color: #18794e }} .bad {{ color: #c62a2f; font-weight: 600 }} .unknown {{ color: #ad5700; font-weight: 600 }}
</style></head><body>
<h1>StreamWatch exporter</h1>
<p><a href="/metrics">/metrics</a> · <a href="/-/healthy">/-/healthy</a> · <a href="/-/ready">/-/ready</a></p>
<h2>探测现状 Last look at each target</h2>
{last}
<h2>最近变化 Changes</h2>
{changes}
</body></html>
"""

_HEAD = (
    "<table><tr><th>对象 target</th><th>探测 probe</th><th>结果 answer</th><th>说明 details</th>"
    "<th>多久前 ago</th><th>耗时 took</th><th></th></tr>"
)


def recent_page(recent: RecentLooks, now: float) -> str:
    """HTML; `now` is unix time."""
    return _PAGE.format(last=_table(recent.last(), now), changes=_table(recent.changes(), now))


def _table(looks: list[Look], now: float) -> str:
    if not looks:
        return "<p>还没有 none yet</p>"
    return _HEAD + "".join(_row(look, now) for look in looks) + "</table>"


def _row(look: Look, now: float) -> str:
    style, answer = _ANSWERS[look.answer]
    return (
        f"<tr><td>{escape(look.target.id)}</td><td>{look.target.probe}</td>"
        f'<td class="{style}">{answer}</td><td>{escape(look.text)}</td>'
        f"<td>{max(0, now - look.at):.0f} s</td><td>{look.seconds * 1000:.0f} ms</td>"
        f'<td><a href="{escape(_debug_link(look.target))}">debug</a></td></tr>'
    )


def _debug_link(target: Target) -> str:
    return "/probe?" + urlencode({"module": target.probe, "target": target.id, "debug": "true"})
