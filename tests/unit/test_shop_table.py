"""A shop's table is read row by row; what cannot be read is named with its place and its cure."""

from zoneinfo import ZoneInfo

import pytest

from streamwatch import shop_table
from streamwatch.shop_table import ShopTable, read_shop_table
from streamwatch_exporters import commerce_csv
from streamwatch_exporters.commerce_lines import lines_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
ORDERS = (
    "订单编号,商品,实付金额,订单状态,退款金额,下单时间,币种\r\n"
    '\'690000000000000001,"蓝色, 大号","¥1,299.00",已支付,,2026/11/22 20:00:05,\r\n'
    "690000000000000002,红色,99,支付失败,,2026-11-22 20:01,usd\r\n"
    "\t690000000000000003,红色,99,待支付,20元,,\r\n"
)


def read(text: str, encoding: str = "utf-8-sig") -> ShopTable:
    return read_shop_table("orders.csv", text.encode(encoding), SHANGHAI)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_orders_are_read_as_the_intake_takes_them(encoding: str) -> None:
    """Plain amounts, states, and times of the team's zone with their offset."""
    table = read(ORDERS, encoding)
    assert table.mistakes == []
    assert table.kind == "orders"
    assert table.rows == [
        {"order": "690000000000000001", "amount": "1299.00", "paid": True, "at": "2026-11-22T12:00:05+00:00"},
        {"order": "690000000000000002", "amount": "99", "paid": False, "at": "2026-11-22T12:01:00+00:00",
         "currency": "USD"},
        {"order": "690000000000000003", "amount": "99", "paid": None, "refund": "20"},
    ]  # fmt: skip


def test_items_are_read() -> None:
    """With what is known of each."""
    table = read("链接号;价格;计划价;库存;上架\n3;99;199;12;是\n4;5;;0;下架\n")
    assert (table.kind, table.mistakes) == ("items", [])
    assert table.rows == [
        {"item": "3", "price": "99", "planned_price": "199", "stock": 12, "listed": True},
        {"item": "4", "price": "5", "stock": 0, "listed": False},
    ]


@pytest.mark.parametrize(
    ("row", "column", "cure"),
    [
        ("1.23457E+17,99,,", 1, "export the column as text"),
        (",99,,", 1, "no number of the order"),
        ("1,,,", 1, "needs its amount"),
        ("1,free,,", 3, "'free' is no amount; write it as 199.00"),
        ('1,"1,5",,', 3, "'1,5' is no amount"),
        ("1,99,perhaps,", 6, "write paid, failed, unpaid or refunded"),
        ("1,99,,tonight", 7, "'tonight' is no time"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(row: str, column: int, cure: str) -> None:
    """The other rows are read all the same."""
    table = read(f"order,amount,paid,at\n2,5,yes,\n{row}\n3,5,,\n")
    assert [each["order"] for each in table.rows] == ["2", "3"]
    (mistake,) = table.mistakes
    assert (mistake.file, mistake.line, cure in mistake.text) == ("orders.csv", 3, True)
    assert mistake.column == column


@pytest.mark.parametrize(
    ("row", "cure"),
    [
        ("3号,5,1", "short number"),
        ("3,5,many", "whole number"),
        ("3,,", "no price, no stock"),
        (",5,1", "no number"),
    ],
)
def test_what_is_no_item_is_named(row: str, cure: str) -> None:
    """An item's number becomes a label."""
    (mistake,) = read(f"item,price,stock\n{row}\n").mistakes
    assert cure in mistake.text


@pytest.mark.parametrize("text", ["", "hello", "order,price\n1,2\n", "amount\n5\n", "order,order,amount\n1,2,3\n"])
def test_another_table_is_one_mistake(text: str) -> None:
    """Of its first line, and no row is read."""
    table = read(text)
    assert (len(table.mistakes), table.rows) == (1, [])


def test_bytes_that_are_no_text_are_a_mistake() -> None:
    """An .xlsx that was only renamed."""
    (mistake,) = read_shop_table("orders.csv", b"PK\x03\x04\xff\xff\xff\x81", SHANGHAI).mistakes
    assert "CSV" in mistake.text_zh


def test_both_distributions_know_the_same_words() -> None:
    """What the exporter reads when it is posted as it is, and what the command reads."""
    assert commerce_csv.COLUMNS == shop_table.COLUMNS
    assert (commerce_csv.YES, commerce_csv.NO) == (shop_table.YES, shop_table.NO)
    assert (commerce_csv.UNPAID, commerce_csv.REFUNDED) == (shop_table.UNPAID, shop_table.REFUNDED)


STATES = {
    True: "交易成功 待发货 已发货 已完成 paid shipped completed 买家已付款，等待卖家发货",
    None: "待付款 已关闭 交易关闭 等待买家付款 unpaid closed cancelled",
    False: "支付失败 failed",
}


@pytest.mark.parametrize(
    ("paid", "state"), [(paid, each) for paid, text in STATES.items() for each in text.split()]
)
def test_states_of_shops_are_understood_by_both(paid: bool | None, state: str) -> None:
    """As Taobao, Douyin and Youzan export them; a closed one is neither paid nor failed."""
    text = f"订单号,金额,订单状态\n1,99,{state}\n"
    said = [{"order": "1", "amount": "99", "paid": paid}]
    assert (read(text).rows, list(commerce_csv.table_values(text.encode()))) == (said, said)


@pytest.mark.parametrize("state", ["退款成功", "已退款", "Refunded"])
@pytest.mark.parametrize(("column", "refund"), [("", True), ("20", "20")])
def test_one_that_was_given_back_was_paid(state: str, column: str, refund: bool | str) -> None:
    """All of it, unless the row says how much; without an amount nobody knows how much all is."""
    text = f"订单号,金额,订单状态,退款金额\n1,99,{state},{column}\n"
    said = [{"order": "1", "amount": "99", "paid": True, "refund": refund}]
    assert (read(text).rows, list(commerce_csv.table_values(text.encode()))) == (said, said)
    (mistake,) = read(f"order,amount,status\n1,,{state}\n").mistakes
    assert "needs its amount" in mistake.text


@pytest.mark.parametrize("row", ["1,1,299.00,已支付,2026-11-22 20:00,CNY", "1,1,299.00,已支付,2026-11-22 20:00,"])
def test_a_row_with_a_cell_too_many_is_one_mistake(row: str) -> None:
    """By the comma of an amount: what it was moved to says nothing. The next row is read."""
    table = read(f"order,amount,paid,at,currency\n{row}\n2,5,yes,,\n")
    (mistake,) = table.mistakes
    assert (mistake.line, '"1,299.00"' in mistake.text, '"1,299.00"' in mistake.text_zh) == (2, True, True)
    assert [each["order"] for each in table.rows] == ["2"]
    taken = list(lines_of(commerce_csv.table_values(f"order,amount,paid,at,currency\n{row}\n".encode())))
    assert taken == [None]


def test_empty_cells_beyond_the_heading_are_no_mistake() -> None:
    """Some shops end each row with a comma."""
    table = read("order,amount\n1,5,\n2,6,,\n")
    assert (table.mistakes, len(table.rows)) == ([], 2)
