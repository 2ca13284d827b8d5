"""Mistakes in a file that people wrote: each with its place, what is wrong and the cure. No secret is echoed."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic_core import ErrorDetails

from streamwatch_exporters.language import Language, Text
from streamwatch_exporters.yaml_places import Document, Path, Place

_SHOWN = {
    "listen",
    "id",
    "server",
    "app",
    "segments",
    "timeout",
    "quiet_after",
    "token_file",
    "url_file",
    "name_file",
    "password_file",
    "secret_file",
    "own_readers",
    "levels",
    "screenshots",
    "place",
    "interval",
    "variant",
    "black_seconds",
    "frozen_seconds",
    "frozen_difference",
    "silent_seconds",
    "slate_seconds",
    "full_every",
    "reference_slate_file",
    "type",
    "status",
    "ca_file",
    "resolve_every",
    "kind",
    "retries",
    "oid",
    "scale",
    "community_file",
    "auth",
    "auth_file",
    "priv",
    "priv_file",
    "path",
    "recording_glob",
    "reconnect_after",
    "seconds",
    "item",
    "planned_price",
    "currency",
}
"""Keys whose values may be shown. Every other value may be a secret, also one under a misspelt key."""


@dataclass(frozen=True)
class Mistake:
    """One thing wrong. `source` is the line as it may be shown, `caret` where in it the thing begins."""

    file: str
    place: Place
    key: str
    text: Text
    source: str = ""
    caret: int = 0

    def read_in(self, language: Language) -> str:
        where = f"{self.file}:{self.place.line}:{self.place.column}"
        head = ": ".join(filter(None, (where, self.key, self.text.read_in(language))))
        if not self.source:
            return head
        return f"{head}\n    {self.source}\n    {' ' * self.caret}{'^' * self.place.width}"


class ConfigMistakes(Exception):
    """The file has mistakes. All of them are here, in the order of their lines."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = sorted(mistakes, key=lambda mistake: (mistake.place.line, mistake.place.column))
        super().__init__(self.read_in("en"))

    def read_in(self, language: Language) -> str:
        return "\n".join(mistake.read_in(language) for mistake in self.mistakes)


class MistakeWriter:
    """Writes mistakes about one file."""

    def __init__(self, file: str, text: str, document: Document) -> None:
        self._file, self._lines, self._document = file, text.splitlines(), document

    def at(self, path: Path, text: Text) -> Mistake:
        return self.at_place(self._document.place(path), path, text)

    def at_place(self, place: Place, path: Path, text: Text) -> Mistake:
        line = self._lines[place.line - 1] if place.line <= len(self._lines) else ""
        indent = len(line) - len(line.lstrip())
        source = self._shown(line, place.line, indent, len(line))
        caret = len(self._shown(line, place.line, indent, place.column - 1))
        return Mistake(self._file, place, _dotted(path), text, source, caret)

    def _shown(self, line: str, number: int, start: int, end: int) -> str:
        """A part of a line with every value that may be a secret replaced by `…`."""
        out, at = "", start
        secrets = [p for key, p in self._document.scalars if p.line == number and key not in _SHOWN]
        for place in sorted(secrets, key=lambda place: place.column):
            if at <= place.column - 1 < end:
                out += line[at : place.column - 1] + "…"
                at = place.column - 1 + place.width
        return out + line[at:end] if at < end else out


