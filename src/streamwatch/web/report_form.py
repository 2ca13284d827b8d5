"""The report of a violation, filled in as far as StreamWatch knows: as a page to print and as Markdown.

What it does not know stays blank. It measures how long cut and report took, and states no time limit of its own:
rules are quoted from the dated files that duty.yml names.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse

from streamwatch.config.law import Law
from streamwatch.language import Language, Text
from streamwatch.vocabulary import PROCEDURES, lasting, say
from streamwatch.web import presenting
from streamwatch.web.api import no_incident
from streamwatch.web.pages import Reader, render
from streamwatch.web.parts import Parts, RowId, Wired
from streamwatch.web.security import viewer

router = APIRouter(include_in_schema=False, dependencies=[Depends(viewer)])

BINDS = {"platform": Text("约束平台", "binds the platform"), "operator": Text("约束运营者", "binds the operator"),
         "both": Text("约束平台和运营者", "binds platform and operator")}  # fmt: skip
READ = {
    "primary": Text("看过条文", "text read"),
    "secondary": Text("只看过转述，请核对原文", "second hand: check the text"),
}
ACTIONS = ("reported", "reported_by_somebody", "cut", "authority_told", "acknowledged", "taken_over", "closed",
           "closed_by_somebody")  # fmt: skip
NO_ADVICE = Text("。不是法律意见。", ". Not legal advice.")
BLANK = "________"


@dataclass(frozen=True)
class Field:
    """*lines* is empty for what people fill in."""

    label: str
    lines: tuple[str, ...]


@router.get("/incidents/{incident}/report-form")
async def form(request: Request, parts: Wired, language: Reader, incident: RowId, format: str = "") -> Response:  # noqa: A002
    record = await asyncio.to_thread(parts.store.journal.incident, incident)
    if record is None:
        raise no_incident(incident)
    shown = presenting.incident(record, parts.config())
    title = Text("报告单 #{id}", "Report #{id}").format(id=shown["id"]).read_in(language)
    title = f"{title} · {say(PROCEDURES, shown['procedure']).read_in(language)} · {shown['stream']}"
    viewers = await _viewers(parts, shown, language)
    filled, laws = fields(shown, viewers, language), [law(each, shown, language) for each in parts.config().laws]
    if format == "md":
        name = f"report-{shown['id']}.md"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        text = "".join(markdown(title, filled, laws, language))
        return PlainTextResponse(text, media_type="text/markdown; charset=utf-8", headers=headers)
    return render(request, "report_form.html", language, title=title, fields=filled, laws=laws, number=shown["id"])


async def _viewers(parts: Parts, shown: dict[str, Any], language: Language) -> tuple[str, ...]:
    """At the moments that count, as far as the platforms tell."""
    moments = (("opened_at", Text("发现时", "when noticed")), ("cut_at", Text("切断时", "when cut")))
    known = [(words, shown[key]) for key, words in moments if shown[key]]
    counts = [await parts.audience.at(shown["stream"], datetime.fromisoformat(at)) for _, at in known]
    return tuple(
        Text("{when} {n} 人", "{n} {when}").format(when=words.read_in(language), n=n).read_in(language)
        for (words, _), n in zip(known, counts, strict=True)
        if n is not None
    )


def fields(shown: dict[str, Any], viewers: tuple[str, ...], language: Language) -> list[Field]:
    """What a report has to say, in its usual order."""

    def field(zh: str, en: str, *lines: str | None) -> Field:
        return Field(Text(zh, en).read_in(language), tuple(line for line in lines if line))

    summary = shown[f"summary_{language}"]
    done = [f"{_clock(row['at'])} {row[f'text_{language}']}" for row in shown["timeline"] if row["kind"] in ACTIONS]
    files = [f"{each['name']} ({each['bytes']} B) SHA-256 {each['sha256']} {_clock(each['added_at'])} "
             f"{each['added_by_name']}" for each in shown["evidence_files"]]  # fmt: skip
    return [
        field("单位、账号", "company, account"),
        field("平台与房间号", "platform, room"),
        field("直播间（本系统）", "stream (here)", shown["stream"]),
        field("发现时间", "noticed", _clock(shown["opened_at"])),
        field("切断时间", "cut", _measured(shown["cut_at"], shown["seconds_to_cut"], language)),
        field("报告时间", "reported", _measured(shown["authority_told_at"], shown["seconds_to_tell"], language)),
        field("内容描述", "what it was", summary),
        field("影响范围（在线人数）", "viewers present", *viewers),
        field("已采取措施", "what was done", *done),
        field("证据清单与哈希", "evidence and hashes", *files),
        field("联系人", "contact"),
    ]


def law(found: Law, shown: dict[str, Any], language: Language) -> dict[str, Any]:
    """The rules of one jurisdiction that may apply, in words."""
    matters = {alert["labels"].get("matter", "") for alert in shown["alerts"]}
    violation = shown["procedure"] == "content_violation"
    general = found.on("", violation=violation)
    rules = [rule for rule in found.rules if rule in general or matters & set(rule.only_for)]
    return {
        "jurisdiction": found.jurisdiction.read_in(language),
        "checked": found.checked.isoformat(),
        "caution": found.caution.read_in(language),
        "rules": [
            {
                "name": rule.name.read_in(language),
                "in_force": rule.in_force,
                "binds": BINDS[rule.binds].read_in(language),
                "says": rule.says.read_in(language),
                "source": rule.source.read_in(language),
                "read": READ[rule.read].read_in(language),
            }
            for rule in rules
        ],
    }


def markdown(title: str, filled: list[Field], laws: list[dict[str, Any]], language: Language) -> Iterator[str]:
    yield f"# {_plain(title)}\n"
    for field in filled:
        yield f"\n## {field.label}\n\n" + ("".join(f"- {_plain(line)}\n" for line in field.lines) or f"{BLANK}\n")
    for each in laws:
        heading = Text("可能适用的规定", "Rules that may apply").read_in(language)
        checked, note = Text("核对日期", "Checked").read_in(language), NO_ADVICE.read_in(language)
        yield f"\n## {heading} · {each['jurisdiction']}\n\n{each['caution']} {checked} {each['checked']}{note}\n\n"
        for rule in each["rules"]:
            dated = f", {rule['in_force']}" if rule["in_force"] else ""
            head = f"- **{rule['name']}**{dated} ({rule['binds']}; {rule['read']})"
            yield f"{head}: {rule['says']} [{rule['source']}]\n"


def _plain(line: str) -> str:
    """Words of people stay words: no markup of theirs."""
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>#|" else sign for sign in line)


def _measured(at: str | None, seconds: float | None, language: Language) -> str | None:
    if at is None or seconds is None:
        return None
    if seconds < 0:
        after = Text("上报之前", "before it was reported here").read_in(language)
    else:
        after = Text("上报后 {for_}", "{for_} after it was reported here").read_in(language)
        after = after.format(for_=lasting(seconds).read_in(language))
    return f"{_clock(at)} · {after}"


def _clock(at: str) -> str:
    """With its offset: the reader may be elsewhere."""
    return f"{at[:10]} {at[11:19]} UTC{at[23:]}"
