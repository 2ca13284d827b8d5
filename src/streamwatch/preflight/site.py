"""What a show stands on: room for its recording, certificates, power. Pure."""

from datetime import timedelta

from streamwatch.language import Text
from streamwatch.preflight.check import Result, absent, bad, good, unknown
from streamwatch.preflight.line import USUAL_RATE
from streamwatch.preflight.question import Answers, Check, Plan, listed, on_way, set_up
from streamwatch.vocabulary import lasting

SPARE = 1.5  # times what the show will need
LEAST = 5 * 2**30  # bytes: RecordingDiskFilling
LAST_DAYS = timedelta(days=2).total_seconds()  # CertificateLastDays
NEAR = timedelta(days=14).total_seconds()
AFTER_SHOW = timedelta(hours=2)
CHARGED = 0.9  # UpsNotCharged


def disk(found: Answers, plan: Plan) -> Result:
    hosts = found.labels("set_up", "host")
    free = {each.labels.get("host") or "OBS": each.value for each in (*found["free"], *found["obs"])}
    if not hosts and not free:
        return absent("streams.yml 没有写 disk，也没有 OBS", "streams.yml names no disk, and there is no OBS")
    if silent := [host for host in hosts if host not in free]:
        return unknown(
            Text(f"录制盘读不到：{listed(silent)}", f"the disk of {listed(silent)} cannot be read"),
            Text("盘插好、挂载了吗？目录写对了吗？", "is it plugged in and mounted, and the folder right?"),
        )
    rate = found.value("growth") or found.value("bytes") or USUAL_RATE
    needed = max(LEAST, SPARE * rate * plan.seconds_left)
    short = [f"{host} {_gigabytes(each)}" for host, each in free.items() if each < needed]
    if short:
        return bad(
            Text(
                f"剩余 {listed(short)}，这场约需 {_gigabytes(needed)}",
                f"free: {listed(short)}; about {_gigabytes(needed)} needed",
            ),
            Text("移走旧录像，或换一块盘", "move old recordings away, or change the disk"),
        )
    least = _gigabytes(min(free.values()))
    return good(f"剩余 {least}，约需 {_gigabytes(needed)}", f"{least} free, about {_gigabytes(needed)} needed")


def certificates(found: Answers, plan: Plan) -> Result:
    hosts = found.labels("set_up", "host")
    if not hosts:
        return absent("streams.yml 没有写 tls", "streams.yml names no tls")
    left = {each.labels["host"]: each.value for each in found["left"]}
    if silent := [host for host in hosts if host not in left]:
        return unknown(
            Text(f"证书读不到：{listed(silent)}", f"the certificate of {listed(silent)} cannot be read"),
            Text("地址通吗？服务器开着 TLS 吗？", "is it reached, and does it speak TLS?"),
        )
    needed = max(LAST_DAYS, (plan.ends + AFTER_SHOW - plan.at).total_seconds())
    if ending := [host for host in hosts if left[host] < needed]:
        return bad(
            Text(
                f"证书两天内或播完之前到期：{listed(ending)}",
                f"end within two days or before the show does: {listed(ending)}",
            ),
            Text("现在续期，并重新加载服务器", "renew it now, and reload the server"),
        )
    first = lasting(min(left.values()))
    near = Text("，请尽快续期", "; renew soon") if min(left.values()) < NEAR else Text("", "")
    return good(f"最早的还有 {first.zh}{near.zh}", f"the first ends in {first.en}{near.en}")


def power(found: Answers, _plan: Plan) -> Result:
    hosts = found.labels("set_up", "host")
    if not hosts:
        return absent("streams.yml 没有写 UPS", "streams.yml names no UPS")
    if silent := [host for host in hosts if host not in found.labels("battery", "host")]:
        return unknown(
            Text(f"UPS {listed(silent)} 不回答", f"UPS {listed(silent)} does not answer"),
            Text("检查 UPS 的网络卡和 SNMP 共同体名", "check its network card and the SNMP community"),
        )
    if on := [each.labels["host"] for each in found["battery"] if each.value]:
        return bad(
            Text(f"正在用电池：{listed(on)}", f"on battery: {listed(on)}"),
            Text("检查市电和插座；没有恢复不要开播", "check mains and plugs; do not start before it is back"),
        )
    if low := [f"{each.labels['host']} {each.value:.0%}" for each in found["charge"] if each.value < CHARGED]:
        return bad(
            Text(f"电池没有充满：{listed(low)}", f"not charged: {listed(low)}"),
            Text("等它充到 90% 以上，或减少负载", "wait until it is over 90%, or take load off"),
        )
    if silent := [host for host in hosts if host not in found.labels("charge", "host")]:
        return unknown(
            Text(f"UPS {listed(silent)} 不说电量", f"UPS {listed(silent)} does not tell its charge"),
            Text("看 UPS 面板上的电量", "look at the charge on its panel"),
        )
    return good("市电供电，电池充足", "on mains, battery charged")


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size < 1e12 else f"{size / 1e12:.1f} TB"


SITE = (
    Check(
        "disk",
        {
            "set_up": on_way(set_up('probe="disk"')),
            "free": on_way("streamwatch_disk_free_bytes", "host"),
            "obs": "min(obs_disk_available_bytes{stream=$stream})",
            "growth": f"max({on_way('streamwatch_recording_growth_bytes_per_second', 'host')}) > 0",
            "bytes": "max(rate(streamwatch_ingest_received_bytes_total{stream=$stream}[1m])) > 0",
        },
        disk,
    ),
    Check(
        "certificates",
        {
            "set_up": on_way(set_up('probe="tls"')),
            "left": f"({on_way('streamwatch_tls_cert_expiry_timestamp_seconds', 'host')}) - time()",
        },
        certificates,
    ),
    Check(
        "power",
        {
            # One that was off for hours is no UPS that nobody set up.
            "set_up": on_way("last_over_time(streamwatch_ups_on_battery[1d])", "host"),
            "battery": on_way("streamwatch_ups_on_battery", "host"),
            "charge": on_way("streamwatch_ups_charge_ratio", "host"),
        },
        power,
    ),
)
