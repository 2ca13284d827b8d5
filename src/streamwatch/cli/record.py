"""What `export` and `report` share: which stream, which Prometheus, and how the receiver is asked."""

from collections.abc import Mapping
from typing import Any

import click
import httpx

from streamwatch.cli.api import Api, say
from streamwatch.report.incidents import Ask


def stream_id(text: str) -> str:
    """A label value: any text that UTF-8 can hold."""
    if not text or text != text.encode(errors="ignore").decode():
        raise click.BadParameter(
            say("请写直播间的 id，与 streams.yml 一致", "write the id of a stream, as streams.yml has it")
        )
    return text


def server_address(text: str) -> str:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise click.BadParameter(
            say("请写完整地址，例如 http://127.0.0.1:9090", "write an address like http://127.0.0.1:9090")
        )
    return text


def asking(api: Api) -> Ask:
    def ask(path: str, params: Mapping[str, str | int]) -> Any:
        return api.call("GET", path, params=params)

    return ask


prometheus_option = click.option(
    "--prometheus",
    "address",
    type=server_address,
    metavar="URL",
    help="代替 prometheus.url。Instead of duty.yml's.",
)
