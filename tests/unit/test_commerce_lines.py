"""What a shop posts is read line by line, exactly to the cent; what is no order and no item is set aside."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from streamwatch_exporters import commerce_csv
from streamwatch_exporters.commerce_csv import table_values
from streamwatch_exporters.commerce_lines import Alive, Item, Order, lines_of, money
from streamwatch_exporters.posted import NotLines, json_values

EIGHT = 1795348800.0  # 2026-11-22 20:00 in Shanghai


def read(body: str) -> list[Any]:
    return list(lines_of(json_values(body.encode())))


def table(text: str, encoding: str = "utf-8-sig") -> list[Any]:
    return list(lines_of(table_values(text.encode(encoding))))


def test_everything_that_a_line_may_hold() -> None:
    """Orders, failed payments, refunds, items, and that there is nothing new; a number keeps its cents."""
    assert read(
        '{"order": "7", "amount": "199.10", "currency": "USD", "at": "2026-11-22T20:00:00+08:00"}\n'
        '{"order": 8, "amount": 199.10, "paid": false}\n'
        '{"order": "9", "paid": null}\n'
        '{"order": "7", "amount": 199, "refund": true}\n'
        '{"order": "7", "refund": "50.5"}\n'
        '{"item": "3", "price": "99.00", "planned_price": 199, "stock": 12, "listed": true}\n'
        '{"item": 4, "stock": 0}\n'
        '{"feed": "items"}'
    ) == [
        Order("7", Decimal("199.10"), "USD", True, Decimal(0), EIGHT),
        Order("8", Decimal("199.10"), None, False),
        Order("9", paid=None),
        Order("7", Decimal(199), refund=Decimal(199)),
        Order("7", refund=Decimal("50.5")),
        Item("3", Decimal(99), Decimal(199), 12, True),
        Item("4", stock=0),
        Alive("items"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "42", "null", "{}", '{"order": "1"}', '{"order": "", "amount": "1"}', '{"order": true, "amount": "1"}',
        '{"order": "1", "amount": "-1"}', '{"order": "1", "amount": "1,5"}', '{"order": "1", "amount": NaN}',
        '{"order": "1", "amount": 1e400}', '{"order": "1", "amount": 1e12}', '{"order": "1", "amount": []}',
        '{"order": "1", "amount": "1", "paid": "perhaps"}', '{"order": "1", "amount": "1", "currency": "yuan"}',
        '{"order": "1", "amount": "1", "at": "2026-11-22T20:00:00"}', '{"order": "1", "refund": true}',
        '{"order": "1.23457E+17", "amount": "1"}', '{"item": "3"}', '{"item": "a b", "stock": 1}',
        '{"item": "3号", "stock": 1}', '{"item": "12345678901234567", "stock": 1}', '{"item": "3", "stock": -1}',
        '{"item": "3", "stock": 1.5}', '{"item": "3", "stock": true}', '{"item": "3", "listed": "yes"}',
        '{"item": "3", "price": "free"}', '{"feed": "others"}', '{"feed": ["items"]}',
    ],
)  # fmt: skip
def test_a_line_that_is_none_of_these_is_set_aside(line: str) -> None:
    """Also an order number that Excel has rounded: several orders would be one."""
    assert read(line) == [None]


@pytest.mark.parametrize(
    ("text", "amount"), [("¥1,299.00", "1299"), ("￥１９９", "199"), (" 199.5元", "199.5"), ("0", "0")]
)
def test_money_is_read_as_shops_write_it(text: str, amount: str) -> None:
    """With the mark of the currency, thousands and full-width digits."""
    assert money(text) == Decimal(amount)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_table_of_orders_as_excel_saves_it(encoding: str) -> None:
    """In its encodings; a shop's own columns are left alone, numbers kept from rounding are read."""
    text = (
        "订单编号,商品,实付金额,订单状态,退款金额,下单时间\r\n"
        '\'690000000000000001,"蓝色, 大号","¥1,299.00",已支付,,2026-11-22T20:00:00+08:00\r\n'
        "\t690000000000000002,红色,99,支付失败,,\r\n"
        '="690000000000000003",红色,99,已完成,20,\r\n'
        "690000000000000004,红色,99,待支付,,\r\n"
        ",,,,,\r\n"
        "690000000000000005,红色,99,不知道,,\r\n"
    )
    assert table(text, encoding) == [
        Order("690000000000000001", Decimal(1299), None, True, Decimal(0), EIGHT),
        Order("690000000000000002", Decimal(99), paid=False),
        Order("690000000000000003", Decimal(99), refund=Decimal(20)),
        Order("690000000000000004", Decimal(99), paid=None),
        None,
    ]


def test_a_table_of_items_by_semicolons() -> None:
    """Excel takes the semicolon in some countries."""
    assert table("Item;Price;Planned price;Stock;On sale\n3;99;199;12;yes\n4;5;;0;下架\n") == [
        Item("3", Decimal(99), Decimal(199), 12, True),
        Item("4", Decimal(5), stock=0, listed=False),
    ]


@pytest.mark.parametrize(("head", "feed"), [("order,amount", "orders"), ("链接号,价格", "items")])
def test_a_table_without_a_row_says_that_the_feed_lives(head: str, feed: str) -> None:
    """Nobody bought anything, and somebody looked."""
    assert table(head + "\r\n") == [Alive("orders" if feed == "orders" else "items")]


@pytest.mark.parametrize("at", ["2026-11-22 20:00:05", "2026/11/22 20:00:05", "2026-11-22T20:00:05"])
def test_a_time_of_a_table_is_one_of_this_machine(at: str) -> None:
    """Tables have no offset."""
    (order,) = table(f"order,amount,time\n1,5,{at}\n")
    assert order.at == datetime(2026, 11, 22, 20, 0, 5).astimezone().timestamp()


def test_what_stands_for_no_time_sets_its_row_aside() -> None:
    """It is not taken for now."""
    assert table("order,amount,time\n1,5,tonight\n2,5,0001-01-01 00:00\n") == [None, None]


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"amount,price\n1,2\n", b"order,order\n1,2\n", b"\xff\xfe\x00\xd8", b"\x81"]
)
def test_another_table_is_refused_whole(body: bytes) -> None:
    """The sender is told which column it needs, instead of a count of rejected lines."""
    with pytest.raises(NotLines):
        table_values(body)


def test_a_row_is_read_when_it_is_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not all of a table at once: probes wait meanwhile."""
    read_times = list[str]()
    monkeypatch.setattr(commerce_csv, "_at", lambda text: read_times.append(text) or text)
    rows = iter(table_values(b"order,amount,at\n1,5,a\n2,5,b\n"))
    assert (next(rows)["at"], read_times) == ("a", ["a"])
