"""A shop counts each order once, whatever is posted again, on a clock that the test moves."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from servers.hand_clock import HandClock
from streamwatch_exporters import commerce
from streamwatch_exporters.commerce import CommerceSettings, Posted, Shop
from streamwatch_exporters.commerce_lines import Alive, Item, Order
from streamwatch_exporters.commerce_metrics import CommerceMetrics

PAID = Order("1", Decimal("199.10"))


@pytest.fixture
def hand() -> HandClock:
    return HandClock()


@pytest.fixture
def shop(hand: HandClock) -> Shop:
    return Shop(CommerceSettings(items=({"item": "3", "planned_price": "199.00"},)), hand.clock)  # type: ignore[arg-type]


def page(shop: Shop, hand: HandClock) -> dict[str, float]:
    """Every value by its series."""
    registry = CollectorRegistry()
    registry.register(CommerceMetrics({"demo": shop}, hand.clock))
    lines = [line for line in generate_latest(registry).decode().splitlines() if line[0] != "#"]
    return {series: float(value) for series, value in (line.rsplit(" ", 1) for line in lines)}


def test_a_repeated_order_counts_once(shop: Shop) -> None:
    """Also in the same body, and in the table of the whole evening that is posted every five minutes."""
    assert shop.take([PAID, PAID]) == Posted(accepted=1, duplicates=1)
    assert shop.take([PAID, Order("2", Decimal("0.20"))]) == Posted(accepted=1, duplicates=1)
    assert (shop.orders, shop.amounts["CNY"]) == (2, Decimal("199.30"))


def test_what_becomes_of_an_order_is_news(shop: Shop) -> None:
    """Nobody has paid; the payment fails, twice; it is paid; half is given back, then all, which is one refund."""
    steps = [
        Order("1", Decimal(100), paid=None),
        Order("1", Decimal(100), paid=False),
        Order("1", Decimal(100), paid=False),
        Order("1", Decimal(100)),
        Order("1", Decimal(100), refund=Decimal(50)),
        Order("1", Decimal(100), refund=Decimal(100)),
        Order("1", Decimal(100), refund=Decimal(50)),
        Order("1", Decimal(100), paid=None),
    ]
    outcomes = [shop.take([step]).accepted for step in steps]
    assert outcomes == [1, 1, 0, 1, 1, 1, 0, 0]
    assert (shop.orders, shop.failed, shop.refunds) == (1, 1, 1)
    assert (shop.amounts["CNY"], shop.refunded["CNY"]) == (100, 100)


def test_a_refund_is_in_the_money_of_its_order(shop: Shop) -> None:
    """Where the line of the refund does not say it."""
    shop.take([Order("1", Decimal(20), "USD"), Order("1", refund=Decimal(5))])
    assert dict(shop.refunded) == {"USD": 5}


def test_an_order_of_the_past_is_not_counted_as_now(shop: Shop, hand: HandClock) -> None:
    """Yesterday's table makes no peak of today; what becomes of an order that was counted is news at any age."""
    now = hand.clock.wall()
    late = Order("1", Decimal(5), at=now - 901)
    assert shop.take([late, Order("2", Decimal(5), at=now - 900)]) == Posted(accepted=2, late=1)
    assert shop.take([late]) == Posted(duplicates=1)
    hand.pass_by(3600)
    shop.take([Order("2", Decimal(5), refund=Decimal(5), at=now - 900)])
    assert (shop.orders, shop.late, shop.refunds) == (1, 1, 1)


def test_an_order_of_the_future_is_set_aside(shop: Shop, hand: HandClock) -> None:
    """A clock or a zone is wrong; five minutes are forgiven."""
    now = hand.clock.wall()
    assert shop.take([Order("1", Decimal(5), at=now + 301)]) == Posted(rejected=1)
    assert shop.take([Order("1", Decimal(5), at=now + 300)]) == Posted(accepted=1)


def test_what_nobody_tells_is_absent_and_not_zero(shop: Shop, hand: HandClock) -> None:
    """Sums begin at 0 so that their growth is seen; a feed that was never heard is not connected 0 but nothing."""
    before = page(shop, hand)
    assert before['streamwatch_item_planned_price{item="3",stream="demo"}'] == 199
    assert before['streamwatch_order_amount_total{currency="CNY",stream="demo"}'] == 0
    assert [name for name in before if "connected" in name or "age" in name or "item_price" in name] == []

    shop.take([PAID, Item("3", Decimal(99), Decimal(150), 12, True), Item("3", stock=11)])
    hand.pass_by(599)
    told = page(shop, hand)
    assert told['streamwatch_commerce_connected{feed="orders",stream="demo"}'] == 1
    assert told['streamwatch_order_last_age_seconds{stream="demo"}'] == 599
    assert told['streamwatch_item_price{item="3",stream="demo"}'] == 99
    assert told['streamwatch_item_planned_price{item="3",stream="demo"}'] == 199
    assert told['streamwatch_item_stock{item="3",stream="demo"}'] == 11
    assert told['streamwatch_item_listed{item="3",stream="demo"}'] == 1

    hand.pass_by(1)
    shop.take([Alive("orders")])
    silent = page(shop, hand)
    assert silent['streamwatch_commerce_connected{feed="items",stream="demo"}'] == 0
    assert silent['streamwatch_commerce_connected{feed="orders",stream="demo"}'] == 1
    assert silent['streamwatch_orders_total{stream="demo"}'] == 1
    assert [name for name in silent if "item_price" in name or "stock" in name or "listed" in name] == []


def test_an_item_that_is_left_out_is_not_known_any_more(shop: Shop, hand: HandClock) -> None:
    """A feed that names others has taken it off; that there is nothing new keeps what is known."""
    shop.take([Item("1", stock=1), Item("2", stock=1)])
    hand.pass_by(599)
    shop.take([Alive("items")])
    hand.pass_by(599)
    shop.take([Item("2", stock=1)])
    assert 'streamwatch_item_stock{item="1",stream="demo"}' in page(shop, hand)
    hand.pass_by(1)
    shop.take([Alive("items")])
    assert [name for name in page(shop, hand) if "item_stock" in name] == [
        'streamwatch_item_stock{item="2",stream="demo"}'
    ]


def test_memory_is_bounded(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of orders and items the oldest are forgotten, a ninth currency is not taken; all of it is counted."""
    monkeypatch.setattr(commerce, "MAX_ORDERS", 2)
    monkeypatch.setattr(commerce, "MAX_ITEMS", 2)
    monkeypatch.setattr(commerce, "MAX_CURRENCIES", 2)
    shop.take([Order(str(number), Decimal(1)) for number in range(3)])
    shop.take([Item("1", stock=1), Item("2", stock=1), Item("1", stock=2), Item("3", stock=1)])
    assert shop.take([Order("x", Decimal(1), "USD"), Order("y", Decimal(1), "EUR")]) == Posted(1, 0, 1)
    assert list(shop.items) == ["1", "3"]
    assert shop.dropped == {"orders": 2, "items": 1, "currencies": 1}


def test_cents_add_up(shop: Shop, hand: HandClock) -> None:
    """A thousand times ten cents are a hundred, to the last digit."""
    at = datetime.fromtimestamp(hand.clock.wall(), UTC).timestamp()
    shop.take(Order(str(number), Decimal("0.10"), at=at) for number in range(1000))
    assert page(shop, hand)['streamwatch_order_amount_total{currency="CNY",stream="demo"}'] == 100
