"""The words of the labels, as people say them in both languages. A label that is not listed stands for itself."""

import re
from collections.abc import Callable, Iterable, Mapping

from streamwatch.language import Text

HOPS = {
    "encoder": Text("编码", "encoder"),
    "uplink": Text("上行", "uplink"),
    "ingest": Text("接入", "ingest"),
    "playback": Text("播放", "playback"),
    "picture": Text("画面声音", "picture and sound"),
    "audience": Text("观众", "audience"),
    "shop": Text("店铺", "shop"),
    "site": Text("现场", "site"),
    "system": Text("后台系统", "servers"),
    "monitoring": Text("监控自身", "monitoring"),
}
ROLES = {
    "tech": Text("技术", "tech"),
    "ops": Text("运营", "ops"),
    "service": Text("客服", "service"),
    "planner": Text("策划", "planner"),
    "marketing": Text("营销", "marketing"),
    "data": Text("数据", "data"),
    "host": Text("主播", "host"),
}
PROCEDURES = {
    "stream_interruption": Text("直播中断", "stream interruption"),
    "viewer_complaints": Text("观众投诉", "viewer complaints"),
    "content_violation": Text("内容违规", "content violation"),
    "commerce": Text("店铺交易", "orders and prices"),
    "sudden_situation": Text("突发情况", "sudden situation"),
    "preparation": Text("开播准备", "preparation"),
    "infrastructure": Text("网络与基础设施", "network and infrastructure"),
    "monitoring": Text("监控自身", "monitoring itself"),
    "other": Text("其他", "something else"),  # what a person reports that no procedure is for
}
CATEGORIES = {
    "lag": Text("卡顿", "lag"),
    "video": Text("画面", "picture"),
    "audio": Text("声音", "sound"),
    "sync": Text("音画不同步", "out of sync"),
    "access": Text("进不去", "cannot enter"),
    "price": Text("价格", "price"),
    "order": Text("下单支付", "ordering"),
    "service": Text("售后", "after-sales"),
    "trust": Text("信任", "trust"),
    "host": Text("主播言行", "host's conduct"),
    "violation": Text("违规提示", "violation hint"),
}
FAULTS = {  # that a drill makes; those that people report have the names of their matters
    "encoder_crash": Text("编码器退出", "encoder killed"),
    "encoder_hang": Text("编码器卡死", "encoder hangs"),
    "obs_stop": Text("OBS 停止推流", "OBS stops streaming"),
    "black_picture": Text("黑屏", "black picture"),
    "frozen_picture": Text("画面定住", "frozen picture"),
    "silent_audio": Text("没有声音", "no sound"),
    "low_bitrate": Text("码率过低", "low bitrate"),
    "ingest_down": Text("推流服务器退出", "ingest server killed"),
    "playlist_stall": Text("播放列表停住", "playlist stands still"),
    "segments_missing": Text("切片缺失", "segments missing"),
    "slow_segments": Text("切片下载太慢", "slow segments"),
    "packet_loss": Text("上行丢包", "packet loss on the uplink"),
    "complaint_storm": Text("大批观众投诉卡顿", "many viewers complain of lag"),
    "viewer_drop": Text("观众大批离开", "many viewers leave"),
    "exporter_down": Text("采集器退出", "exporter killed"),
    "prometheus_down": Text("Prometheus 退出", "Prometheus killed"),
    "alertmanager_down": Text("Alertmanager 退出", "Alertmanager killed"),
    "receiver_down": Text("接收端退出", "receiver killed"),
    "disk_full": Text("磁盘写满", "disk full"),
    "certificate_expiring": Text("证书快到期", "certificate about to expire"),
}
STATES = {
    "open": Text("未认领", "open"),
    "acknowledged": Text("处理中", "acknowledged"),
    "resolved": Text("已恢复", "resolved"),
    "merged": Text("已并入", "merged"),
}
PHASES = {
    "off_air": Text("不在播", "off air"),
    "rehearsal": Text("彩排", "rehearsal"),
    "before": Text("开播前", "before the start"),
    "on_air": Text("直播中", "on air"),
    "after": Text("收尾", "after the end"),
}
COMPLAINT_STATES = {
    "open": Text("待回应", "waiting"),
    "taken": Text("回应中", "being answered"),
    "answered": Text("已回应", "answered"),
    "quiet": Text("已平静，无人回应", "went quiet, unanswered"),
}
MARKS = {
    "cut": Text("已切断", "cut"),
    "authority_told": Text("已报告主管部门", "reported to the authority"),
    "false_alarm": Text("误报", "a false alarm"),
}
PAGE_STATES = {
    "due": Text("待发送", "due"),
    "sending": Text("发送中", "sending"),
    "delivered": Text("已送达", "delivered"),
    "dead": Text("无法送达", "undeliverable"),
    "cancelled": Text("已取消", "cancelled"),
    "observed": Text("只记录，未发出", "recorded, not sent"),
}
PAGE_KINDS = {
    "firing": Text("呼叫", "call"),
    "raised": Text("升级呼叫", "raised"),
    "told": Text("通知", "told"),
    "over": Text("恢复通知", "over"),
    "test": Text("测试", "test"),
    "note": Text("提醒", "note"),
}


