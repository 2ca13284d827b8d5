"""The words of a review in both languages."""

from streamwatch.alert import SEVERITIES
from streamwatch.language import Text

SESSION_REVIEW = Text("场次 {id} 复盘", "Review of session {id}")
AROUND = Text(
    "含开播前一小时的准备和结束后半小时；同一直播间前后场次相接处，每一刻只归一场。",
    "With the preparation from an hour before its start, and half an hour after its end; "
    "where sessions of the stream follow closely, each moment belongs to one of them alone.",
)
WEEK = Text("周报", "Weekly review")
REVIEW = Text("复盘", "Review")
ALL_STREAMS = Text("全部直播间", "all streams")
NO_STREAM = Text("（不属于直播间）", "(of no stream)")

RESULT = Text("结果", "Result")
CLASSES = Text("问题分类", "Problems by class")
HANDLING = Text("处理", "Handling")
FEEDBACK = Text("观众反馈", "Feedback")
SALES = Text("成交", "Sales")
SUGGESTIONS = Text("建议", "Suggestions")
DRILLS = Text("演练（不计入以上各节）", "Drills (in none of the sections above)")

_SEVERITIES = tuple(Text(severity, severity) for severity in SEVERITIES)
RESULT_HEADS = (
    Text("直播间", "Stream"),
    Text("中断", "Interrupted"),
    Text("未推流", "Not publishing"),
    *_SEVERITIES,
    Text("最高在线", "Peak viewers"),
    Text("平均在线", "Average viewers"),
)
CLASS_HEADS = (Text("预案", "Procedure"), Text("环节", "Hop"), *_SEVERITIES, Text("合计", "All"))
MINUTES = Text("最好和最差的分钟", "Best and worst minutes")
GOOD, BAD = Text("最好", "Best"), Text("最差", "Worst")
MINUTE_HEADS = (Text("前后共", "With its like"), Text("原因", "Why"))
NONE_STANDS_OUT = Text("{what}：没有突出的分钟。", "{what}: no minute stands out.")
NOTHING_OF_MINUTES = Text("不详：没有一项有数据。", "Not known: nothing of it was measured.")
MINUTES_WITHOUT = Text("没有数据、不计入：{what}。", "Not known, and not counted: {what}.")
TO_FILL_IN = Text("人填：", "To fill in:")
BLANK = Text("{what}：________", "{what}: ________")
BLANKS = (
    Text("亮点", "Highlights"),
    Text("不足", "Shortcomings"),
    Text("原因", "Causes"),
    Text("改进（责任人、期限）", "Improvements (who, until when)"),
)

HANDLING_HEADS = (
    Text("事件", "Incident"),
    Text("开始", "Opened"),
    Text("级别", "Severity"),
    Text("直播间", "Stream"),
    Text("问题", "What"),
    Text("处理人", "Who"),
    Text("送达用时", "Paged after"),
    Text("认领用时", "Taken after"),
    Text("恢复用时", "Over after"),
    Text("预案步骤", "Runbook step"),
)
FEEDBACK_HEADS = (
    Text("直播间", "Stream"),
    Text("类别", "Category"),
    Text("抱怨次数（约）", "Complaints (about)"),
    Text("一分钟内最多人数", "Most people in a minute"),
)

SALES_HEADS = (
    Text("直播间", "Stream"),
    Text("订单（约）", "Orders (about)"),
    Text("成交额（约，未减退款）", "Turnover (about, gross)"),
    Text("一分钟最多订单", "Most orders in a minute"),
    Text("支付失败", "Failed payments"),
    Text("退款单数", "Refunds"),
    Text("退款金额", "Given back"),
)

UNKNOWN = Text("不详", "not known")
SESSION = Text("{stream}：场次 {id}{title}，{times}", "{stream}: session {id}{title}, {times}")
RUNDOWN = Text(
    "场次 {id} 的流程，以及各段开始的事件：", "Rundown of session {id}, with what began in each segment:"
)
PLANNED = Text("计划 {start} – {end}", "planned {start} – {end}")
ACTUAL = Text("实际开播 {start}，结束 {end}", "really began {start}, ended {end}")
EXPECTED = Text("预计 {count} 人", "{count} viewers expected")
NOT_SAID = Text("不详（未登记）", "not known (nobody said)")
NO_SESSION = Text(
    "{stream}：开播和结束时间不详（没有登记场次），按整段时间计算。",
    "{stream}: when it was on air is not known (no session); the whole time counts.",
)
VIEWERS_PARTLY = Text(
    "{stream}：在线人数只有 {share} 的时间有数据。", "{stream}: viewers are known for {share} of the time."
)
PUBLISHING_PARTLY = Text(
    "{stream}：是否在推流只有 {share} 的时间有数据。",
    "{stream}: whether it was publishing is known for {share} of the time.",
)
CHAT_PARTLY = Text(
    "{stream}：弹幕只有 {share} 的时间有数据。", "{stream}: the chat is known for {share} of the time."
)
SALES_PARTLY = Text(
    "{stream}：店铺只有 {share} 的时间有数据。", "{stream}: the shop is known for {share} of the time."
)
SALES_NOTE = Text(
    "按直播期间收到的时刻统计；补报的旧单不计入，结算以店铺后台为准。",
    "By when it was told while on air; orders of the past are not counted. Settle by the shop's own books.",
)
INTERRUPTED = Text(
    "中断：直播期间“直播中断”P0 告警持续的时间；未推流：直播期间接入端测得没有推流的时间。",
    "Interrupted: how long on air a P0 of stream interruption fired. "
    "Not publishing: how long on air ingest saw no stream.",
)
DOUBT = Text("Prometheus 的数据不详：{why}", "Nothing is known from Prometheus: {why}")
NO_PROMETHEUS = Text(
    "duty.yml 没有写 prometheus.url；写上，或用 --prometheus 指定。",
    "duty.yml names no prometheus.url; write it there, or name one with --prometheus.",
)
ONE_DRILL = Text(
    "另有 1 个演练事件，列在最后，不计入；演练的那几分钟也不计入未推流，不算最好或最差。",
    "1 incident of a drill is told at the end and not counted; "
    "nor are its minutes as not publishing, or as best or worst.",
)
DRILLS_COUNTED = Text(
    "另有 {count} 个演练事件，列在最后，不计入；演练的那几分钟也不计入未推流，不算最好或最差。",
    "{count} incidents of drills are told at the end and not counted; "
    "nor are their minutes as not publishing, or as best or worst.",
)

