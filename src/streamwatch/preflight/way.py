"""From the encoder to the player: does it arrive? Pure."""

from streamwatch.language import Text
from streamwatch.preflight.check import Result, absent, bad, good, unknown
from streamwatch.preflight.question import Answers, Check, Plan, listed, on_way, set_up

LOSS = 0.01  # more of the echoes lost in five minutes is no line for a show
STALLED = 3.0  # of its target duration a playlist stands still: PlaybackStalled says so too
_PLAYERS = 'stream=$stream, probe=~"hls|dash|flv|rtmp|srt"'
_UP = '$hosts and on (host) streamwatch_host_info{place=~"gateway|provider|ingest"}'
_PING = 'probe="ping"'


def encoder(found: Answers, _plan: Plan) -> Result:
    up, streams = found.value("up"), found.value("streaming")
    if not found["set_up"]:
        return absent("streams.yml 没有写 obs", "streams.yml names no obs")
    if up is None:
        return unknown(
            Text("OBS 的状态没有数值", "there is no value of OBS"),
            Text("看采集器是否在运行：streamwatch status", "is the exporter running? streamwatch status"),
        )
    if not up:
        return bad(
            Text("连不上 OBS", "OBS does not answer"),
            Text(
                "打开 OBS，在“工具 → WebSocket 服务器设置”里启用，并核对密码",
                "start OBS; enable Tools → WebSocket Server Settings and check the password",
            ),
        )
    if not streams:
        return bad(
            Text("OBS 开着，没有推流", "OBS is there and does not stream"),
            Text(
                "在 OBS 点“开始推流”；还不能公开时推到测试地址",
                "press Start Streaming in OBS; to a test address while the room is closed",
            ),
        )
    if found.value("reconnecting"):
        return bad(
            Text("OBS 正在重连服务器", "OBS is reconnecting to its server"),
            Text("检查推流地址和推流码，再检查网络", "check the address and the stream key, then the network"),
        )
    return good("OBS 正在推流", "OBS is streaming")


def ingest(found: Answers, _plan: Plan) -> Result:
    publishing, rate = found.value("publishing"), found.value("bytes")
    down = found.labels("down", "server")
    if publishing is None and not found["known"] and not down:
        return absent("streams.yml 没有写它的推流服务器", "streams.yml names no ingest server of it")
    if publishing is None:
        return unknown(
            Text(f"读不到推流服务器 {listed(down)}", f"the ingest server {listed(down)} cannot be read"),
            Text(
                "检查服务器是否在运行、统计页地址是否正确",
                "is the server running, and its statistics address right?",
            ),
        )
    if not publishing:
        return bad(
            Text("服务器上没有推流", "nobody publishes to the server"),
            Text(
                "让编码器开始推流；地址和推流码与平台一致吗？",
                "start the encoder; are address and stream key the server's?",
            ),
        )
    if rate == 0:
        return bad(
            Text("推流连着，30 秒没有收到数据", "a publisher is connected and sent nothing for 30 s"),
            Text(
                "重启编码器的推流；再看上行网络", "stop and start streaming in the encoder; then look at the uplink"
            ),
        )
    much = (
        Text("", "") if rate is None else Text(f"，{rate * 8 / 1e6:.1f} Mbit/s", f", {rate * 8 / 1e6:.1f} Mbit/s")
    )
    return good(f"正在推流{much.zh}", f"publishing{much.en}")


def uplink(found: Answers, _plan: Plan) -> Result:
    hosts = found.labels("set_up", "host")
    if not hosts:
        return absent(
            "streams.yml 没有写网关、运营商或接入的 ping", "streams.yml pings no gateway, provider or ingest"
        )
    down = sorted({each.labels["host"] for each in found["up"] if not each.value})
    if down:
        return bad(
            Text(f"ping 不通：{listed(down)}", f"no answer from {listed(down)}"),
            Text(
                "检查网线、路由器和运营商；备用线路切一次试试",
                "check cable, router and provider; try the backup line once",
            ),
        )
    silent = [host for host in hosts if host not in found.labels("loss", "host")]
    if silent:
        return unknown(
            Text(f"丢包率没有数值：{listed(silent)}", f"the loss is not known of {listed(silent)}"),
            Text(
                "采集器刚启动时等一分钟；否则看采集器日志",
                "a minute after its start the exporter knows; else see its log",
            ),
        )
    lossy = [f"{each.labels['host']} {each.value:.1%}" for each in found["loss"] if each.value > LOSS]
    if lossy:
        return bad(
            Text(f"5 分钟丢包 {listed(lossy)}，应低于 1%", f"lost in 5 min: {listed(lossy)}; should be under 1%"),
            Text(
                "改用有线，停掉同一网络的下载；不行就换线路",
                "use a cable, stop downloads on this line, else change the line",
            ),
        )
    slow = max((each.value for each in found["rtt"]), default=None)
    much = (
        Text("", "")
        if slow is None
        else Text(f"，往返 {slow * 1000:.0f} ms", f", {slow * 1000:.0f} ms there and back")
    )
    return good(f"{listed(hosts)} 畅通，丢包低于 1%{much.zh}", f"{listed(hosts)} answer, loss under 1%{much.en}")


