"""`streamwatch versions`: what runs, what is too old, and whether there is a newer StreamWatch."""

import asyncio
import json
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from streamwatch import __version__
from streamwatch.cli.api import config_option, config_path, json_option
from streamwatch.config import Config, load
from streamwatch.errors import CommandFailed
from streamwatch.language import Language, Text, reader_language
from streamwatch.versions.asking import ask
from streamwatch.versions.index import NO_INDEX, newer, pips_index
from streamwatch.versions.needs import Part

NEWER = Text("有新版本 {version}（现在 {mine}）", "there is a newer version, {version} (this is {mine})")
NEWEST = Text("StreamWatch 已是最新", "StreamWatch is the newest")


@click.command("versions")
@click.option("--online", is_flag=True, help="问软件包索引有没有新版本。Ask the package index for a newer one.")
@config_option
@json_option
def command(online: bool, path: Path | None, as_json: bool) -> None:
    """Show which versions run and what is too old. 查看各部分的版本，哪些太旧。

    The index is that of versions.index_url_file in duty.yml, else pip's. Exit 1 when a part is too old.

    Example 例：streamwatch versions --online
    """
    config = load(config_path(path))
    parts = asyncio.run(ask(addresses(config)))
    found = _newer(config) if online else None
    if as_json:
        told = {"parts": list(map(_as_json, parts)), "asked": online, "newer": found}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        language = reader_language()
        Console().print(_table(parts, language), highlight=False)
        if online:
            click.echo((NEWER if found else NEWEST).format(version=found, mine=__version__).read_in(language))
    sys.exit(1 if any(each.state == "old" for each in parts) else 0)


def addresses(config: Config) -> dict[str, str]:
    """Of the parts that duty.yml names."""
    file = config.file
    named = {
        "receiver": file.public_url,
        "exporter": file.exporter and file.exporter.url,
        "prometheus": file.prometheus and file.prometheus.url,
        "alertmanager": file.alertmanager and file.alertmanager.url,
        "grafana": file.versions.grafana,
    }
    return {name: str(url) for name, url in named.items() if url}


def _newer(config: Config) -> str | None:
    index = config.index_url.get_secret_value() if config.index_url else pips_index()
    if not index:
        raise CommandFailed(NO_INDEX)
    return newer(index)


def _as_json(part: Part) -> dict[str, object]:
    fields = {"part": part.name, "version": part.version, "oldest": part.oldest, "state": part.state}
    return {**fields, "text": part.text.en, "text_zh": part.text.zh}


def _table(parts: list[Part], language: Language) -> Table:
    table = Table()
    headings = (
        Text("部分", "part"),
        Text("版本", "version"),
        Text("测试过的最旧版本", "oldest tested"),
        Text("", ""),
    )
    for heading in headings:
        table.add_column(heading.read_in(language))
    for each in parts:
        table.add_row(each.title, each.version or "—", each.oldest or "—", each.text.read_in(language))
    return table
