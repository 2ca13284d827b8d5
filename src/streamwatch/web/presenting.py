"""An incident as JSON and as the pages show it: machines read ids, people the names that duty.yml gives them."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo
from functools import cache
from string import Formatter
from typing import Any

from sqlalchemy import Row

from streamwatch.alert import is_reported
from streamwatch.config import Config
from streamwatch.incidents.timeline import SENTENCES, Kind
from streamwatch.language import Language, Text
from streamwatch.store.journal import Journal, Record
from streamwatch.vocabulary import ROLES, in_names, say

SHOWN_LABELS = 40  # an alert with thousands of labels must not break a page


Name = Callable[[str], str]  # of a person, by the id


def names(config: Config) -> Name:
    """Who left duty.yml keeps the id as a name."""

    def name(person: str) -> str:
        known = config.book.people.get(person)
        return known.name if known else person

    return name


def incident(record: Record, config: Config, *, full: bool = True) -> dict[str, Any]:
    """The `Incident` of the API. Times are ISO 8601 in the team's zone."""
    row, zone, name = record.incident, config.zone, names(config)
    fields = ("stream", "procedure", "hop", "severity", "role", "state", "drill", "alertname", "category")
    texts = ("summary_zh", "summary_en", "runbook_step", "acknowledged_by")
    shown: dict[str, Any] = {"id": str(row.id)}
    shown |= {field: getattr(row, field) for field in (*fields, *texts)}
    shown |= {field: moment(getattr(row, field), zone) for field in ("opened_at", "acknowledged_at", "resolved_at")}
    shown["silenced_until"] = moment(row.silenced_until, zone)
    shown["merged_into"] = row.merged_into and str(row.merged_into)
    shown["acknowledged_by_name"] = row.acknowledged_by and name(row.acknowledged_by)
    shown["evidence"] = row.evidence or {}
    shown["pages"] = [_page(page, row.runbook_step, zone, name) for page in record.pages]
    if full:
        shown["alerts"] = [_alert(episode, zone) for episode in record.episodes]
        shown["timeline"] = [_row(each, zone, name) for each in record.timeline]
        shown |= _of_people(record, zone, name)
    return shown


def _of_people(record: Record, zone: tzinfo, name: Name) -> dict[str, Any]:
    """Who ends it; when it was cut, the authority told, called a false alarm; the evidence kept."""
    fires = [each for each in record.episodes if each.status == "firing" and is_reported(each.fingerprint)]
    marks = (Kind.CUT, Kind.AUTHORITY_TOLD, Kind.FALSE_ALARM)
    cut, told, false = (_first(record.timeline, kind) for kind in marks)
    opened = record.incident.opened_at
    return {
        "ends_by": "person" if fires else "probes",
        "cut_at": moment(cut, zone),
        "seconds_to_cut": cut and (cut - opened).total_seconds(),
        "authority_told_at": moment(told, zone),
        "seconds_to_tell": told and (told - opened).total_seconds(),
        "false_alarm_at": moment(false, zone),
        "evidence_files": [_file(each, zone, name) for each in record.files],
        "ratings": [_rating(each, zone, name) for each in record.ratings],
    }


def _rating(row: Row[Any], zone: tzinfo, name: Name) -> dict[str, Any]:
    said = {field: getattr(row, field) for field in ("person", "useful", "why")}
    return said | {"person_name": name(row.person), "at": moment(row.at, zone)}


def _first(timeline: Iterable[Row[Any]], kind: Kind) -> datetime | None:
    return min((row.at for row in timeline if row.kind == kind), default=None)


def _file(file: Row[Any], zone: tzinfo, name: Name) -> dict[str, Any]:
    fields = ("name", "bytes", "sha256", "note", "added_by")
    shown = {field: getattr(file, field) for field in fields}
    added = {"added_by_name": name(file.added_by), "added_at": moment(file.added_at, zone)}
    return {"id": str(file.id), **shown, **added}


def moment(at: datetime | None, zone: tzinfo) -> str | None:
    return None if at is None else at.astimezone(zone).isoformat(timespec="milliseconds")


