"""Loads duty.yml with everything it points to, and names all mistakes at once, each with its place and cure."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import SecretStr, ValidationError

from streamwatch.channels import ChannelSettings
from streamwatch.clock import utc_now
from streamwatch.config.accounts import unknown_accounts
from streamwatch.config.console import Doors, Token, read_hashes, strangers
from streamwatch.config.duty_book import read_roster
from streamwatch.config.law import Law, load_laws
from streamwatch.config.pools import contradictions
from streamwatch.config.runbooks import load_runbooks
from streamwatch.config.schema import KNOWN_KEYS, DutyFile
from streamwatch.duty import ROLES, DutyBook
from streamwatch.errors import ConfigError, Mistake
from streamwatch.language import Text
from streamwatch.rights import strongest
from streamwatch.runbook import Runbooks
from streamwatch.yaml_file import YamlFile

NO_MAPPING = Text(
    "文件应由一行行“键: 值”组成，见 config/duty.yml", "the file must be a mapping of keys, as config/duty.yml is"
)


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


FOLDERS = ("alert_rules", "evidence_folder")


@dataclass(frozen=True)
class Config:
    """What the receiver runs by. Secrets are in it, and never in its repr."""

    file: DutyFile
    book: DutyBook
    runbooks: Runbooks
    zone: ZoneInfo
    tokens: tuple[Token, ...]
    link_key: SecretStr
    exporter_token: SecretStr | None = None
    doors: Doors = field(default_factory=Doors)
    channels: dict[str, ChannelSettings] = field(default_factory=dict, repr=False)
    doubts: tuple[Text, ...] = ()  # of the calendars: allowed, and perhaps not meant
    laws: tuple[Law, ...] = ()
    life_sign: SecretStr | None = None  # the address to which signs of life go

    @property
    def own_token(self) -> SecretStr:
        """The one that commands use: the first of those that may do most."""
        return self.tokens[strongest({at: each.right for at, each in enumerate(self.tokens)})].secret


def load(path: Path, *, read_secrets: bool = True, at: datetime | None = None) -> Config:
    """Raises `ConfigError` with every mistake there is. Without the secrets it is good for checking only.

    *at* is now: of events that repeat in a calendar those around it are read.
    """
    source = YamlFile(path)
    if not isinstance(source.data, dict):
        raise ConfigError([source.mistake((), NO_MAPPING)])
    try:
        data = _resolved(source.data, path.parent.absolute())
        file = DutyFile.model_validate(data, context={"read_secrets": read_secrets})
    except ValidationError as error:
        raise ConfigError(list(_reworded(source, error))) from None
    secrets = _Secrets(source, wanted=read_secrets)
    tokens = tuple(
        Token(each.name or each.token_file.stem, each.right, secrets.read(("token_files", index), each.token_file))
        for index, each in enumerate(file.token_files)
    )
    link_key = secrets.read(("link_key_file",), file.link_key_file)
    exporter = secrets.read(("exporter", "token_file"), file.exporter.token_file) if file.exporter else None
    doors = _doors(source, file, secrets)
    sign = secrets.read(("life_sign", "url_file"), file.life_sign.url_file) if file.life_sign else None
    runbooks, troubles = load_runbooks(file.alert_rules)
    roster = read_roster(source, file, at or utc_now())
    laws, unread = load_laws(file.law_files)
    mistakes = [*secrets.mistakes, *roster.mistakes, *contradictions(source, file), *map(_in_chinese, troubles)]
    mistakes += unread
    if mistakes:
        raise ConfigError(mistakes)
    return Config(
        file,
        roster.book,
        runbooks,
        ZoneInfo(file.timezone),
        tokens,
        link_key,
        exporter,
        doors,
        dict(file.channels),
        tuple(roster.doubts),
        laws,
        sign,
    )


def _doors(source: YamlFile, file: DutyFile, secrets: "_Secrets") -> Doors:
    """Who may use the console. What is wrong with it joins the mistakes of *secrets*."""
    path, part = file.console_password_file, file.console
    password = secrets.read(("console_password_file",), path) if path else None
    hashes: dict[str, str] = {}
    if part.passphrases_file is not None:
        at = ("console", "passphrases_file")
        text = secrets.read(at, part.passphrases_file).get_secret_value()
        hashes, troubles = read_hashes(text, part.passphrases_file)
        secrets.mistakes += [source.mistake(at, trouble) for trouble in troubles]
    for name in strangers(part, hashes) if secrets.wanted else ():
        words = Text(f"{name} 没有口令：streamwatch passphrase {name}",
                     f"{name} has no passphrase: streamwatch passphrase {name}")  # fmt: skip
        secrets.mistakes.append(source.mistake(("console", "rights", name), words))
    return Doors(hashes, dict(part.rights), password, part.proxy)


def open_door(config: Config, host: str) -> Text | None:
    """Why the receiver must not listen on *host*: everyone in the network would be let in."""
    if is_loopback(host) or not config.doors.are_open:
        return None
    return Text(
        "在 {host} 监听会让网络里的每个人都能用控制台。请在 duty.yml 写 console.passphrases_file"
        "（streamwatch passphrase）、console.proxy 或 console_password_file，或只在 127.0.0.1 监听。",
        "listening on {host} would show the console to everyone in the network. Set console.passphrases_file "
        "(see streamwatch passphrase), console.proxy or console_password_file in duty.yml, or listen on 127.0.0.1.",
    ).format(host=host)


def _resolved(data: dict[str, Any], base: Path) -> dict[str, Any]:
    """The same data with paths made absolute: they are relative to the file that names them."""
    resolved = {key: _resolve(key, value, base) for key, value in data.items()}
    database = resolved.get("database")
    if isinstance(database, str) and database.startswith("sqlite:///") and not database.startswith("sqlite:////"):
        resolved["database"] = f"sqlite:///{(base / database.removeprefix('sqlite:///')).resolve()}"
    return resolved


def _resolve(key: str, value: Any, base: Path) -> Any:
    if isinstance(value, dict):
        return {inner: _resolve(str(inner), each, base) for inner, each in value.items()}
    if isinstance(value, list):
        return [_resolve(key, each, base) for each in value]
    if isinstance(value, str) and (key.endswith(("_file", "_files")) or key in FOLDERS):
        return str((base / value).resolve())
    return value


def warnings(config: Config) -> list[Text]:
    """What is allowed, and surely not meant."""
    host = config.file.public_url.host or ""
    phones = sorted(name for name, each in config.channels.items() if each.type != "webhook")
    doubts = [*unknown_accounts(config.file), *config.doubts]
    if not phones or not is_loopback(host):
        return doubts
    text = Text(
        "public_url 是 {host}：手机打不开消息里的链接（渠道 {names}）；请写手机能访问的地址",
        "public_url is {host}: a phone cannot open the links in its pages (channels {names}); "
        "write an address that phones reach",
    )
    return [text.format(host=host, names=" ".join(phones)), *doubts]


def is_loopback(host: str) -> bool:
    """Whether *host* is this machine alone."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _reworded(source: YamlFile, error: ValidationError) -> Iterator[Mistake]:
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


def _in_chinese(mistake: Mistake) -> Mistake:
    return mistake if mistake.text_zh else replace(mistake, text_zh=_chinese(mistake.text))


class _Secrets:
    """Reads secret files; a file that cannot be read is a mistake of the file that names it."""

    def __init__(self, source: YamlFile, *, wanted: bool) -> None:
        self._source = source
        self.wanted = wanted
        self.mistakes: list[Mistake] = []

    def read(self, loc: tuple[str | int, ...], path: Path) -> SecretStr:
        if not self.wanted:
            return SecretStr("")
        try:
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not UTF-8"
            said = Text(f"密钥文件 {path} 无法读取：{why}", f"the secret file {path} cannot be read: {why}")
            self.mistakes.append(self._source.mistake(loc, said))
            return SecretStr("")
        if not text:
            said = Text(f"密钥文件 {path} 是空的", f"the secret file {path} is empty")
            self.mistakes.append(self._source.mistake(loc, said))
        return SecretStr(text)
