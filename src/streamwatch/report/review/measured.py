"""What Prometheus knows of a stream, as far as a review asks for it. Pure."""

from dataclasses import dataclass

from streamwatch.language import Text
from streamwatch.report.series import PEOPLE, SERIES, SHOP_IS_HEARD, Series
from streamwatch.report.table import Column

_OF_EXPORT = {series.key: series for series in SERIES}

# One for each minute, sender and category; two exporters that read one chat count it once.
COMPLAINTS = Series(
    "complaints",
    Text("抱怨次数", "Complaints"),
    Text("次", "complaints"),
    "average",
    0,
    "max by (category) (increase(streamwatch_chat_complaints_total{stream=$stream}[$rate]))",
    by="category",
)
AVERAGE = Series(
    "viewers_average",
    Text("平均在线", "Average viewers"),
    PEOPLE,
    "average",
    0,
    "sum(max by (platform) (avg_over_time(streamwatch_viewers{stream=$stream}[$step])))",
)


def _grown(key: str, name: Text, counter: str, by: str | None = None) -> Series:
    """What a sum of the shop grew by; two exporters that are told the same count it once."""
    grown = f"increase(streamwatch_{counter}_total{{stream=$stream}}[$rate])"
    query = f"max by ({by}) ({grown})" if by else f"max({grown})"
    return Series(key, name, Text("", ""), "average", 2, query + SHOP_IS_HEARD, by)


ORDERS = _grown("orders", Text("订单", "Orders"), "orders")
FAILED = _grown("payments_failed", Text("支付失败", "Failed payments"), "payments_failed")
REFUNDS = _grown("refunds", Text("退款", "Refunds"), "refunds")
TURNOVER = _grown("turnover", Text("成交额", "Turnover"), "order_amount", "currency")
REFUNDED = _grown("refunded", Text("退款金额", "Given back"), "refund_amount", "currency")
USERS = _OF_EXPORT["complaining_users"]
ASKED = (
    _OF_EXPORT["publishing"],
    _OF_EXPORT["viewers"],
    AVERAGE,
    COMPLAINTS,
    USERS,
    ORDERS,
    FAILED,
    REFUNDS,
    TURNOVER,
    REFUNDED,
)
CHAT, BITRATE = _OF_EXPORT["chat_messages_per_minute"], _OF_EXPORT["received_bytes_per_second"]
ORDERS_A_MINUTE = _OF_EXPORT["orders_per_minute"]
BY_THE_MINUTE = (CHAT, BITRATE, ORDERS_A_MINUTE)  # asked for one session more


@dataclass(frozen=True)
class Measured:
    """The columns of one stream; a series that nobody measured has none, or one without values."""

    columns: tuple[Column, ...] = ()

    def one(self, key: str) -> Column | None:
        """The column, if it has any value."""
        return next((each for each in self.columns if each.key == key and each.known), None)

    def by_category(self, series: Series) -> dict[str, Column]:
        begins = f"{series.key}_"
        found = {each.key.removeprefix(begins): each for each in self.columns if each.key.startswith(begins)}
        return {category: column for category, column in found.items() if category and column.known}

    @property
    def seen(self) -> bool:
        return any(column.known for column in self.columns)