def _page(page: Row[Any], runbook_step: str, zone: tzinfo, name: Name) -> dict[str, Any]:
    fields = ("person", "kind", "state", "channel", "provider_id", "attempts", "maybe_repeated", "error")
    shown: dict[str, Any] = {"id": str(page.id), "person_name": name(page.person)}
    shown |= {field: getattr(page, field) for field in fields}
    shown |= {field: moment(getattr(page, field), zone) for field in ("created_at", "due_at", "delivered_at")}
    reason = in_names(Text(page.reason_zh, page.reason_en), name)
    shown |= {"reason_zh": reason.zh, "reason_en": reason.en, "runbook_step": runbook_step}
    return shown


def page(row: Row[Any], config: Config) -> dict[str, Any]:
    """A page by itself, as a test page is."""
    return _page(row, "", config.zone, names(config))


def review(row: Row[Any], config: Config) -> dict[str, Any]:
    """A review that was written by itself: its files, and the numbers that are compared."""
    shown = {field: getattr(row, field) for field in ("session", "stream", "files", "numbers")}
    return shown | {field: moment(getattr(row, field), config.zone) for field in ("ended_at", "written_at")}


def action(row: Row[Any], config: Config, at: datetime) -> dict[str, Any]:
    """An action item, as it stands at *at*."""
    zone, name = config.zone, names(config)
    fields = ("text", "owner", "due", "stream", "session", "added_by", "done_by")
    return {
        "id": str(row.id),
        **{field: getattr(row, field) for field in fields},
        "owner_name": name(row.owner),
        "overdue": row.done_at is None and row.due < at.astimezone(zone).date().isoformat(),
        "incident": row.incident_id and str(row.incident_id),
        "added_at": moment(row.added_at, zone),
        "done_at": moment(row.done_at, zone),
    }


def channels(journal: Journal, config: Config) -> list[dict[str, Any]]:
    """How each channel of duty.yml did: its last page delivered, its last failure and why."""
    zone = config.zone
    return [
        {
            "name": name,
            "last_delivered_at": delivered and moment(delivered.ended_at, zone),
            "last_failed_at": failed and moment(failed.ended_at, zone),
            "last_error": failed and (failed.detail or failed.outcome),
        }
        for name, delivered, failed in journal.last_tries(sorted(config.channels))
    ]


def _alert(episode: Row[Any], zone: tzinfo) -> dict[str, Any]:
    labels = dict(sorted(episode.labels.items())[:SHOWN_LABELS])
    return {
        "fingerprint": episode.fingerprint,
        "alertname": episode.labels.get("alertname", ""),
        "hop": episode.labels.get("hop", ""),
        "severity": episode.labels.get("severity", ""),
        "status": episode.status,
        "labels": labels,
        "starts_at": moment(episode.starts_at, zone),
        "ends_at": moment(episode.ends_at, zone),
        "seen": episode.seen,
    }


def _row(row: Row[Any], zone: tzinfo, name: Name) -> dict[str, Any]:
    shown: dict[str, Any] = {field: getattr(row, field) for field in ("kind", "person", "channel")}
    told = {f"text_{language}": _told(row, language, name) for language in _SENTENCES}
    return {"at": moment(row.at, zone), **shown, **told}


def _told(row: Row[Any], language: Language, name: Name) -> str:
    """The row's sentence with names where it is kept with ids: whoever was renamed has the new name everywhere."""
    text = str(row.text_zh if language == "zh" else row.text_en)
    template = _SENTENCES[language].get(row.kind, "")
    found = _pattern(template).fullmatch(text)
    if not found:
        return text  # of an older version, whose sentences were others
    return template.format(
        **{word: _in_words(word, said, language, name) for word, said in found.groupdict().items()}
    )


def _in_words(word: str, said: str, language: Language, name: Name) -> str:
    match word:
        case "person":
            return name(said)
        case "others":
            return _listed(map(name, said.split(", ")), language)
        case "role":
            return say(ROLES, said).read_in(language)
        case "why":
            return in_names(Text(said, said), name).read_in(language)
    return said


def _listed(people: Iterable[str], language: Language) -> str:
    return ("、" if language == "zh" else ", ").join(people)


_SENTENCES: dict[Language, dict[str, str]] = {
    "zh": {kind.value: text.zh for kind, text in SENTENCES.items()},
    "en": {kind.value: text.en for kind, text in SENTENCES.items()},
}


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """Matches what was made of *template*, with its words as groups."""
    parts = (
        re.escape(before) + (f"(?P<{word}>.*?)" if word else "") for before, word, *_ in Formatter().parse(template)
    )
    return re.compile("".join(parts), re.DOTALL)
