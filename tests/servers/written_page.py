"""The pages that the tests of channels send: Alice is called in Chinese, Bob in English."""

from dataclasses import replace
from typing import Any

from streamwatch.language import Language
from streamwatch.message import Message

ACK = "http://127.0.0.1:8780/a/WzEyLCJhbGljZSJd.signed"
CONSOLE = "http://127.0.0.1:8780/incidents/12"

_ALICE = Message(
    page_id="7",
    kind="firing",
    incident_id="12",
    language="zh",
    person="alice",
    person_name="Alice",
    title="【P0】demo 推流断开 @Alice",
    facts=("环节：接入　岗位：技术　20:00:05 开始", "呼叫 Alice：默认值班表"),
    steps=("1. 技术：看编码器 → 已停就启动备用；仍在推就查网络", "2. 技术：换新的推流地址"),
    samples=("卡顿：60 人，共 300 人发言", "“好卡啊😭”"),
    severity="P0",
    stream="demo",
    hop="ingest",
    procedure="stream_interruption",
    role="tech",
    alertname="StreamNotPublishing",
    runbook_step="publisher-gone",
    ack_url=ACK,
    console_url=CONSOLE,
)
_BOB = replace(
    _ALICE,
    language="en",
    person="bob",
    person_name="Bob",
    title="[P0] demo nothing arrives @Bob",
    facts=("hop: ingest · role: tech · since 20:00:05", "calls Bob: default duty list"),
    steps=("1. tech: look at the encoder → start the backup", "2. tech: change the address"),
    samples=("lag: 60 of 300 chatters", "“so laggy”"),
)


def page(language: Language = "zh", **changes: Any) -> Message:
    return replace(_ALICE if language == "zh" else _BOB, **changes)


def over(language: Language = "zh", **changes: Any) -> Message:
    """The end: nothing to do, nothing to acknowledge."""
    title, fact = ("【恢复】demo 推流断开", "已恢复，持续 42 秒")
    if language == "en":
        title, fact = ("[OVER] demo nothing arrives", "over after 42 s")
    short = page(language, kind="over", title=title, facts=(fact,), steps=(), samples=(), ack_url=None)
    return replace(short, **changes)


def trial(language: Language = "zh") -> Message:
    """A page that belongs to no incident."""
    title, fact = ("【测试】测试呼叫", "无需处理") if language == "zh" else ("[TEST] a test", "nothing to do")
    return over(language, kind="test", incident_id="", title=title, facts=(fact,), console_url=None)


def chinese(size: int) -> str:
    """One line of exactly *size* bytes, three to nearly each character."""
    return "卡" * (size // 3) + "a" * (size % 3)


def flooded(language: Language = "zh", **changes: Any) -> Message:
    """Far too long in every part, in Chinese; it begins as `page` does."""
    short = page(language)
    flood = "，" + "好卡啊" * 300
    return replace(
        short,
        title=short.title + flood,
        facts=tuple(fact + flood for fact in short.facts),
        steps=tuple(step + flood for step in short.steps * 3),
        samples=tuple(sample + flood for sample in short.samples * 5),
        **changes,
    )


# What a stream may be called and viewers may write: calls, headings, links, pictures, colours, and their disguises.
HOSTILE = (
    "@13800000002 @bob @all @所有人",
    "<@bob> <@all> < @all>",
    "<at user_id=\"all\">所有人</at> <at id=all></at> <at user_id='ou_b0b'>",
    "&lt;@bob&gt; &#60;@all> &#x40;13800000002 &commat;all",
    "[领奖](http://evil.example) ![](http://evil.example/a.png) [x]: http://evil.example",
    "# 大标题 **已恢复** `rm -rf` * * *",
    '<font color="info">已恢复</font> <a href="http://evil.example">领奖</a>',
    "换行\n# 大标题\r\n> 引用\u2028[认领](http://evil.example)",
)


def dressed_up(words: str, language: Language = "zh") -> Message:
    """`page` with *words* wherever a word from outside can stand."""
    short = page(language)
    return replace(
        short,
        title=short.title.replace("demo", f"demo {words}"),
        facts=(short.facts[0], f"{short.facts[1]} {words}"),
        steps=(*short.steps[:-1], f"{short.steps[-1]} {words}"),
        samples=(short.samples[0], f"“{words}”"),
    )
