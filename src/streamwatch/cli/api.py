"""How commands talk to the running receiver: its address and a token, also while duty.yml has mistakes."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
import httpx

from streamwatch.config import Config
from streamwatch.config.reach import Reach, reach
from streamwatch.errors import CommandFailed
from streamwatch.language import Text, reader_language

TIMEOUT = 10.0  # seconds

config_option = click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path),
    default=None,
    help="duty.yml；默认用正在运行的演示的，否则 config/duty.yml。The running demo's if there is one.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="输出 JSON。Print JSON.")


def config_path(given: Path | None) -> Path:
    """What was named; else the configuration that a demo in this folder runs by; else the example."""
    if given is not None:
        return given
    running = Path(".streamwatch/config/duty.yml")
    return running if running.is_file() else Path("config/duty.yml")


def say(zh: str, en: str) -> str:
    """In the language of whoever sits at this terminal."""
    return Text(zh, en).read_in(reader_language())


def moment(text: str) -> datetime:
    """ISO 8601, to the minute or finer; without an offset it is a wall-clock time of duty.yml's zone."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        words = (
            f"“{text}”不是时间，请写成 2026-11-22T19:00",
            f"'{text}' is not a time; write it as 2026-11-22T19:00",
        )
        raise click.BadParameter(say(*words)) from None
    check_year(text, at.year)
    return at


def day(text: str) -> date:
    """A date, ISO 8601."""
    try:
        typed = date.fromisoformat(text.strip())
    except ValueError:
        words = f"“{text}”不是日期，请写成 2026-11-22", f"'{text}' is not a date; write it as 2026-11-22"
        raise click.BadParameter(say(*words)) from None
    check_year(text, typed.year)
    return typed


def check_year(text: str, year: int) -> None:
    """Of a date or time that was typed as *text*. Raises `click.BadParameter` when nobody can mean it."""
    if not 2000 <= year < 2200:
        words = f"“{text}”太远，只接受 2000 年以后", f"'{text}' is too far away; years from 2000 on are taken"
        raise click.BadParameter(say(*words))


class Api:
    """The receiver's API. Every failure is one sentence with its cure."""

    def __init__(self, found: Reach) -> None:
        self._base = found.receiver.url.rstrip("/")
        token = found.receiver.token.get_secret_value()
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Language": reader_language()}

    def call(self, method: str, path: str, **kwargs: Any) -> Any:
        try:
            reply = httpx.request(
                method, f"{self._base}/api/v1{path}", headers=self._headers, **{"timeout": TIMEOUT, **kwargs}
            )
        except httpx.HTTPError as error:
            silent = Text(
                "{base} 的接收端没有应答（{why}）。请先启动：make up 或 streamwatch serve；"
                "若它在别处，用 --config 指定它的 duty.yml。",
                "the receiver at {base} does not answer ({why}). "
                "Start it with 'make up' or 'streamwatch serve', or name its duty.yml with --config.",
            )
            raise CommandFailed(silent.format(base=self._base, why=type(error).__name__)) from error
        if reply.is_success:
            return _content(reply)
        raise CommandFailed(_refusal(reply))


MISTAKES = Text(
    "注意：{file} 有错误，接收端仍按之前的配置运行；错在哪里：streamwatch check {file}",
    "careful: {file} has mistakes; the receiver runs on by what it read before. "
    "'streamwatch check {file}' tells them",
)


def open_reach(path: Path | None) -> Reach:
    """Whom to talk to, also while duty.yml has mistakes, which is said."""
    named = config_path(path)
    found = reach(named)
    if found.mistakes:
        click.echo(MISTAKES.format(file=named).read_in(reader_language()), err=True)
    return found


def open_api(path: Path | None) -> tuple[Reach, Api]:
    found = open_reach(path)
    return found, Api(found)


def _content(reply: httpx.Response) -> Any:
    try:
        return reply.json() if reply.content else None
    except ValueError as error:
        raise CommandFailed(NOT_OURS) from error


NOT_OURS = Text(
    "回答不是 JSON；duty.yml 的 public_url 指向接收端吗？",
    "the answer is not JSON; does public_url in duty.yml name the receiver?",
)
OTHER_TOKEN = Text(
    "接收端不认识这个令牌：duty.yml 的 token_files 与正在运行的接收端不同，用 --config 指定它的 duty.yml",
    "the receiver does not know this token: token_files here is not what it runs by; "
    "name its duty.yml with --config",
)


def _refusal(reply: httpx.Response) -> Text | str:
    """The receiver's own words, which are in the reader's language."""
    if reply.status_code == 401:
        return OTHER_TOKEN
    try:
        detail = reply.json()["detail"]
    except (ValueError, KeyError, TypeError):
        odd = Text("接收端答复 HTTP {code}", "the receiver answered HTTP {code}")
        return odd.format(code=reply.status_code)
    if isinstance(detail, list):  # FastAPI's own, about a body or a query that is not as it must be
        return "; ".join(
            _where(each) + str(each["msg"]) for each in detail if isinstance(each, dict) and "msg" in each
        )
    return str(detail)


def _where(wrong: dict[str, Any]) -> str:
    """The name of the field, for a person who typed an option of that name."""
    loc = wrong.get("loc")
    return f"{loc[-1]}: " if isinstance(loc, list) and loc else ""


def prometheus_address(config: Config) -> str:
    """That of duty.yml. Raises `CommandFailed` with the cure when it names none."""
    return named_prometheus(str(config.file.prometheus.url) if config.file.prometheus else None)


def named_prometheus(address: str | None) -> str:
    """Raises `CommandFailed` with the cure when there is none."""
    if address is None:
        raise CommandFailed(
            Text(
                "没有指定 Prometheus：在 duty.yml 写 prometheus.url，或用 --prometheus。",
                "no Prometheus is named: write prometheus.url into duty.yml, or use --prometheus.",
            )
        )
    return address