def say(words: Mapping[str, Text], label: str) -> Text:
    return words.get(label, Text(label, label))


def place(words: Iterable[str], word: str) -> int:
    """Where *word* stands among *words*; what they do not have comes last."""
    known = list(words)
    return known.index(word) if word in known else len(known)


def lasting(seconds: float) -> Text:
    """How long something took, in the two largest units: nobody counts in hundreds of seconds."""
    whole = max(0, int(seconds))
    for size, part, zh, en in _UNITS:
        if whole >= size:
            many, rest = whole // size, whole % size // part
            more = Text(f" {rest} {zh[1]}", f" {rest} {en[1]}") if rest else Text("", "")
            return Text(f"{many} {zh[0]}{more.zh}", f"{many} {en[0]}{more.en}")
    return Text(f"{whole} 秒", f"{whole} s")


_UNITS = (
    (86_400, 3600, ("天", "小时"), ("d", "h")),
    (3600, 60, ("小时", "分"), ("h", "min")),
    (60, 1, ("分", "秒"), ("min", "s")),
)


def in_names(reason: Text, name: Callable[[str], str] = str) -> Text:
    """A reason as people say it: it is kept with the ids of roles and people. *name* is whose name an id is."""
    zh = _ROLE_ZH.sub(lambda found: f"{say(ROLES, found[1]).zh}岗位", reason.zh)
    en = _ROLE_EN.sub(lambda found: found[1] + say(ROLES, found[2]).en, reason.en)
    return Text(
        _LOST_ZH.sub(lambda found: name(found[1]) + found[2], zh),
        _LOST_EN.sub(lambda found: name(found[1]) + found[2], en),
    )


_ROLE_ZH, _ROLE_EN = (
    re.compile(r"岗位 ([A-Za-z0-9_-]+)(?: (?=无人值班|的轮值))?"),
    re.compile(r"(holds role )(\w+)"),
)
_LOST_ZH, _LOST_EN = re.compile(r"^([a-z0-9_-]+)( 联系不上)"), re.compile(r"^([a-z0-9_-]+)( cannot be reached)")

ACTS = {
    "login": Text("登录", "logs in"),
    "login_failed": Text("登录失败", "login refused"),
    "login_held_up": Text("试错太多，暂停登录", "login held up: too many wrong tries"),
    "logout": Text("退出", "logs out"),
    "report": Text("紧急上报", "reports an emergency"),
    "ack": Text("认领", "acknowledges"),
    "take_over": Text("接手", "takes over"),
    "note": Text("记录进展", "notes"),
    "close": Text("宣布结束", "says that it is over"),
    "merge": Text("合并", "merges"),
    "split": Text("拆分", "splits"),
    "reopen": Text("重新打开", "reopens"),
    "silence": Text("静默", "silences"),
    "unsilence": Text("解除静默", "ends the silence"),
    "mark": Text("标记", "marks"),
    "evidence": Text("存入证据", "keeps evidence"),
    "evidence_read": Text("下载证据", "downloads evidence"),
    "rate": Text("评价呼叫", "rates a page"),
    "complaint_take": Text("接下投诉", "takes a complaint"),
    "complaint_answer": Text("已回应投诉", "has answered a complaint"),
    "override": Text("改派值班", "overrides duty"),
    "override_withdrawn": Text("撤销改派", "withdraws an override"),
    "session_start": Text("场次开播", "starts a session"),
    "session_end": Text("场次结束", "ends a session"),
    "action": Text("新增改进项", "adds an action item"),
    "action_done": Text("完成改进项", "has an action item done"),
    "test_page": Text("测试呼叫", "sends a test page"),
    "drill_start": Text("开始演练", "begins a drill"),
    "drill_end": Text("结束演练", "ends a drill"),
    "replay": Text("重发死信", "sends dead pages again"),
    "reload": Text("重新加载配置", "reloads the configuration"),
}
HOWS = {
    "session": Text("已登录", "logged in"),
    "expired": Text("登录已过期的设备", "a device whose login ran out"),
    "proxy": Text("登录代理", "the proxy says so"),
    "password": Text("控制台密码", "the console's password"),
    "token": Text("令牌", "token"),
    "link": Text("签名链接", "signed link"),
    "button": Text("聊天里的按钮", "a button in the chat"),
    "said": Text("未证实", "unproven"),
    "open": Text("本机，未要求登录", "this machine, nobody is asked"),
}
