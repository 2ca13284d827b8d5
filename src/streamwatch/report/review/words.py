"""The words of a review in both languages."""

from streamwatch.alert import SEVERITIES
from streamwatch.language import Text

SESSION_REVIEW = Text("场次 {id} 复盘", "Review of session {id}")
WEEK = Text("周报", "Weekly review")
REVIEW = Text("复盘", "Review")
ALL_STREAMS = Text("全部直播间", "all streams")
NO_STREAM = Text("（不属于直播间）", "(of no stream)")

RESULT = Text("结果", "Result")
CLASSES = Text("问题分类", "Problems by class")
HANDLING = Text("处理", "Handling")
FEEDBACK = Text("观众反馈", "Feedback")
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
    "另有 1 个演练事件，列在最后，不计入。", "1 incident of a drill is told at the end and not counted."
)
DRILLS_COUNTED = Text(
    "另有 {count} 个演练事件，列在最后，不计入。",
    "{count} incidents of drills are told at the end and not counted.",
)

NO_INCIDENT = Text("没有事件。", "No incident.")
NOBODY = Text("无人认领", "nobody")
NOT_TOLD = Text("未送达", "nobody told")
NEVER_TAKEN = Text("未认领", "not taken")
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

SUGGESTION = Text("{text}：{numbers}", "{text}: {numbers}")
NO_SUGGESTION = Text("没有：没有一条规则有所发现。", "None: no rule found anything.")
