"""The shop of a stream: what was ordered, paid and given back, and what the items cost and should cost.

Who ordered what stays in memory, hashed with a key that is nowhere else; metrics tell sums.
"""

import hashlib
import secrets
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Annotated, Any, Literal, LiteralString, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from streamwatch_exporters.clock import Clock
from streamwatch_exporters.commerce_lines import FeedName, Item, Line, Order, currency_code, item_id, money
from streamwatch_exporters.posted import Accepted
from streamwatch_exporters.settings import Settings

LATE = 900.0  # seconds; an order that is older when it comes first is of the past, and nothing that happens now
AHEAD = 300.0  # seconds by which a shop's clock may be fast
MAX_ORDERS = 100_000  # whose news are told from repetitions; the oldest are forgotten
MAX_ITEMS = 200
MAX_CURRENCIES = 8

Dropped = Literal["orders", "items", "currencies"]


def _checked(read: Callable[[Any], Any], kind: LiteralString) -> BeforeValidator:
    def check(value: Any) -> Any:
        try:
            return read(str(value) if isinstance(value, float) else value)
        except ValueError as exc:
            raise PydanticCustomError(kind, "not acceptable") from exc

    return BeforeValidator(check)


class ItemSettings(Settings):
    """An item by the shop's short number, and what it should cost."""

    item: Annotated[str, _checked(item_id, "item")]
    planned_price: Annotated[Decimal, _checked(money, "money")]


class CommerceSettings(Settings):
    """A feed that delivers nothing for `quiet_after` seconds is no longer taken for connected."""

    quiet_after: float = Field(600.0, ge=1, le=86400)
    currency: Annotated[str, _checked(currency_code, "currency")] = "CNY"
    items: tuple[ItemSettings, ...] = Field((), max_length=MAX_ITEMS)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({each.item for each in self.items}) != len(self.items):
            raise PydanticCustomError("named_twice", "a name stands twice")
        return self


@dataclass
class Posted(Accepted):
    """What became of the lines of one body. *late* of the accepted ones are too old to count as now."""

    late: int = 0


@dataclass(slots=True)
class _Known:
    """What was counted of one order."""

    paid: bool = False
    failed: bool = False
    pending: bool = False
    refunded: Decimal = Decimal(0)
    currency: str = ""


@dataclass
class Shop:
    """The shop of one stream."""

    settings: CommerceSettings
    clock: Clock
    orders: int = 0
    failed: int = 0
    refunds: int = 0
    late: int = 0
    amounts: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))  # by currency
    refunded: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    items: OrderedDict[str, Item] = field(default_factory=OrderedDict)
    told: dict[str, float] = field(default_factory=dict)  # when each item was told last, steady seconds
    last_order: float | None = None  # steady seconds
    heard: dict[FeedName, float] = field(default_factory=dict)  # when each feed delivered last, steady seconds
    dropped: Counter[Dropped] = field(default_factory=Counter)
    _known: OrderedDict[bytes, _Known] = field(default_factory=OrderedDict, repr=False)
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def take(self, lines: Iterable[Line]) -> Posted:
        """Count lines. May be called for a part of a body at a time, so that a large one holds nobody up."""
        outcome = Posted()
        for line in lines:
            if isinstance(line, Order):
                self._take_order(line, outcome)
            elif line is None:
                outcome.rejected += 1
            else:
                outcome.accepted += 1
                now = self.clock.steady()
                if isinstance(line, Item):
                    self._take_item(line, now)
                elif line.feed == "items":
                    self.told |= {id_: now for id_ in self.told if self.is_told(id_, now)}
                self.heard["items" if isinstance(line, Item) else line.feed] = now
        return outcome

    def connected(self, feed: FeedName, now: float) -> bool:
        return feed in self.heard and now - self.heard[feed] < self.settings.quiet_after

    def is_told(self, item: str, now: float) -> bool:
        """Whether what is known of an item is of now: a feed that leaves it out has taken it off."""
        told = self.told.get(item)  # once: the page is made in a thread, and an item may go meanwhile
        return told is not None and now - told < self.settings.quiet_after

    def planned(self) -> dict[str, Decimal]:
        """By item: what the team wrote down goes before what the feed tells."""
        told = {id_: item.planned_price for id_, item in list(self.items.items()) if item.planned_price is not None}
        return told | {each.item: each.planned_price for each in self.settings.items}

    def _take_order(self, order: Order, outcome: Posted) -> None:
        now, wall = self.clock.steady(), self.clock.wall()
        currency = order.currency or self.settings.currency
        if (order.at is not None and order.at > wall + AHEAD) or not self._has_room_for(currency):
            outcome.rejected += 1
            return
        self.heard["orders"] = now
        key = hashlib.blake2b(order.id.encode(errors="surrogatepass"), key=self._key, digest_size=12).digest()
        is_late = key not in self._known and order.at is not None and wall - order.at > LATE
        known = self._remembered(key)
        news = _news(order, known)
        if news is None:
            outcome.duplicates += 1
            return
        outcome.accepted += 1
        if is_late:
            self.late += 1
            outcome.late += 1
        else:
            self._count(news, known, order.currency or known.currency or currency, now)
        self._known[key] = replace(
            known,
            paid=known.paid or news.paid is True,
            failed=known.failed or news.paid is False,
            pending=True,
            refunded=known.refunded + news.refund,
            currency=known.currency or currency,
        )

    def _count(self, news: Order, known: _Known, currency: str, now: float) -> None:
        if news.paid:
            self.orders += 1
            self.amounts[currency] += news.amount or Decimal(0)
            self.last_order = now
        elif news.paid is False:
            self.failed += 1
        if news.refund:
            self.refunds += not known.refunded
            self.refunded[currency] += news.refund

    def _remembered(self, key: bytes) -> _Known:
        if key not in self._known and len(self._known) >= MAX_ORDERS:
            self._known.popitem(last=False)
            self.dropped["orders"] += 1
        return self._known.get(key, _Known())

    def _has_room_for(self, currency: str) -> bool:
        known = {self.settings.currency, *self.amounts, *self.refunded}
        if currency in known or len(known) < MAX_CURRENCIES:
            return True
        self.dropped["currencies"] += 1
        return False

    def _take_item(self, item: Item, now: float) -> None:
        """What a line does not tell of an item stays as it was told before."""
        before = self.items.pop(item.id, None)
        if before is None and len(self.items) >= MAX_ITEMS:
            oldest, _ = self.items.popitem(last=False)
            del self.told[oldest]
            self.dropped["items"] += 1
        told = {key: value for key, value in vars(item).items() if value is not None}
        self.items[item.id] = replace(before, **told) if before else item
        self.told[item.id] = now


def _news(order: Order, known: _Known) -> Order | None:
    """What *order* says that was not counted yet; None for a repetition. What failed may be paid later."""
    paid: bool | None = None
    if order.paid and order.amount is not None and not known.paid:
        paid = True
    elif order.paid is False and not known.failed and not known.paid:
        paid = False
    refund = max(order.refund - known.refunded, Decimal(0))
    is_first_sight = order.paid is None and not known.pending
    return replace(order, paid=paid, refund=refund) if paid is not None or refund or is_first_sight else None
