"""Loads duty.yml with everything it points to, and names all mistakes at once, each with its place and cure."""

from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import SecretStr, ValidationError

from streamwatch.access.rights import strongest
from streamwatch.channels import ChannelSettings
from streamwatch.clock import utc_now
from streamwatch.config.accounts import unknown_accounts
from streamwatch.config.adopted import held_back, unknown_procedures
from streamwatch.config.console import Doors, Token, read_hashes, strangers
from streamwatch.config.duty_book import read_roster
from streamwatch.config.inform import tells_nobody
from streamwatch.config.law import Law, load_laws, too_short
from streamwatch.config.pools import contradictions
from streamwatch.config.rewording import in_chinese, reworded
from streamwatch.config.runbooks import load_runbooks
from streamwatch.config.schema import DutyFile
from streamwatch.duty import DutyBook
from streamwatch.errors import ConfigError, Mistake
from streamwatch.incidents.trigger import KINDS
from streamwatch.language import Text
from streamwatch.runbook import Runbooks
from streamwatch.storage.s3 import Bucket
from streamwatch.storage.signing import Key
from streamwatch.yaml_file import YamlFile

NO_MAPPING = Text(
    "文件应由一行行“键: 值”组成，见 config/duty.yml", "the file must be a mapping of keys, as config/duty.yml is"
)


PATHS = ("alert_rules", "evidence_folder", "reviews_folder", "file")


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
    bucket: Bucket | None = field(default=None, repr=False)  # where evidence is copied to
    index_url: SecretStr | None = None  # of the package index that is asked for a newer version

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
        data = resolved(source.data, path.parent.absolute())
        file = DutyFile.model_validate(data, context={"read_secrets": read_secrets})
    except ValidationError as error:
        raise ConfigError(list(reworded(source, error))) from None
    secrets = _Secrets(source, wanted=read_secrets)
    tokens = tuple(
        Token(each.name or each.token_file.stem, each.right, secrets.read(("token_files", index), each.token_file))
        for index, each in enumerate(file.token_files)
    )
    link_key = secrets.read(("link_key_file",), file.link_key_file)
    exporter = secrets.read(("exporter", "token_file"), file.exporter.token_file) if file.exporter else None
    doors = _doors(source, file, secrets)
    sign = secrets.read(("life_sign", "url_file"), file.life_sign.url_file) if file.life_sign else None
    index = file.versions.index_url_file
    index_url = secrets.read(("versions", "index_url_file"), index) if index else None
    bucket = _bucket(file, secrets)
    runbooks, troubles = load_runbooks(file.alert_rules)
    roster = read_roster(source, file, at or utc_now())
    laws, unread = load_laws(file.law_files)
    mistakes = [*secrets.mistakes, *roster.mistakes, *contradictions(source, file), *map(in_chinese, troubles)]
    mistakes += [*unread, *unknown_procedures(source, file, runbooks)]
    mistakes += tells_nobody(source, file.inform or (), {*KINDS, *(procedure for procedure, _ in runbooks)})
    if file.retention is not None and (words := too_short(laws, file.retention)):
        mistakes.append(source.mistake(("retention",), words))
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
        bucket,
        index_url,
    )


def _bucket(file: DutyFile, secrets: "_Secrets") -> Bucket | None:
    if file.storage is None:
        return None
    s3, at = file.storage.s3, ("storage", "s3")
    access, secret = (
        secrets.read((*at, name), path).get_secret_value()
        for name, path in (("access_key_file", s3.access_key_file), ("secret_key_file", s3.secret_key_file))
    )
    return Bucket(str(s3.endpoint).rstrip("/"), s3.bucket, Key(access, secret, s3.region))


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


def resolved(data: dict[str, Any], base: Path) -> dict[str, Any]:
    """The same data with paths made absolute: they are relative to the file that names them."""
    found = {key: _resolve(key, value, base) for key, value in data.items()}
    database = found.get("database")
    if isinstance(database, str) and database.startswith("sqlite:///") and not database.startswith("sqlite:////"):
        found["database"] = f"sqlite:///{(base / database.removeprefix('sqlite:///')).resolve()}"
    return found


def _resolve(key: str, value: Any, base: Path) -> Any:
    if isinstance(value, dict):
        return {inner: _resolve(str(inner), each, base) for inner, each in value.items()}
    if isinstance(value, list):
        return [_resolve(key, each, base) for each in value]
    if isinstance(value, str) and (key.endswith(("_file", "_files")) or key in PATHS):
        return str((base / value).resolve())
    return value


def warnings(config: Config) -> list[Text]:
    """What is allowed, and surely not meant."""
    host = config.file.public_url.host or ""
    phones = sorted(name for name, each in config.channels.items() if each.type != "webhook")
    doubts = [*held_back(config.file.adopted), *unknown_accounts(config.file), *config.doubts]
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


MAKE_IT = Text(
    "\n先把它写到那里；随附的示例配置，第一次 make up（streamwatch up）会生成",
    "\nwrite it there; those of the example are made by the first make up (streamwatch up)",
)


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
            cure = MAKE_IT if isinstance(error, FileNotFoundError) else Text("", "")
            said = Text(
                f"密钥文件 {path} 无法读取：{why}{cure.zh}",
                f"the secret file {path} cannot be read: {why}{cure.en}",
            )
            self.mistakes.append(self._source.mistake(loc, said))
            return SecretStr("")
        if not text:
            said = Text(f"密钥文件 {path} 是空的", f"the secret file {path} is empty")
            self.mistakes.append(self._source.mistake(loc, said))
        return SecretStr(text)
