"""Orders and items posted over HTTP become sums and prices; who ordered what is shown nowhere."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from servers.exporter import running_exporter
from servers.hand_clock import HandClock
from servers.receiver import write_config as write_duty
from streamwatch.cli import commerce, group

CONFIG = 'streams: [{id: demo, commerce: {items: [{item: "3", planned_price: "199.00"}]}}, {id: other, chat: {}}]'
PATH = "/api/v1/commerce/demo"
TABLE = "订单编号,实付金额,订单状态\r\n'6901,\"1,299.00\",已支付\r\n'6902,99,支付失败\r\n'6903,free,已支付\r\n"


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy may take longer than people like to wait."""
    monkeypatch.setattr(commerce, "TIMEOUT", 60.0)


async def test_an_evening_of_orders(tmp_path: Path) -> None:
    """Two paid, one of which is given back, one that failed; the wrong price of an item beside the planned one."""
    orders = [
        {"order": "secret-1", "amount": "199.00"},
        {"order": "secret-2", "amount": 99.5, "refund": True},
        {"order": "secret-3", "amount": "199.00", "paid": False},
        {"order": "secret-4", "amount": "many"},
    ]
    async with running_exporter(tmp_path, CONFIG) as exporter:
        answer = await exporter.post(PATH, json.dumps(orders).encode())
        assert answer == (202, {"accepted": 3, "duplicates": 0, "rejected": 1, "late": 0})
        assert (await exporter.post(PATH, json.dumps(orders).encode()))[1]["duplicates"] == 3
        await exporter.post(PATH, b'{"item": "3", "price": "99.00", "stock": 12, "listed": true}')
        page = await exporter.page()
        assert page.value("streamwatch_orders_total", stream="demo") == 2
        assert page.value("streamwatch_order_amount_total", stream="demo", currency="CNY") == 298.5
        assert page.value("streamwatch_payments_failed_total", stream="demo") == 1
        assert page.value("streamwatch_refund_amount_total", stream="demo", currency="CNY") == 99.5
        assert page.value("streamwatch_item_price", stream="demo", item="3") == 99
        assert page.value("streamwatch_item_planned_price", stream="demo", item="3") == 199
        assert page.value("streamwatch_commerce_connected", stream="demo", feed="items") == 1
        assert page.values("streamwatch_orders_total", stream="other") == []
        assert "secret" not in page.text


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
async def test_a_table_of_excel_is_posted_as_it_is(tmp_path: Path, encoding: str) -> None:
    """`curl --data-binary @orders.csv -H 'Content-Type: text/csv'`, in either encoding."""
    async with running_exporter(tmp_path, CONFIG) as exporter:
        answer = await exporter.post(PATH, TABLE.encode(encoding), content_type="text/csv; charset=gbk")
        assert answer == (202, {"accepted": 2, "duplicates": 0, "rejected": 1, "late": 0})
        assert (await exporter.page()).value("streamwatch_order_amount_total", stream="demo") == 1299


async def test_a_reload_keeps_what_was_counted(tmp_path: Path) -> None:
    """Another planned price counts from now on, the sums go on; a shop that is taken out leaves nothing."""
    hand = HandClock()
    async with running_exporter(tmp_path, CONFIG, hand.clock) as exporter:
        await exporter.post(PATH, b'{"order": "1", "amount": "5"}')
        exporter.config.write_text("chat: {token_file: chat_token}\n" + CONFIG.replace("199.00", "189"))
        assert (await exporter.post("/-/reload"))[0] == 200
        page = await exporter.page()
        assert page.value("streamwatch_item_planned_price", stream="demo", item="3") == 189
        assert page.value("streamwatch_orders_total", stream="demo") == 1
        exporter.config.write_text("chat: {token_file: chat_token}\nstreams: [{id: demo, chat: {}}]")
        await exporter.post("/-/reload")
        assert (await exporter.page()).values("streamwatch_orders_total") == []


