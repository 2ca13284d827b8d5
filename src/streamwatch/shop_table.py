"""Orders or items that a shop exported as a table, row by row as the exporter's intake takes them. Pure.

Its words are those of the exporter's own reader of tables; a test holds them together. Here every mistake has its
place, because a person posts the file and can mend it.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from streamwatch.calendars.cells import Cell, decoded, delimiter, rows
from streamwatch.calendars.moments import NotATime, moment
from streamwatch.duty.wall_clock import instant
from streamwatch.errors import Mistake
from streamwatch.language import Text

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
KEY_OF = {word: key for key, words in COLUMNS.items() for word in words}

V = TypeVar("V")
_MONEY = re.compile(r"(?:\d{1,12}|\d{1,3}(?:,\d{3}){1,3})(?:\.\d{1,4})?", re.ASCII)
_ITEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,15}")
_ROUNDED = re.compile(r"\d(?:\.\d+)?[Ee]\+\d+")
NOT_TEXT = Text("不是 UTF-8 也不是 GBK，请另存为 CSV UTF-8", "neither UTF-8 nor GBK; save it as CSV UTF-8")
NO_COLUMN = Text(
    "第一行要有“订单号”和“金额”，或“链接号”和“价格”；也可写 order amount 或 item price",
    "the first line needs the columns order and amount, or item and price",
)
COLUMN_TWICE = Text("这一列出现了两次，只留一列", "this column stands twice; keep one")
TOO_MANY = Text(
    '这一行比表头多一格；金额里的逗号要去掉，或给金额加引号："1,299.00"',
    "this row has a cell more than the heading has columns; leave out the comma of an amount, "
    'or put it between quotation marks: "1,299.00"',
)
NO_ID = Text("没有订单号或链接号", "there is no number of the order or item")
ROUNDED = Text(
    "订单号被 Excel 舍入了：导出时把这一列设为文本", "Excel has rounded this number: export the column as text"
)
SHORT_ID = Text(
    "商品须用短编号：字母、数字、_ -，至多 16 个字符",
    "an item has a short number: letters, digits, _ and -, 16 at most",
)
WRITE_MONEY = Text("“{text}”不是金额，请写成 199.00", "'{text}' is no amount; write it as 199.00")
WRITE_STATE = Text(
    "“{text}”不认识，请写 已支付、支付失败、待支付 或 已退款",
    "'{text}' is not known; write paid, failed, unpaid or refunded",
)
WRITE_LISTED = Text("“{text}”不认识，请写 上架 或 下架", "'{text}' is not known; write yes or no")
WRITE_COUNT = Text("“{text}”不是数量，请写整数", "'{text}' is not a count; write a whole number")
WRITE_CURRENCY = Text("“{text}”不是币种，请写成 CNY", "'{text}' is no currency; write it as CNY")
WRITE_TIME = Text("“{text}”不是时间，请写成 2026-11-22 19:00", "'{text}' is no time; write it as 2026-11-22 19:00")
NO_AMOUNT = Text("已支付的订单要有金额", "an order that is paid needs its amount")
NOTHING = Text("这一行没有价格、库存或上架状态", "this row has no price, no stock and no state")


@dataclass
class ShopTable:
    """*rows* as the intake takes them: amounts as text, `at` with its offset."""

    kind: Literal["orders", "items"] = "orders"
    rows: list[dict[str, Any]] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)


def read_shop_table(name: str, data: bytes, zone: ZoneInfo) -> ShopTable:
    """Every row that can be read, and every mistake. A time without an offset is one of *zone*."""
    return _Reading(name, zone).read(data)


class _Reading:
    def __init__(self, name: str, zone: ZoneInfo) -> None:
        self._name, self._zone = name, zone
        self._table = ShopTable()

    def read(self, data: bytes) -> ShopTable:
        try:
            text = decoded(data)
        except UnicodeDecodeError:
            self._mistake(Cell("", 1, 1), NOT_TEXT)
            return self._table
        lines = rows(text, delimiter(text))
        keys = self._keys(next(lines, []))
        for row in lines if keys else ():
            before = len(self._table.mistakes)
            if any(cell.text.strip() for cell in row[len(keys) :]):
                self._mistake(row[len(keys)], TOO_MANY)
                continue
            cells = {key: _bare(cell) for key, cell in zip(keys, row, strict=False) if key}
            self._row({key: cell for key, cell in cells.items() if cell.text}, row[0])
            if len(row) > len(keys) and len(self._table.mistakes) > before:  # what stands wrong was moved aside
                del self._table.mistakes[before:]
                self._mistake(row[len(keys)], TOO_MANY)
        return self._table

    def _keys(self, head: list[Cell]) -> list[str | None]:
        """Which part each column holds; none when the table cannot be read by it."""
        keys = [KEY_OF.get(_plain(cell.text)) for cell in head]
        for number, (key, cell) in enumerate(zip(keys, head, strict=True)):
            if key and key in keys[:number]:
                self._mistake(cell, COLUMN_TWICE)
        if not ({"order", "amount"} <= set(keys) or {"order", "refund"} <= set(keys) or "item" in keys):
            self._mistake(head[0] if head else Cell("", 1, 1), NO_COLUMN)
        if self._table.mistakes:
            return []
        self._table.kind = "orders" if "order" in keys else "items"
        return [None if key == "item" and "order" in keys else key for key in keys]

    def _row(self, cells: Mapping[str, Cell], here: Cell) -> None:
        before = len(self._table.mistakes)
        is_order = self._table.kind == "orders"
        said: dict[str, Any] = {key: self._value(key, cell, is_order) for key, cell in cells.items()}
        if said.get("paid") == "refunded":
            said = {"refund": True, **said, "paid": True}
        if "order" not in said and "item" not in said:
            self._mistake(here, NO_ID)
        elif is_order and said.get("paid", True) and "amount" not in said and said.get("refund", True) is True:
            self._mistake(here, NO_AMOUNT)
        elif not is_order and len(said) == 1:
            self._mistake(here, NOTHING)
        if len(self._table.mistakes) == before:
            self._table.rows.append(said)

    def _value(self, key: str, cell: Cell, is_order: bool) -> Any:
        text, plain = cell.text, _plain(cell.text)
        if key == "order":
            return self._kept(cell, text, ROUNDED if _ROUNDED.fullmatch(text) else None)
        if key == "item":
            return self._kept(cell, text, None if _ITEM.fullmatch(text) else SHORT_ID)
        if key == "paid" and is_order and plain in REFUNDED:
            return "refunded"
        if key in ("paid", "listed"):
            known = YES | NO | (UNPAID if is_order else set())
            wrong = WRITE_STATE if key == "paid" else WRITE_LISTED
            return self._kept(cell, None if plain in UNPAID else plain in YES, None if plain in known else wrong)
        if key == "stock":
            is_count = text.isascii() and text.isdecimal() and len(text) < 10
            return self._kept(cell, int(text) if is_count else 0, None if is_count else WRITE_COUNT)
        if key == "currency":
            code = text.upper()
            return self._kept(cell, code, None if re.fullmatch("[A-Z]{3}", code) else WRITE_CURRENCY)
        if key == "at":
            return self._at(cell)
        amount = unicodedata.normalize("NFKC", text).strip(" ¥￥$€£元")
        return self._kept(cell, amount.replace(",", ""), None if _MONEY.fullmatch(amount) else WRITE_MONEY)

    def _at(self, cell: Cell) -> str:
        try:
            at = moment(cell.text)
            return (at if at.tzinfo else instant(at, self._zone)).isoformat()
        except (NotATime, OverflowError):
            return self._kept(cell, "", WRITE_TIME)

    def _kept(self, cell: Cell, value: V, wrong: Text | None) -> V:
        if wrong is not None:
            self._mistake(cell, wrong.format(text=cell.text[:40]))
        return value

    def _mistake(self, cell: Cell, text: Text) -> None:
        self._table.mistakes.append(Mistake(self._name, cell.line, cell.column, "", text.en, text.zh))


def _bare(cell: Cell) -> Cell:
    """Without the marks by which Excel is kept from reading a long number as one."""
    return cell._replace(text=cell.text.strip(" \t\r\n'\"="))


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())
