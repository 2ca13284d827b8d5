"""`streamwatch commerce`: a table of orders or items goes to the exporter; rows that it cannot take are named."""

import json
import sys
from collections import Counter
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import httpx

from streamwatch.cli.api import TIMEOUT, config_option, config_path, json_option, open_reach
from streamwatch.cli.record import stream_id
from streamwatch.cli.strangers import stranger, watched_streams
from streamwatch.config.reach import Reach
from streamwatch.errors import CommandFailed, ConfigError
from streamwatch.language import Text, reader_language
from streamwatch.shop_table import ShopTable, read_shop_table

AT_ONCE = 2000  # rows: far below the exporter's limit of 1 MB
COUNTED = ("accepted", "duplicates", "rejected", "late")
TOLD = Text(
    "{rows} 行：新的 {accepted}（其中旧单 {late}，不算现在），重复 {duplicates}，未收 {rejected}",
    "{rows} rows: {accepted} new (of which {late} of the past, not counted as now), "
    "{duplicates} repeated, {rejected} not taken",
)
TOLD_ITEMS = Text(  # old ones are told of orders only
    "{rows} 行：新的 {accepted}，重复 {duplicates}，未收 {rejected}",
    "{rows} rows: {accepted} new, {duplicates} repeated, {rejected} not taken",
)
NO_EXPORTER = Text(
    "duty.yml 没有写 exporter；请写上 exporter: {{url, token_file}}",
    "duty.yml names no exporter: write exporter: {{url, token_file}} into it",
)
SILENT = Text(
    "{base} 的采集器没有应答（{why}）。请先启动：make up 或 streamwatch-exporter",
    "the exporter at {base} does not answer ({why}). Start it with 'make up' or 'streamwatch-exporter'",
)
NO_SHOP = Text(
    "采集器的 streams.yml 里，直播间“{stream}”没有 commerce；请加上 commerce: {{}} 并 streamwatch reload",
    "the exporter's streams.yml has no commerce section of stream '{stream}': "
    "add commerce: {{}} and run streamwatch reload",
)
REFUSED = Text("采集器不收（HTTP {code}）：{said}", "the exporter refuses it (HTTP {code}): {said}")


@click.command("commerce")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True, readable=True))
@click.option("--stream", required=True, callback=lambda _c, _p, text: stream_id(text), help="直播间。The stream.")
@config_option
@json_option
def command(file: Path, stream: str, path: Path | None, as_json: bool) -> None:
    """Post orders or items from a shop's CSV. 上报店铺导出的订单或商品表（CSV）。

    Post the table of the whole evening again and again: each order counts once. Times without an offset are those
    of duty.yml's zone here; a table that is posted to the exporter itself has those of the exporter's machine.
    没有时区的时间：这里按 duty.yml 的时区，直接上报给采集器的表按采集器所在机器的时区。
    Exit 1 when a row cannot be read or is not taken; the others are taken all the same.

    \b
    Heads 表头: 订单号 金额 [币种 支付状态 退款金额 下单时间]
                链接号 价格 [计划价 库存 上架]

    Example 例：streamwatch commerce orders.csv --stream demo
    """
    known = open_reach(path)
    table = read_shop_table(str(file), file.read_bytes(), known.zone)
    if table.mistakes and not table.rows and not as_json:
        raise ConfigError(table.mistakes)
    counted = (
        _post(known, watched_streams(config_path(path)), stream, table)
        if table.rows or not table.mistakes
        else Counter[str]()
    )
    told = {"rows": len(table.rows) + _lines_of(table), **{key: counted[key] for key in COUNTED}}
    told["rejected"] += _lines_of(table)
    if as_json:
        listed = [asdict(each) for each in table.mistakes]
        click.echo(json.dumps({"ok": not told["rejected"], **told, "mistakes": listed}, ensure_ascii=False))
    else:
        for mistake in table.mistakes:
            click.echo(Text(*mistake.words).read_in(reader_language()), err=True)
        words = TOLD if table.kind == "orders" else TOLD_ITEMS
        click.echo(words.format(**told).read_in(reader_language()))
    sys.exit(1 if told["rejected"] else 0)


def _lines_of(table: ShopTable) -> int:
    return len({each.line for each in table.mistakes})


def _post(known: Reach, watched: Collection[str], stream: str, table: ShopTable) -> Counter[str]:
    """What became of the rows. Without any, the exporter hears that the shop's feed lives."""
    if known.exporter is None:
        raise CommandFailed(NO_EXPORTER.format())
    base = known.exporter.url.rstrip("/")
    url = f"{base}/api/v1/commerce/{quote(stream, safe='', errors='replace')}"
    headers = {"Authorization": f"Bearer {known.exporter.token.get_secret_value()}"}
    counted = Counter[str]()
    rows: list[dict[str, Any]] = table.rows or [{"feed": table.kind}]
    for start in range(0, len(rows), AT_ONCE):
        try:
            reply = httpx.post(url, json=rows[start : start + AT_ONCE], headers=headers, timeout=TIMEOUT)
        except httpx.HTTPError as error:
            raise CommandFailed(SILENT.format(base=base, why=type(error).__name__)) from error
        if reply.status_code == 404:
            raise CommandFailed(stranger(stream, watched) or NO_SHOP.format(stream=stream))
        if reply.status_code != 202:
            raise CommandFailed(REFUSED.format(code=reply.status_code, said=_said(reply)))
        counted.update(reply.json())
    if not table.rows:
        counted.clear()
    return counted


def _said(reply: httpx.Response) -> str:
    try:
        return str(reply.json()["error"])[:200]
    except (ValueError, KeyError, TypeError):
        return ""
