"""What is wrong with duty.yml, in both languages: the checks it goes through speak English, and too much of it."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from streamwatch.config.schema import KNOWN_KEYS
from streamwatch.duty import ROLES
from streamwatch.errors import Mistake
from streamwatch.language import Text
from streamwatch.yaml_file import YamlFile

# What pydantic says, by the type of its error; and what is said by code that knows English only. Anything else is
# shown in English rather than not at all.
PYDANTIC = {
    "string_type": "应为文字；数字请加引号",
    "string_too_short": "不能为空",
    "string_too_long": "太长，最多 {max_length} 个字符",
    "string_pattern_mismatch": "只能用小写字母、数字、- 和 _（{pattern}）",
    "too_short": "至少写 {min_length} 项",
    "tuple_type": "应为列表，例如 [alice, bob]",
    "list_type": "应为列表，例如 [alice, bob]",
    "dict_type": "应为一行行“键: 值”",
    "model_type": "应为一行行“键: 值”",
    "model_attributes_type": "应为一行行“键: 值”",
    "literal_error": "只能写 {expected}",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "greater_than": "应大于 {gt}",
    "less_than_equal": "最多 {le}",
    "path_type": "应为路径",
    "url_type": "应为地址，例如 http://127.0.0.1:8780",
    "url_parsing": "不是完整的地址，例如 http://127.0.0.1:8780",
    "url_scheme": "地址应以 http:// 或 https:// 开头",
    "datetime_type": "应为时间，例如 2026-11-22T19:00",
    "datetime_parsing": "应为时间，例如 2026-11-22T19:00",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "greater_than_equal": "不能小于 {ge}",
    "date_type": "应为日期，例如 2026-01-05",
    "date_parsing": "应为日期，例如 2026-01-05",
    "date_from_datetime_parsing": "应为日期，例如 2026-01-05",
    "datetime_from_date_parsing": "应为时间，例如 2026-11-22T19:00",
    "union_tag_invalid": "没有这种渠道；有 {expected_tags}",
    "union_tag_not_found": "缺少 type，例如 type: webhook",
}
CHINESE = (
    (r"no such time zone; write one like (.+)", r"没有这个时区，例如 \1"),
    (r"write a time of day, as in (.+)", r"应为几点几分，例如 \1"),
    (r"write 1w, 2w, 1d, or hours that divide a day: (.+)", r"应为 1w、2w、1d，或能整除一天的小时数：\1"),
    (r"write a time, with a weekday for weeks: (.+)", r"应为时间，按周轮换时加上星期：\1"),
    (r"write host:port, as in (.+)", r"应为 地址:端口，例如 \1"),
    (r"write the name of a header, as in (.+)", r"应为请求头的名字，例如 \1"),
    (r"write an address or a network, as in (.+)", r"应为地址或网段，例如 \1"),
    (r"(?:the secret file (.+)|the value) is not an address; .+", r"\1 不是地址，请从 https:// 起完整复制"),
    (r"(?:the secret file (.+)|the value) is empty; .+", r"\1 是空的，请写入密钥"),
    (r"(?:the secret file (.+)|the value) holds more than one word or line; .+", r"\1 不止一个词或一行，只留密钥"),
    (r"the secret file (.+) is not UTF-8; .+", r"密钥文件 \1 不是 UTF-8，请重新写入密钥"),
    (r"the secret file (.+) cannot be read: (.+)", r"密钥文件 \1 无法读取：\2"),
    (r"give (\w+) or (\w+): one of the two", r"\1 和 \2 要写其中一个"),
    (r"give url, url_file, token or token_file: .+", "url、url_file、token、token_file 要写其中一个"),
    (r"channel goes with token; .+", "channel 与 token 一起用；webhook 自带频道"),
    (r"app_token goes with token; .+", "app_token 与 token 一起用；webhook 不带按钮"),
    (r"buttons need a library: (.+)", r"按钮需要一个软件包：\1"),
    (r"write an e-mail address, as in (.+)", r"应为邮箱地址，例如 \1"),
    (r"username and password_file go together", "username 和 password_file 要一起写"),
    (r"a password is not sent without TLS; .+", "没有 TLS 不发送密码；请写 tls: starttls 或 tls: tls"),
    (r"content_type goes with template", "content_type 与 template 一起用"),
    (r"template: (.+)", r"模板有误：\1"),
    (r"give (\w+) or (\w+), not both", r"\1 和 \2 只能写一个"),
    (r"no <procedure>/rules\.yml below this folder", "这个目录下没有 <预案>/rules.yml"),
    (r"the runbook is missing; .+", "缺少预案文件；每份预案要有 zh 和 en 两份"),
    (r"has other steps than runbook\.zh\.md", "步骤与 runbook.zh.md 不一致"),
    (r"line (\d+): a section needs an anchor, .+", r"第 \1 行：小节要有锚点，例如“## 标题 {#anchor}”"),
    (r"line (\d+): the anchor (\S+) stands twice", r"第 \1 行：锚点 \2 出现了两次"),
    (r"line (\d+): more than (\d+) steps under (\S+); .+", r"第 \1 行：\3 下超过 \2 步，请拆开"),
    (r"line (\d+): front matter is missing: .+", r"第 \1 行：缺少开头的 ---、procedure、title、---"),
    (r"line (\d+): front matter needs .+", r"第 \1 行：开头要有 procedure 和 title"),
    (r"no section: .+", "没有小节：请写“## 标题 {#anchor}”和编号的步骤"),
)


def reworded(source: YamlFile, error: ValidationError) -> Iterator[Mistake]:
    """Our words, without pydantic's links and without the value, which may be a secret."""
    troubles = error.errors(include_url=False, include_input=False)
    meant = {loc: _meant(loc) for each in troubles if each["type"] == "extra_forbidden" for loc in [each["loc"]]}
    for each in troubles:
        loc = each["loc"]
        text = _translated(each["type"], each["msg"].removeprefix("Value error, "), each.get("ctx", {}))
        if loc in meant:
            text = _did_you_mean(meant[loc])
        elif each["type"] == "missing":
            if any(loc == (*wrong[:-1], right) or _swallowed(source, wrong, loc) for wrong, right in meant.items()):
                continue  # it is there, misspelt, and that was said
            text = Text("缺少，请加上", "is missing; add it")
        elif loc and loc[-1] == "[key]":
            roles, loc = " ".join(ROLES), loc[:-1]
            if "duty" in loc:
                text = Text(f"没有这个岗位；岗位有 {roles}", f"unknown role; roles are {roles}")
        yield source.mistake(loc, text)


def _swallowed(source: YamlFile, wrong: tuple[int | str, ...], missing: tuple[int | str, ...]) -> bool:
    """Full-width commas and colons make one long key of several."""
    return wrong[:-1] == missing[:-1] and str(missing[-1]) in str(wrong[-1]) and source.is_full_width(wrong)


def _did_you_mean(key: str | None) -> Text:
    if key:
        return Text(f"没有这个键；你是说“{key}”吗？", f"unknown key; did you mean '{key}'?")
    return Text("没有这个键，请删去", "unknown key; take it out")


def _meant(loc: tuple[int | str, ...]) -> str | None:
    return next(iter(difflib.get_close_matches(str(loc[-1]), KNOWN_KEYS, 1)), None)


def _translated(kind: str, said: str, context: Mapping[str, Any]) -> Text:
    zh = PYDANTIC.get(kind)
    return Text(zh.format(**context) if zh else _chinese(said), said)


def _chinese(said: str) -> str:
    for pattern, zh in CHINESE:
        if found := re.fullmatch(pattern, said):
            return found.expand(zh).strip()
    return said


def in_chinese(mistake: Mistake) -> Mistake:
    return mistake if mistake.text_zh else replace(mistake, text_zh=_chinese(mistake.text))