def playback(found: Answers, _plan: Plan) -> Result:
    probes = found.labels("set_up", "probe")
    if not probes:
        return absent("streams.yml 没有写播放地址", "streams.yml names no address that viewers play")
    up = {each.labels["probe"]: each.value for each in found["up"]}
    if silent := [probe for probe in probes if probe not in up]:
        return unknown(
            Text(f"还没有看过：{listed(silent)}", f"not looked at yet: {listed(silent)}"),
            Text(
                "采集器刚启动时等几秒；否则看采集器日志",
                "seconds after its start the exporter knows; else see its log",
            ),
        )
    if down := [probe for probe in probes if not up[probe]]:
        return bad(
            Text(f"播放地址打不开：{listed(down)}", f"cannot be played: {listed(down)}"),
            Text("先看推流接入；再用手机打开播放地址", "look at ingest first; then open the address on a phone"),
        )
    stall = found.value("stall")
    if stall is not None and stall > STALLED:
        return bad(
            Text("播放列表停住了", "the playlist stands still"),
            Text(
                "源站或 CDN 没有更新：重启源站的切片，或换线路",
                "origin or CDN do not go on: restart the packager or change the line",
            ),
        )
    if lost := found.labels("copies", "cdn"):
        return bad(
            Text(f"线路读不到：{listed(lost)}", f"copies that cannot be read: {listed(lost)}"),
            Text("联系该 CDN，或从调度里去掉这条线路", "call this CDN, or take the line out of use"),
        )
    return good(f"能播放（{listed(probes)}）", f"plays ({listed(probes)})")


WAY = (
    Check(
        "encoder",
        {
            "set_up": set_up('stream=$stream, probe="obs"'),
            "up": "max(obs_up{stream=$stream})",
            "streaming": "max(obs_streaming{stream=$stream})",
            "reconnecting": "max(obs_output_reconnecting{stream=$stream})",
        },
        encoder,
    ),
    Check(
        "uplink",
        {
            "set_up": f"({on_way(set_up(_PING))}) and on (host) ({_UP})",
            "up": f"({on_way(f'streamwatch_probe_up{{{_PING}}}')}) and on (host) ({_UP})",
            "loss": "(sum by (host) (rate(streamwatch_ping_lost_total[5m])) / sum by (host) "
            f"(rate(smokeping_requests_total[5m]))) >= 0 and on (host) ({_UP})",
            "rtt": "(sum by (host) (rate(smokeping_response_duration_seconds_sum[5m])) / sum by (host) "
            f"(rate(smokeping_response_duration_seconds_count[5m]))) >= 0 and on (host) ({_UP})",
        },
        uplink,
    ),
    Check(
        "ingest",
        {
            "publishing": "max(streamwatch_ingest_publishing{stream=$stream})",
            "known": "last_over_time(streamwatch_ingest_publishing{stream=$stream}[1d])",
            "down": "streamwatch_ingest_server_up == 0",
            "bytes": "max(rate(streamwatch_ingest_received_bytes_total{stream=$stream}[30s]))",
        },
        ingest,
    ),
    Check(
        "playback",
        {
            "set_up": set_up(_PLAYERS),
            "up": f"min by (probe) (streamwatch_probe_up{{{_PLAYERS}}})",
            "stall": "max(streamwatch_hls_stall_ratio{stream=$stream})",
            "copies": "streamwatch_hls_cdn_up{stream=$stream} == 0",
        },
        playback,
    ),
)
