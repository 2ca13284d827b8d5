"""Orders or items as a table, as Excel saves it: UTF-8 or GBK, heads in Chinese or English. No I/O (RFC 4180)."""

import csv
import io
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from streamwatch_exporters.posted import BROKEN, NotLines

COLUMNS: dict[str, tuple[str, ...]] = {
    "order": ("order", "order id", "order_id", "order no", "订单", "订单号", "订单编号", "主订单编号"),
    "amount": ("amount", "paid amount", "金额", "订单金额", "实付金额", "支付金额", "实付款", "订单应付金额"),
    "currency": ("currency", "币种", "货币"),
    "paid": ("paid", "status", "payment", "支付状态", "订单状态", "支付结果", "状态"),
    "refund": ("refund", "refunded", "退款", "退款金额"),
    "at": ("at", "time", "order time", "时间", "下单时间", "支付时间", "付款时间", "订单提交时间"),
    "item": ("item", "item no", "链接", "链接号", "商品序号", "序号"),
    "price": ("price", "价格", "现价", "售价"),
    "planned_price": ("planned_price", "planned price", "计划价", "计划价格", "直播价", "约定价"),
    "stock": ("stock", "库存", "剩余库存"),
    "listed": ("listed", "on sale", "上架", "上架状态"),
}
KEY_OF = {word: key for key, words in COLUMNS.items() for word in words}
YES = {"true", "yes", "1", "是", "paid", "success", "trade success", "completed", "finished", "shipped",
       "delivered", "to ship", "awaiting shipment", "partially shipped", "已支付", "已付款", "支付成功",
       "待发货", "部分发货", "已发货", "待收货", "已收货", "已签收", "已完成", "交易成功", "交易完成",
       "买家已付款,等待卖家发货", "卖家已发货,等待买家确认", "上架", "已上架", "在售"}  # fmt: skip
NO = {"false", "no", "0", "否", "failed", "payment failed", "失败", "支付失败", "付款失败", "下架", "已下架"}
# One that is closed may have been paid before and given back; it says nothing of that, and is neither.
UNPAID = {"unpaid", "pending", "pending payment", "awaiting payment", "to pay", "cancelled", "canceled", "closed",
          "trade closed", "待支付", "待付款", "未支付", "未付款", "等待买家付款",
          "已取消", "已关闭", "交易关闭"}  # fmt: skip
# It was paid, and all was given back where the row does not say how much.
REFUNDED = {"refunded", "fully refunded", "refund successful", "退款成功", "已退款", "全额退款", "已全额退款"}
_DAYS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")


def table_values(body: bytes) -> Iterator[Any]:
    """Each row as JSON would say it; without a row, that the feed lives. Raises `NotLines` for another table.

    A row is read when somebody asks for it: all of a large table would hold the event loop up for most of a second.
    """
    text = _decoded(body)
    first = text.splitlines()[0] if text.strip() else ""
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count)))
    except csv.Error as exc:
        raise NotLines from exc
    keys = [KEY_OF.get(_plain(cell)) for cell in rows[0]] if rows else []
    named = [key for key in keys if key]
    if len(named) != len(set(named)) or not {"order", "item"} & set(named):
        raise NotLines
    if "order" in named:
        keys = [None if key == "item" else key for key in keys]
    found = [row for row in rows[1:] if any(map(str.strip, row))]
    return (_row(keys, row) for row in found) if found else iter([{"feed": _feed(named)}])


def _feed(named: Sequence[str]) -> str:
    return "orders" if "order" in named else "items"


def _decoded(body: bytes) -> str:
    for encoding in ("utf-16",) if body[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotLines


def _plain(cell: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", cell).lower().split())


def _row(keys: Sequence[str | None], row: Sequence[str]) -> Any:
    """`BROKEN` for one with more cells than there are heads: by an amount's comma they stand in wrong columns."""
    if any(map(str.strip, row[len(keys) :])):
        return BROKEN
    said = dict(_pairs(keys, row))
    paid = said.get("paid")
    if isinstance(paid, str) and _plain(paid) in REFUNDED:
        return {"refund": True, **said, "paid": True}
    return said


def _pairs(keys: Sequence[str | None], row: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Without the empty cells. A word that is not known stays as it is, and the row is set aside for it."""
    for key, cell in zip(keys, row, strict=False):
        text = cell.strip(" \t\r\n'\"=")  # by such marks Excel is kept from reading a long number as one
        if key is None or not text:
            continue
        if key in ("paid", "listed"):
            yield key, _truth(_plain(text), text)
        elif key == "stock":
            yield key, int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else text
        elif key == "at":
            yield key, _at(text)
        else:
            yield key, text.upper() if key == "currency" else text


def _truth(plain: str, text: str) -> bool | str | None:
    if plain in UNPAID:
        return None
    return plain in YES if plain in YES | NO else text


def _at(text: str) -> str:
    """Without an offset it is a time of this machine's zone: tables have none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        plain = text.replace("/", "-")
        for pattern in _DAYS:
            try:
                at = datetime.strptime(plain, pattern)  # noqa: DTZ007  # a wall-clock time
                break
            except ValueError:
                continue
        else:
            return text
    try:
        return at.astimezone().isoformat()
    except (OverflowError, OSError, ValueError):  # years that no clock of this machine reaches
        return text
