"""How much the line takes, against what the show will need. Pure; `filling` has it measured."""

from typing import NamedTuple

from streamwatch.language import Text
from streamwatch.preflight.check import Result, absent, bad, good, unknown

SPARE = 1.5  # times what is sent: a line that is just wide enough drops frames
USUAL_RATE = 1_000_000.0  # bytes a second, 8 Mbit/s, where nothing comes in yet
NOT_ASKED = absent(
    "没有测；--throughput 主机 会占用线路几秒", "not measured; --throughput HOST fills the line for seconds"
)
ON_AIR = unknown(
    Text("正在直播，没有测", "on air: not measured"),
    Text("测试会抢走直播的带宽，在开播前测", "it would take the line from the show; measure before it"),
)


class Measured(NamedTuple):
    """*rate* in bytes a second, None when it could not be told; *why* is then the exporter's."""

    host: str
    rate: float | None
    direction: str = "upload"
    why: Text = Text("", "")


def width(measured: Measured, sent: float | None) -> Result:
    """*sent* is what comes in at ingest now, in bytes a second."""
    if measured.rate is None:
        return unknown(
            Text(f"{measured.host}：{measured.why.zh}", f"{measured.host}: {measured.why.en}"),
            Text(
                "streams.yml 的 hosts 里写 throughput，再试一次",
                "write throughput of a host into streams.yml, and try again",
            ),
        )
    needed = SPARE * (sent or USUAL_RATE)
    way = Text("上行", "up") if measured.direction == "upload" else Text("下行", "down")
    said = Text(
        f"{way.zh} {_megabits(measured.rate)}，需要 {_megabits(needed)}",
        f"{_megabits(measured.rate)} {way.en}, {_megabits(needed)} needed",
    )
    if measured.rate < needed:
        return bad(
            said,
            Text(
                "停掉同一网络的其他上传，降低码率，或换线路",
                "stop other uploads, lower the bitrate, or change the line",
            ),
        )
    return good(*said)


def _megabits(rate: float) -> str:
    return f"{rate * 8 / 1e6:.1f} Mbit/s"