NO_INCIDENT = Text("没有事件。", "No incident.")
NOBODY = Text("无人认领", "nobody")
NOT_TOLD = Text("未送达", "nobody told")
NEVER_TAKEN = Text("未认领", "not taken")
NOT_ASKED = Text("—", "—")
OBSERVED_ONLY = Text("只观察，未发出", "observed only, not sent")
AT_ONCE = Text("不到 1 秒", "under 1 s")
BY_THE_DRILL = Text("演练程序自己认领", "by the drill itself")
DRILL_FOR = Text("演练程序（代 {people}）", "the drill (for {people})")
NOT_OVER = Text("未恢复", "not over")
NOTES = Text("人员记录：", "What people wrote:")
TROUBLES = Text("呼叫的异常：", "Pages that did not go as they should:")
UNATTENDED = Text("岗位无人值班", "nobody held the role")
FAILED_TRY = Text("1 次发送失败", "1 try failed")
FAILED_TRIES = Text("{count} 次发送失败", "{count} tries failed")
DETOUR = Text(
    "{failed} 没有送达 {person}，改由 {delivered} 送达", "{failed} did not reach {person}, {delivered} did"
)
UNDELIVERED = Text("始终没有送达 {people}", "{people} never reached")
REPEATED = Text("可能重复发送给 {people}", "perhaps sent twice to {people}")
CALLED_ONCE_MORE = Text("又呼叫 1 次", "called once more")
CALLED_AGAIN = Text("又呼叫 {count} 次", "called {count} times more")

NO_STREAMS = Text("没有已知的直播间。", "No stream is known.")
NO_COMPLAINT = Text("{stream}：没有抱怨。", "{stream}: no complaint.")
NO_CHAT = Text(
    "{stream}：弹幕没有数据，是否有抱怨不详。", "{stream}: no data of the chat; complaints are not known."
)
SAMPLES = Text("留作证据的原话：", "In their words, as kept for evidence:")
SAMPLE = Text("{category}：“{text}”（#{number}）", "{category}: “{text}” (#{number})")

MONTH = Text("月报", "Monthly review")
EFFICIENCY = Text("效率", "Efficiency")
OF_ALL = Text("全部", "All")
NIGHTS = Text(
    "没有呼叫任何人的夜晚（0 点到 7 点）：{quiet} / {nights}。",
    "Nights (0 to 7 o'clock) in which nobody was called: {quiet} of {nights}.",
)
EFFICIENCY_MEANS = Text(
    "按预案统计，不按人；不含演练。合并的重复告警没有单独发消息。",
    "By procedure, not by person, without drills. What was folded was no message of its own.",
)

COMPARED = Text("与前几场相比", "Compared with the sessions before")
TREND = Text("{stream} 的趋势", "Trend of {stream}")
NO_TREND = Text(
    "还没有可比的场次：场次结束后自动写的复盘才计入。", "No session yet: those count whose review is written."
)
NOTHING_BEFORE = Text("之前没有可比的场次。", "No session before it to compare with.")
FIGURE, DIRECTION = Text("指标", "Figure"), Text("趋势", "Direction")
THIS_TIME, USUAL = Text("本场", "This time"), Text("前 {count} 场中位数", "Median of the last {count}")
DIRECTIONS = {"better": Text("变好", "better"), "worse": Text("变差", "worse"), "same": Text("持平", "same")}
DIRECTION_MEANS = Text(
    "趋势：最后一场与之前各场的中位数相比，相差一成以内为持平。",
    "Direction: the last one against the median of those before; within a tenth is the same.",
)

ACTIONS = Text("改进项", "Action items")
ACTION_HEADS = (
    Text("编号", "No."),
    Text("做什么", "What"),
    Text("负责人", "Who"),
    Text("期限", "Until"),
    Text("状态", "State"),
    Text("来自", "Of"),
)
ACTION_OPEN, ACTION_DONE = Text("未完成", "open"), Text("已完成", "done")
ACTION_OVERDUE = Text("逾期", "overdue")
NO_ACTION = Text(
    "没有；用 streamwatch action add 或控制台的 /actions 记下。",
    "None; keep them by streamwatch action add, or at /actions of the console.",
)

SUGGESTION = Text("{text}：{numbers}", "{text}: {numbers}")
NO_SUGGESTION = Text("没有：没有一条规则有所发现。", "None: no rule found anything.")
