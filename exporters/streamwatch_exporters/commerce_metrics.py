"""The metrics of shops: `streamwatch_order*`, `streamwatch_item_*`, …, computed when the page is made."""

from collections.abc import Iterator
from typing import get_args

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from streamwatch_exporters.clock import Clock
from streamwatch_exporters.commerce import Dropped, Shop

_STREAM, _CURRENCY, _ITEM = ["stream"], ["stream", "currency"], ["stream", "item"]


class CommerceMetrics(Collector):
    """Renders what the `shops` told. Of a feed that is not connected there is nothing to be known but sums."""

    def __init__(self, shops: dict[str, Shop], clock: Clock) -> None:
        self._shops, self._clock = shops, clock

    def collect(self) -> Iterator[Metric]:
        shops = list(self._shops.items())
        now = self._clock.steady()
        yield from _feeds(shops, now)
        yield from _counted(shops)
        yield from _sums(shops)
        yield from _items(shops, now)


def _feeds(shops: list[tuple[str, Shop]], now: float) -> Iterator[Metric]:
    connected = GaugeMetricFamily(
        "streamwatch_commerce_connected",
        "1 the shop's feed delivered within its allowed silence. 1 订单或商品数据在更新",
        labels=["stream", "feed"],
    )
    age = GaugeMetricFamily(
        "streamwatch_order_last_age_seconds", "Since the last paid order. 距上一笔订单", labels=_STREAM
    )
    for stream, shop in shops:
        for feed in sorted(shop.heard):
            connected.add_metric([stream, feed], float(shop.connected(feed, now)))
        if shop.last_order is not None and shop.connected("orders", now):
            age.add_metric([stream], max(0.0, now - shop.last_order))
    yield from (connected, age)


def _counted(shops: list[tuple[str, Shop]]) -> Iterator[Metric]:
    orders = CounterMetricFamily(
        "streamwatch_orders", "Paid orders, each id once. 已支付订单数（去重后）", labels=_STREAM
    )
    failed = CounterMetricFamily(
        "streamwatch_payments_failed", "Orders whose payment failed, each once. 支付失败的订单数", labels=_STREAM
    )
    refunds = CounterMetricFamily("streamwatch_refunds", "Orders given back. 退款订单数", labels=_STREAM)
    late = CounterMetricFamily(
        "streamwatch_orders_late", "Orders of the past, not counted as now. 补报的旧订单，不计入", labels=_STREAM
    )
    dropped = CounterMetricFamily(
        "streamwatch_commerce_dropped",
        "Forgotten because memory is bounded. 因内存上限被忘记",
        labels=["stream", "reason"],
    )
    reasons: tuple[Dropped, ...] = get_args(Dropped)
    for stream, shop in shops:
        orders.add_metric([stream], shop.orders)
        failed.add_metric([stream], shop.failed)
        refunds.add_metric([stream], shop.refunds)
        late.add_metric([stream], shop.late)
        for reason in reasons:
            dropped.add_metric([stream, reason], shop.dropped[reason])
    yield from (orders, failed, refunds, late, dropped)


def _sums(shops: list[tuple[str, Shop]]) -> Iterator[Metric]:
    amount = CounterMetricFamily(
        "streamwatch_order_amount", "Turnover before refunds. 成交额（未减退款）", labels=_CURRENCY
    )
    refunded = CounterMetricFamily("streamwatch_refund_amount", "Given back. 退款金额", labels=_CURRENCY)
    for stream, shop in shops:
        for family, sums in ((amount, shop.amounts), (refunded, shop.refunded)):
            for currency in sorted({shop.settings.currency, *list(sums)}):
                family.add_metric([stream, currency], float(sums.get(currency, 0)))
    yield from (amount, refunded)


def _items(shops: list[tuple[str, Shop]], now: float) -> Iterator[Metric]:
    price = GaugeMetricFamily("streamwatch_item_price", "What it costs now. 现价", labels=_ITEM)
    planned = GaugeMetricFamily("streamwatch_item_planned_price", "What it should cost. 计划价", labels=_ITEM)
    stock = GaugeMetricFamily("streamwatch_item_stock", "Pieces left. 剩余库存", labels=_ITEM)
    listed = GaugeMetricFamily("streamwatch_item_listed", "1 on sale, 0 taken off. 1 上架，0 下架", labels=_ITEM)
    for stream, shop in shops:
        for id_, should in sorted(shop.planned().items()):
            planned.add_metric([stream, id_], float(should))
        for id_, item in sorted(shop.items.items()):
            if not shop.is_told(id_, now):
                continue
            for family, value in ((price, item.price), (stock, item.stock), (listed, item.listed)):
                if value is not None:
                    family.add_metric([stream, id_], float(value))
    yield from (price, planned, stock, listed)