def _dotted(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def reworded(error: ErrorDetails, known_keys: Callable[[Path], list[str]]) -> Text:
    """Say in our words what pydantic found, with the cure, and without the value."""
    context: dict[str, Any] = error.get("ctx") or {}
    kind = error["type"]
    if kind == "extra_forbidden":
        return _unknown_key(error["loc"], known_keys)
    if kind in _WITH_CONTEXT:
        return _WITH_CONTEXT[kind](context)
    return _PLAIN.get(kind) or Text(f"值不合要求（{kind}）", f"the value is not acceptable ({kind})")


def _unknown_key(path: Path, known_keys: Callable[[Path], list[str]]) -> Text:
    known = known_keys(path[:-1])
    near = get_close_matches(str(path[-1]), known, n=1)
    if near:
        return Text(f"没有这个键，是不是 {near[0]}？", f"unknown key; did you mean {near[0]}?")
    listed = ", ".join(known)
    return Text(f"没有这个键，可用的键：{listed}", f"unknown key; the keys here are: {listed}")


def _secret_file(context: dict[str, Any]) -> Text:
    path, why = context["path"], context["why"]
    cure = Text("建立该文件并写入内容，或改正路径", "create it with the secret inside, or correct the path")
    said = {
        "missing": Text("密钥文件不存在", "the secret file does not exist"),
        "forbidden": Text("没有权限读取密钥文件", "the secret file may not be read by this user"),
        "empty": Text("密钥文件是空的", "the secret file is empty"),
    }.get(why, Text("密钥文件读不了", "the secret file cannot be read"))
    return Text(f"{said.zh}：{path}；{cure.zh}", f"{said.en}: {path}; {cure.en}")


def _one_of(context: dict[str, Any]) -> Text:
    key = context["key"]
    return Text(f"{key} 与 {key}_file 必须且只能写一个", f"write exactly one of {key} and {key}_file")


_WITH_CONTEXT: dict[str, Callable[[dict[str, Any]], Text]] = {
    "secret_file": _secret_file,
    "one_of": _one_of,
    "exactly_one": lambda c: Text(f"须恰好写其中一个：{c['keys']}", f"exactly one of these is needed: {c['keys']}"),
    "literal_error": lambda c: Text(f"应为 {c['expected']} 之一", f"one of these is expected: {c['expected']}"),
    "greater_than": lambda c: Text(f"必须大于 {c['gt']}", f"must be greater than {c['gt']}"),
    "greater_than_equal": lambda c: Text(f"至少为 {c['ge']}", f"must be at least {c['ge']}"),
    "less_than_equal": lambda c: Text(f"至多为 {c['le']}", f"must be at most {c['le']}"),
    "too_long": lambda c: Text(f"至多 {c['max_length']} 项", f"at most {c['max_length']} are possible"),
    "too_short": lambda c: Text(f"至少 {c['min_length']} 项", f"at least {c['min_length']} is needed"),
    "string_too_short": lambda c: Text("不能为空", "must not be empty"),
    "kind_needs": lambda c: Text(f"这种 kind 须写 {c['key']}", f"this kind needs {c['key']}"),
    "string_too_long": lambda c: Text(f"至多 {c['max_length']} 个字符", f"at most {c['max_length']} characters"),
}

_STRING = Text("应为文字，数字请加引号", "text is expected; put a number in quotes")
_NUMBER = Text("应为数字", "a number is expected")
_WHOLE = Text("应为整数", "a whole number is expected")
_BOOLEAN = Text("应为 true 或 false", "true or false is expected")
_MAPPING = Text("应为键值对（key: value）", "keys with values are expected (key: value)")
_LIST = Text("应为列表（每项以 - 开头）", "a list is expected (each entry begins with -)")
_PLAIN = {
    "missing": Text("缺少这个键，请补上", "this key is missing: add it"),
    "string_type": _STRING,
    "secret_path": Text("应为文件路径", "the path of a file is expected"),
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "bool_type": _BOOLEAN,
    "bool_parsing": _BOOLEAN,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "dict_type": _MAPPING,
    "tuple_type": _LIST,
    "list_type": _LIST,
    "string_pattern_mismatch": Text(
        "只能用字母、数字、_ . -，以字母或数字开头，至多 64 个字符",
        "use letters, digits, _ . and - only, beginning with a letter or digit, at most 64 characters",
    ),
    "http_url": Text(
        "应为 http:// 或 https:// 开头的完整地址", "a complete address is expected, http://… or https://…"
    ),
    "rtmp_url": Text(
        "应为 rtmp://主机/应用/流名 形式的完整地址", "a complete address is expected, rtmp://host/app/name"
    ),
    "host": Text("应为主机名或 IP 地址，不带端口", "a host name or an IP address is expected, without a port"),
    "host_port": Text(
        "应为 主机:端口，例如 ingest.example.net:443，IPv6 写作 [::1]:443",
        "host:port is expected, as in ingest.example.net:443 or [::1]:443",
    ),
    "ip_port": Text("应为 IP:端口，例如 192.0.2.53:53", "ip:port is expected, as in 192.0.2.53:53"),
    "ca_file": Text(
        "不是可读的 PEM 证书文件，请检查路径、权限与内容",
        "this is no readable file of PEM certificates: check its path, permissions and content",
    ),
    "picture_file": Text(
        "没有这个图片文件，请检查路径与权限", "there is no such picture file: check its path and permissions"
    ),
    "same_ids": Text("also 里的 id 重复，请换一个", "an id in also is taken: choose another"),
    "account": Text(
        "username 与 password（或 password_file）须一起写",
        "username and password (or password_file) go together",
    ),
    "oid": Text("应为数字 OID，例如 1.3.6.1.2.1.1.3.0", "an OID in numbers is expected, as in 1.3.6.1.2.1.1.3.0"),
    "interfaces_of_switch": Text("只有 kind: switch 可写 interfaces", "interfaces are for kind: switch alone"),
    "named_twice": Text("名字重复，请换一个", "a name stands twice: choose another"),
    "recording_glob": Text(
        "应为该目录下的文件名模式，例如 *.mkv 或 **/*.mkv",
        "a pattern of file names below the folder is expected, as in *.mkv or **/*.mkv",
    ),
    "item": Text(
        "应为商品的短编号：字母、数字、_ -，至多 16 个字符",
        "the short number of an item is expected: letters, digits, _ and -, at most 16 characters",
    ),
    "currency": Text("应为三个字母的币种，例如 CNY", "the three letters of a currency are expected, as in CNY"),
    "money": Text("应为金额，例如 199.00", "an amount is expected, as in 199.00"),
    "listen": Text("应为 主机:端口，例如 127.0.0.1:9780", "host:port is expected, as in 127.0.0.1:9780"),
}
