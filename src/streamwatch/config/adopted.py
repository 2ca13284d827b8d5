"""How far duty.yml lets each procedure go, in words that nobody overlooks: an observation must not be forgotten."""

from collections.abc import Iterator

from streamwatch.config.schema import DutyFile
from streamwatch.errors import Mistake
from streamwatch.incidents.adoption import Adoption, Step
from streamwatch.language import Text
from streamwatch.runbook import Runbooks
from streamwatch.vocabulary import PROCEDURES, say
from streamwatch.yaml_file import YamlFile

ALL = Text("全部预案", "every procedure")
OTHERS = Text("其他预案", "every other procedure")
HELD_BACK: dict[Step, Text] = {
    "observe": Text(
        "只观察：{which} 的告警只记录，不呼叫任何人，P0 也不呼叫（duty.yml 的 adoption: observe）。"
        "人工上报、演练、测试和告警通路中断照常呼叫",
        "ONLY OBSERVING: for {which} NOBODY IS CALLED, not even for a P0; it is only recorded "
        "(adoption: observe in duty.yml). What people report, drills, tests and WatchdogSilent call as ever",
    ),
    "notify": Text(
        "只通知：{which} 只发出第一次呼叫，无人认领也不升级、不提醒、不打电话（duty.yml 的 adoption: notify）",
        "ONLY NOTIFYING: for {which} the first call goes out; nobody else is called when nobody takes it, and no "
        "telephone rings (adoption: notify in duty.yml)",
    ),
}


def held_back(adoption: Adoption) -> list[Text]:
    """What is kept from going out, the most of it first; nothing when all is adopted."""
    return list(_told(adoption))


def _told(adoption: Adoption) -> Iterator[Text]:
    for step, words in HELD_BACK.items():
        named = [say(PROCEDURES, each) for each, its in adoption.procedures.items() if its == step]
        if adoption.default == step:
            named.append(OTHERS if adoption.procedures else ALL)
        if named:
            which = Text("、".join(each.zh for each in named), ", ".join(each.en for each in named))
            yield words.format(which=which)


def unknown_procedures(source: YamlFile, file: DutyFile, runbooks: Runbooks) -> Iterator[Mistake]:
    """A misspelt one would call, or not, as nobody meant it."""
    known = sorted({procedure for procedure, _ in runbooks})
    for each in file.adoption:
        if known and each not in ("default", *known):
            words = Text("没有预案“{name}”；预案有：default {known}",
                         "no procedure '{name}'; procedures are: default {known}")  # fmt: skip
            yield source.mistake(("adoption", each), words.format(name=each, known=" ".join(known)))
