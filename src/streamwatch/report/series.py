"""What is exported: a fixed list. Each series says what it is called, its unit, its PromQL, how it is summed up.

Each value speaks for its whole step, not for the instant at its end: an interruption of twenty seconds must show
in a row of sixty. Where two exporters watch one stream, their values are folded into one before they are added.
"""

import json
from dataclasses import dataclass
from string import Template
from typing import Literal

from streamwatch.language import Text

Summary = Literal["average", "max", "min"]

RATE_WINDOW = 60  # seconds; a counter needs two samples, also where it is scraped every fifteen seconds

PEOPLE = Text("人", "people")
SECONDS = Text("秒", "s")
RATIO = Text("比值", "ratio")
# Sums of a shop stand at 0 before anybody tells them: what its feed did not tell is not known.
SHOP_IS_HEARD = (
    ' and on () max(max_over_time(streamwatch_commerce_connected{stream=$stream,feed="orders"}[$step])) == 1'
)


@dataclass(frozen=True)
class Series:
    """*query* names `$stream`, `$step` and `$rate`; *by* is the label each value of which has its own column."""

    key: str
    name: Text
    unit: Text
    summary: Summary
    digits: int  # behind the point, in CSV; JSON keeps everything
    query: str
    by: str | None = None

    def promql(self, stream: str, step: int) -> str:
        """The query for *stream* with values of *step* seconds each."""
        return Template(self.query).substitute(
            stream=quoted(stream), step=f"{step}s", rate=f"{max(step, RATE_WINDOW)}s"
        )


def quoted(text: str) -> str:
    """A PromQL string literal; its escapes are Go's, and JSON's are among them (prometheus.io, Basics)."""
    return json.dumps(text, ensure_ascii=False)


SERIES = (
    Series(
        "publishing",
        Text("推流中（占时比）", "Publishing (share of time)"),
        RATIO,
        "average",
        3,
        "max(avg_over_time(streamwatch_ingest_publishing{stream=$stream}[$step]))",
    ),
    Series(
        "received_bytes_per_second",
        Text("收到的码率", "Received bitrate"),
        Text("字节/秒", "bytes/s"),
        "average",
        0,
        "sum(max by (server, app) (rate(streamwatch_ingest_received_bytes_total{stream=$stream}[$rate])))",
    ),
    Series(
        "playlist_age_seconds",
        Text("播放列表停更", "Playlist age"),
        SECONDS,
        "max",
        1,
        "max(max_over_time(streamwatch_hls_playlist_age_seconds{stream=$stream}[$step]))",
    ),
    Series(
        "stall_ratio",
        Text("停更比（各档最高）", "Stall ratio (worst variant)"),
        RATIO,
        "max",
        2,
        "max(max_over_time(streamwatch_hls_stall_ratio{stream=$stream}[$step]))",
    ),
    Series(
        "download_ratio",
        Text("下载耗时比（各档最高）", "Download ratio (worst variant)"),
        RATIO,
        "max",
        3,
        "max(max_over_time(streamwatch_hls_download_ratio{stream=$stream}[$step]))",
    ),
    Series(
        "ingest_readers",
        Text("接入端观看数", "Ingest readers"),
        Text("个", "connections"),
        "max",
        0,
        "sum(max by (server, app) (max_over_time(streamwatch_ingest_readers{stream=$stream}[$step])))",
    ),
    Series(
        "viewers",
        Text("在线人数", "Viewers"),
        PEOPLE,
        "max",
        0,
        "sum(max by (platform) (max_over_time(streamwatch_viewers{stream=$stream}[$step])))",
    ),
    Series(
        "chat_messages_per_minute",
        Text("弹幕", "Chat messages"),
        Text("条/分钟", "per minute"),
        "average",
        1,
        "60 * sum(max by (platform) (rate(streamwatch_chat_messages_total{stream=$stream}[$rate])))",
    ),
    Series(
        "chatters",
        Text("发言人数", "Chatters"),
        PEOPLE,
        "max",
        0,
        'max(max_over_time(streamwatch_chat_unique_chatters{stream=$stream,window="1m"}[$step]))',
    ),
    Series(
        "complaining_users",
        Text("抱怨人数", "Complaining users"),
        PEOPLE,
        "max",
        0,
        'max by (category) (max_over_time(streamwatch_chat_complaining_users{stream=$stream,window="1m"}[$step]))',
        by="category",
    ),
    Series(
        "orders_per_minute",
        Text("已支付订单", "Paid orders"),
        Text("单/分钟", "per minute"),
        "average",
        2,
        "60 * max(rate(streamwatch_orders_total{stream=$stream}[$rate]))" + SHOP_IS_HEARD,
    ),
    Series(
        "turnover_per_minute",
        Text("成交额（未减退款）", "Turnover (gross)"),
        Text("金额/分钟", "amount per minute"),
        "average",
        2,
        "60 * max by (currency) (rate(streamwatch_order_amount_total{stream=$stream}[$rate]))" + SHOP_IS_HEARD,
        by="currency",
    ),
)
