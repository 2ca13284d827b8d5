"""The rows of an incident's timeline: a closed list of kinds, each with its sentence in both languages. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from streamwatch.language import Text


class Kind(StrEnum):
    OPENED = "opened"
    JOINED = "joined"
    RAISED = "raised"
    WIDENED = "widened"
    ENDED = "ended"
    ENDED_UNTOLD = "ended_untold"
    AGAIN = "again"
    REPLACED = "replaced"
    UNHEARD = "unheard"
    ROUTED = "routed"
    UNROUTED = "unrouted"
    CALLED = "called"
    WOULD_CALL = "would_call"
    WOULD_ESCALATE = "would_escalate"
    ADOPTED = "adopted"
    ESCALATED = "escalated"
    REMINDED = "reminded"
    PASSED_OVER = "passed_over"
    NOBODY = "nobody"
    TOLD = "told"
    TOLD_LATER = "told_later"
    WOULD_TELL = "would_tell"
    NOBODY_TOLD = "nobody_told"
    KNOWS = "knows"
    DELIVERED = "delivered"
    UNCONFIRMED = "unconfirmed"
    TRY_FAILED = "try_failed"
    UNKNOWN = "unknown"
    MOVED_ON = "moved_on"
    DEAD = "dead"
    NOBODY_ELSE = "nobody_else"
    CANCELLED = "cancelled"
    OVERTAKEN = "overtaken"
    NOT_REPEATED = "not_repeated"
    ACKNOWLEDGED = "acknowledged"
    LAPSED = "lapsed"
    NOTED = "noted"
    REPLAYED = "replayed"
    TAKEN_OVER = "taken_over"
    RESOLVED = "resolved"
    MERGED = "merged"
    ABSORBED = "absorbed"
    ACK_ENDS = "ack_ends"
    SPLIT = "split"
    SPLIT_FROM = "split_from"
    REOPENED = "reopened"
    SILENCED = "silenced"
    UNSILENCED = "unsilenced"
    SILENCE_OVER = "silence_over"
    REPORTED = "reported"
    REPORTED_BY_SOMEBODY = "reported_by_somebody"
    CLOSED = "closed"
    CLOSED_BY_SOMEBODY = "closed_by_somebody"
    CUT = "cut"
    AUTHORITY_TOLD = "authority_told"
    FALSE_ALARM = "false_alarm"
    EVIDENCE_KEPT = "evidence_kept"


SENTENCES = {
    Kind.OPENED: Text("{what} 触发，事件开始", "{what} fires: the incident opens"),
    Kind.JOINED: Text("{what} 也触发，并入本事件", "{what} fires too and joins"),
    Kind.RAISED: Text("{what} 触发，级别升为 {severity}", "{what} fires: severity is now {severity}"),
    Kind.WIDENED: Text("{what} 也触发，由其他岗位处理", "{what} fires too, and is another role's work"),
    Kind.ENDED: Text("{what} 已恢复", "{what} is over"),
    Kind.ENDED_UNTOLD: Text("{what} 的上一次告警已结束，但没有通知", "the last {what} had ended without a word"),
    Kind.AGAIN: Text("{what} 曾被报为恢复，现在仍在触发", "{what} was told to be over, and is still true"),
    Kind.REPLACED: Text("以新的事件继续", "goes on as a new incident"),
    Kind.UNHEARD: Text(
        "{what} 在收到之前已结束，未呼叫任何人", "{what} was over before it was heard of: nobody is called"
    ),
    Kind.ROUTED: Text("归 {role}：{why}", "goes to {role}: {why}"),
    Kind.UNROUTED: Text("无人认领的告警，归 {role}：{why}", "nobody's alert goes to {role}: {why}"),
    Kind.CALLED: Text("呼叫 {person}：{why}", "calling {person}: {why}"),
    Kind.WOULD_CALL: Text(
        "只记录，没有发出：本会用 {channel} 呼叫 {person}：{why}",
        "recorded, nothing was sent: would have called {person} by {channel}: {why}",
    ),
    Kind.WOULD_ESCALATE: Text(
        "只记录，没有发出：本会加呼 {others}：{why}",
        "recorded, nothing was sent: would have called {others} too: {why}",
    ),
    Kind.ADOPTED: Text(
        "不再只记录，而且仍在触发：现在呼叫", "no longer only recorded, and it fires still: it calls now"
    ),
    Kind.ESCALATED: Text("无人认领，加呼 {others}：{why}", "nobody took it, {others} called too: {why}"),
    Kind.REMINDED: Text("再次呼叫 {others}：{why}", "{others} called again: {why}"),
    Kind.PASSED_OVER: Text("未呼叫 {person}：{why}", "{person} is not called: {why}"),
    Kind.NOBODY: Text("无人值班，无人可呼叫", "nobody was on duty, nobody can be called"),
    Kind.TOLD: Text("通知 {person}（{role}）：{why}", "telling {person} ({role}): {why}"),
    Kind.TOLD_LATER: Text(
        "{person}（{role}）在静默时段，{until} 仍未恢复才通知",
        "{person} ({role}) is in quiet hours, and is told at {until} if it still lasts",
    ),
    Kind.WOULD_TELL: Text(
        "只记录，没有发出：本会通知 {person}（{role}）：{why}",
        "recorded, nothing was sent: would have told {person} ({role}): {why}",
    ),
    Kind.NOBODY_TOLD: Text("没有人担任 {role}，不另行通知", "nobody holds {role}: nobody is told besides"),
    Kind.KNOWS: Text("{person} 已被呼叫，不再另行通知", "{person} was called, and is not told besides"),
    Kind.DELIVERED: Text("{person} 已收到（{channel}）", "{person} was told over {channel}"),
    Kind.UNCONFIRMED: Text(
        "已交给 {channel} 发给 {person}，是否送达不知道",
        "{channel} took it for {person}: whether it came is not known",
    ),
    Kind.TRY_FAILED: Text("{channel} 未送达 {person}：{why}", "{channel} did not reach {person}: {why}"),
    Kind.UNKNOWN: Text("{channel} 无应答，可能重复发送", "{channel} gave no answer: the page may repeat"),
    Kind.MOVED_ON: Text("{person} 尚未送达，同时呼叫 {others}", "{person} is not reached yet: {others} called too"),
    Kind.DEAD: Text("无法送达 {person}：{why}", "{person} cannot be reached: {why}"),
    Kind.NOBODY_ELSE: Text(
        "{person} 尚未送达，也没有别人可以呼叫", "{person} is not reached, and there is nobody else to call"
    ),
    Kind.NOT_REPEATED: Text(
        "给 {person} 的呼叫可能已送达，事件已有人认领，不再重发",
        "the page for {person} may have arrived, and somebody has the incident: it is not sent again",
    ),
    Kind.OVERTAKEN: Text(
        "又出现新的事件，不再通知 {person} 这一次已结束",
        "a new incident is open: {person} is not told that this one ended",
    ),
    Kind.CANCELLED: Text(
        "{person} 没有收到开始的呼叫，不再通知结束", "{person} never heard the start and is not told the end"
    ),
    Kind.LAPSED: Text("{person} 的认领已失效，重新呼叫：{why}", "{person}'s ack ran out, called again: {why}"),
    Kind.NOTED: Text("{person}：{what}", "{person}: {what}"),
    Kind.REPLAYED: Text("重新发送给 {person}", "sent to {person} once more"),
    Kind.ACKNOWLEDGED: Text("{person} 已认领{how}", "{person} acknowledged{how}"),
    Kind.TAKEN_OVER: Text("{person} 从 {others} 接手", "{person} takes over from {others}"),
    Kind.RESOLVED: Text("全部恢复，事件结束", "all is over: the incident ends"),
    Kind.MERGED: Text("{person} 将本事件并入 #{number}", "{person} makes this part of #{number}"),
    Kind.ABSORBED: Text(
        "{person} 将 #{number} 并入本事件：{what}", "{person} makes #{number} part of this: {what}"
    ),
    Kind.ACK_ENDS: Text(
        "{person} 的认领在合并后不再有效", "{person}'s ack does not hold for what became one with it"
    ),
    Kind.SPLIT: Text("{person} 拆出 {what}，成为 #{number}", "{person} splits off {what} as #{number}"),
    Kind.SPLIT_FROM: Text("{person} 从 #{number} 拆出：{what}", "{person} splits this off #{number}: {what}"),
    Kind.REOPENED: Text("{person} 重新打开：{what}", "{person} opens it again: {what}"),
    Kind.SILENCED: Text("{person} 静默到 {until}：{what}", "{person} silences it until {until}: {what}"),
    Kind.UNSILENCED: Text("{person} 解除静默", "{person} ends the silence"),
    Kind.SILENCE_OVER: Text("静默到期，仍在触发", "the silence is over, and it fires still"),
    Kind.REPORTED: Text("{person} 报告：{what}", "{person} reports: {what}"),
    Kind.REPORTED_BY_SOMEBODY: Text("有人（未留名）报告：{what}", "somebody, without a name, reports: {what}"),
    Kind.CLOSED: Text("{person} 宣布结束：{what}", "{person} says that it is over: {what}"),
    Kind.CLOSED_BY_SOMEBODY: Text(
        "有人（未留名）宣布结束：{what}", "somebody, without a name, says that it is over: {what}"
    ),
    Kind.CUT: Text("{person} 记录：已切断 {what}", "{person} notes: cut {what}"),
    Kind.AUTHORITY_TOLD: Text("{person} 记录：已报告 {what}", "{person} notes: reported to the authority {what}"),
    Kind.FALSE_ALARM: Text("{person} 记录：误报 {what}", "{person} notes: a false alarm {what}"),
    Kind.EVIDENCE_KEPT: Text(
        "{person} 存入证据 {what}，SHA-256 {digest}", "{person} keeps evidence {what}, SHA-256 {digest}"
    ),
}


@dataclass(frozen=True)
class Row:
    """One row to be written; *person* and *channel* are ids, for machines."""

    kind: Kind
    text: Text
    person: str | None = None
    channel: str | None = None


def tell(kind: Kind, *, person: str | None = None, channel: str | None = None, **words: object) -> Row:
    """The sentence of *kind*. A word that is itself a `Text` is read in each language."""
    sentence = SENTENCES[kind]
    words = {"person": person, "channel": channel, "how": "", **words}
    return Row(kind, sentence.format(**words), person, channel)


def acknowledged(person: str, channel: str | None = None) -> Row:
    """*channel* is the one whose button was pressed; None for a link, the console or a command."""
    how = Text("（{channel}）", " over {channel}").format(channel=channel) if channel else ""
    return tell(Kind.ACKNOWLEDGED, person=person, channel=channel, how=how)
