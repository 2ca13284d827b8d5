"""What a shop posts: orders, payments that failed, refunds, and the items that are for sale. No I/O."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, get_args

from streamwatch_exporters.posted import instant, name

FeedName = Literal["orders", "items"]
FEEDS: tuple[FeedName, ...] = get_args(FeedName)

ITEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,15}")
CURRENCY = re.compile(r"[A-Z]{3}")  # ISO 4217
_MONEY = re.compile(r"(?:\d{1,12}|\d{1,3}(?:,\d{3}){1,3})(?:\.\d{1,4})?")
_ROUNDED_ID = re.compile(r"\d(?:\.\d+)?[Ee]\+\d+")  # what Excel makes of a long number: several orders are one then
_MAX_STOCK = 10**9


@dataclass(frozen=True)
class Order:
    """One order as it is now. *paid*: true, false for a payment that failed, None while nobody has paid.

    *refund* is all that was given back so far. *at* is unix seconds, when the shop says it.
    """

    id: str = field(repr=False)
    amount: Decimal | None = None
    currency: str | None = None
    paid: bool | None = True
    refund: Decimal = Decimal(0)
    at: float | None = None


@dataclass(frozen=True)
class Item:
    """What is known of one item; None is not told."""

    id: str
    price: Decimal | None = None
    planned_price: Decimal | None = None
    stock: int | None = None
    listed: bool | None = None


@dataclass(frozen=True)
class Alive:
    """The feed lives, and there is nothing new."""

    feed: FeedName


Line = Order | Item | Alive | None
"""None is a line that is none of these: it is counted as rejected."""


def lines_of(values: Iterable[Any]) -> Iterator[Line]:
    for value in values:
        try:
            yield _line(value) if isinstance(value, dict) else None
        except ValueError:
            yield None


def money(value: Any) -> Decimal:
    """A price as shops write it: `199.00`, `1,299`, `¥199`, `199元`; at most four digits behind the point.

    Raises `ValueError` for what is none, and for what is below 0.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError("no amount")  # noqa: TRY004  # of what was posted, all that is wrong is one kind of wrong
    if isinstance(value, int):
        value = str(value) if 0 <= value < 10**12 else ""
    if isinstance(value, Decimal):
        value = f"{value:f}" if -9 < value.adjusted() < 12 else ""
    text = unicodedata.normalize("NFKC", value).strip(" \t¥￥$€£元")
    if _MONEY.fullmatch(text) is None or not text.isascii():
        raise ValueError("no amount")
    return Decimal(text.replace(",", ""))


def _line(value: dict[str, Any]) -> Line:
    if "order" in value:
        return _order(value)
    if "item" in value:
        return _item(value)
    feed = value.get("feed")
    return Alive(feed) if feed in FEEDS else None


def _order(value: dict[str, Any]) -> Order | None:
    id_, paid = name(value["order"]), value.get("paid", True)
    if not id_ or _ROUNDED_ID.fullmatch(id_) or not isinstance(paid, bool | None):
        return None
    amount = None if value.get("amount") is None else money(value["amount"])
    currency = value.get("currency")
    if currency is not None:
        currency = currency_code(currency)
    refund = _refund(value.get("refund"), amount)
    if paid and amount is None and not refund:
        return None
    return Order(id_, amount, currency, paid, refund, instant(value.get("at")))


def _refund(value: Any, amount: Decimal | None) -> Decimal:
    """True is the whole amount."""
    if value is None or value is False:
        return Decimal(0)
    if value is True:
        if amount is None:
            raise ValueError("all of an unknown amount")
        return amount
    return money(value)


def _item(value: dict[str, Any]) -> Item | None:
    id_ = item_id(value["item"])
    stock, listed = value.get("stock"), value.get("listed")
    prices = [None if value.get(key) is None else money(value[key]) for key in ("price", "planned_price")]
    if stock is not None and (
        not isinstance(stock, int) or isinstance(stock, bool) or not 0 <= stock <= _MAX_STOCK
    ):
        return None
    if not isinstance(listed, bool | None) or (stock is listed is None and prices == [None, None]):
        return None
    return Item(id_, prices[0], prices[1], stock, listed)


def currency_code(value: Any) -> str:
    """ISO 4217. Raises `ValueError`."""
    if not isinstance(value, str) or CURRENCY.fullmatch(value) is None:
        raise ValueError("no code of a currency")
    return value


def item_id(value: Any) -> str:
    """The shop's short number of an item; it becomes a label. Raises `ValueError`."""
    id_ = name(value)
    if ITEM.fullmatch(id_) is None:
        raise ValueError("no short number of an item")
    return id_