async def test_what_is_refused_says_why(tmp_path: Path) -> None:
    """No token, no such shop, no JSON, a table without a column that it needs, too much at once."""
    async with running_exporter(tmp_path, CONFIG) as exporter:
        assert (await exporter.post(PATH, b"{}", token=None))[0] == 401
        status, answer = await exporter.post("/api/v1/commerce/other", b"{}")
        assert (status, "commerce section" in answer["error"]) == (404, True)
        status, answer = await exporter.post(PATH, b"order,amount\n1,5\n")
        assert (status, "JSON" in answer["error"]) == (400, True)
        status, answer = await exporter.post(PATH, b"name,price\nx,5\n", content_type="text/csv")
        assert (status, "订单号" in answer["error"]) == (400, True)
        assert (await exporter.post(PATH, b" " * 1_100_000))[0] == 413
        assert (await exporter.page()).value("streamwatch_orders_total", stream="demo") == 0


async def posted(folder: Path, address: str, text: str, *more: str, stream: str = "demo") -> Result:
    """What `streamwatch commerce orders.csv` says, by a duty.yml that names this exporter."""
    part = {"url": address, "token_file": "../chat_token"}
    config = write_duty(folder / "duty", 1, "http://127.0.0.1:9/pages", exporter=part)
    table = folder / "orders.csv"
    table.write_text(text, encoding="gb18030")
    words = ["commerce", str(table), "--stream", stream, "--config", str(config), *more]
    return await asyncio.to_thread(CliRunner().invoke, group, words, env={"STREAMWATCH_LANG": "zh"})


async def test_a_person_posts_a_table(tmp_path: Path) -> None:
    """What can be read counts once; a row that cannot is named with its place, and the exit code is 1."""
    async with running_exporter(tmp_path, CONFIG) as exporter:
        said = await posted(tmp_path, exporter.address, TABLE)
        assert said.exit_code == 1
        assert "orders.csv:4:7: “free”不是金额，请写成 199.00" in said.output
        assert "3 行：新的 2（其中旧单 0，不算现在），重复 0，未收 1" in said.output
        told = json.loads((await posted(tmp_path, exporter.address, TABLE, "--json")).stdout)
        assert (told["ok"], told["accepted"], told["duplicates"], told["rejected"]) == (False, 0, 2, 1)
        assert [each["line"] for each in told["mistakes"]] == [4]
        empty = await posted(tmp_path, exporter.address, "链接号,价格\n")
        assert (empty.exit_code, "0 行：新的 0，重复 0，未收 0" in empty.output) == (
            0,
            True,
        )  # goods have no old orders
        page = await exporter.page()
        assert page.value("streamwatch_order_amount_total", stream="demo") == 1299
        assert page.value("streamwatch_commerce_connected", stream="demo", feed="items") == 1


async def test_a_person_is_told_what_is_missing(tmp_path: Path) -> None:
    """No shop of that stream, another table, and an exporter that is not there."""
    async with running_exporter(tmp_path, CONFIG) as exporter:
        said = await posted(tmp_path, exporter.address, TABLE, stream="other")
        assert "直播间“other”没有 commerce" in str(vars(said.exception))
        (tmp_path / "duty" / "streams.yml").write_text(CONFIG)  # the exporter's, beside duty.yml
        said = await posted(tmp_path, exporter.address, TABLE, stream="演示")
        assert "没有直播间“演示”；有：demo other" in str(vars(said.exception))
        said = await posted(tmp_path, exporter.address, TABLE, stream="other")
        assert "直播间“other”没有 commerce" in str(vars(said.exception))
        said = await posted(tmp_path, exporter.address, "name,price\nx,5\n")
        assert "第一行要有“订单号”和“金额”" in str(vars(said.exception))
        said = await posted(tmp_path, "http://127.0.0.1:9", TABLE)
        assert "streamwatch-exporter" in str(vars(said.exception))
