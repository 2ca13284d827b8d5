"""The same review as JSON for programs: machine names, seconds, nothing rounded, null where not known. Pure."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from streamwatch.duty import Session
from streamwatch.language import Language
from streamwatch.report.review.actions import Action
from streamwatch.report.review.counting import Class
from streamwatch.report.review.efficiency import TARGET, Efficiency
from streamwatch.report.review.feedback import Feedback
from streamwatch.report.review.handling import Handling
from streamwatch.report.review.minutes import Minutes, Spell
from streamwatch.report.review.result import Result
from streamwatch.report.review.review import Review
from streamwatch.report.review.sales import Sales
from streamwatch.report.review.trend import Trend

LANGUAGES: tuple[Language, ...] = ("zh", "en")


def document(review: Review) -> dict[str, Any]:
    """Times are ISO 8601 with offset, in the team's zone."""
    scope, zone = review.scope, review.zone
    return {
        "session": scope.session,
        "stream": scope.stream,
        "weekly": scope.weekly,
        "monthly": scope.monthly,
        "timezone": str(zone),
        "from": _moment(scope.span.start, zone),
        "to": _moment(scope.span.end, zone),
        "prometheus": None if review.doubt is None else review.doubt.en,
        "result": [_result(each, zone) for each in review.results],
        "minutes": review.minutes and _minutes(review.minutes, zone),
        "classes": _classes(review.classes),
        "handling": [_handling(each, review) for each in review.handlings],
        "efficiency": review.efficiency and _efficiency(review.efficiency),
        "feedback": [_feedback(each) for each in review.feedback],
        "sales": [_sales(each) for each in review.sales],
        "suggestions": [
            {"rule": each.rule, "text_zh": each.text.zh, "text_en": each.text.en, "incidents": list(each.incidents)}
            for each in review.suggestions
        ],
        "comparison": review.comparison and trend_document(review.comparison, zone),
        "actions": [_action(each, zone) for each in review.actions],
        "drills": {
            "classes": _classes(review.drill_classes),
            "handling": [_handling(each, review) for each in review.drills],
        },
    }


def _result(result: Result, zone: tzinfo) -> dict[str, Any]:
    return {
        "stream": result.stream,
        "sessions": [_session(each, zone) for each in result.sessions],
        "interrupted_seconds": result.interrupted,
        "not_publishing_seconds": result.not_publishing,
        "publishing_known": result.publishing_known,
        "incidents": dict(result.incidents),
        "viewers_peak": result.peak,
        "viewers_average": result.average,
        "viewers_known": result.known,
    }


def _session(session: Session, zone: tzinfo) -> dict[str, Any]:
    times = {key: _moment(getattr(session, key), zone) for key in ("start", "end", "started", "ended")}
    about = {key: getattr(session, key) for key in ("title", "platform", "room", "site", "expected_viewers")}
    return {"id": session.id, **about, **times}


def _minutes(found: Minutes, zone: tzinfo) -> dict[str, Any]:
    return {
        "good": [_spell(each, zone) for each in found.good],
        "bad": [_spell(each, zone) for each in found.bad],
        "not_known": [each.en for each in found.unknown],
    }


def _spell(each: Spell, zone: tzinfo) -> dict[str, Any]:
    why = {f"why_{language}": [text.read_in(language) for text in each.why] for language in LANGUAGES}
    return {"at": _moment(each.at, zone), "seconds": each.seconds, **why}


def _classes(classes: Sequence[Class]) -> list[dict[str, Any]]:
    return [
        {"procedure": each.procedure, "hop": each.hop, "severities": dict(each.counts), "total": each.total}
        for each in classes
    ]


def _handling(each: Handling, review: Review) -> dict[str, Any]:
    zone, segment = review.zone, review.during.get(each.number)
    return {
        "incident": each.number,
        "stream": each.stream,
        "procedure": each.procedure,
        "hop": each.hop,
        "severity": each.severity,
        "summary_zh": each.summary.zh,
        "summary_en": each.summary.en,
        "opened_at": _moment(each.opened_at, zone),
        "segment": segment and segment._asdict(),
        "observed": each.observed,
        "people": list(each.people),
        "seconds_to_page": each.seconds_to(each.paged_at),
        "seconds_to_ack": each.seconds_to(each.taken_at),
        "taken_by_the_drill": each.taken_by_itself,
        "seconds_to_over": each.seconds_to(each.over_at),
        "runbook_step": each.step,
        "notes": [
            {"at": _moment(note.at, zone), "text_zh": note.text.zh, "text_en": note.text.en} for note in each.notes
        ],
        "pages": {
            "failed_tries": each.failed_tries,
            "second_channel": [detour._asdict() for detour in each.detours],
            "undelivered": list(each.undelivered),
            "maybe_repeated": list(each.repeated),
            "called_again": each.called_again,
            "nobody_on_duty": each.unattended,
        },
    }


def trend_document(trend: Trend, zone: tzinfo) -> dict[str, Any]:
    """Values stand in the order of the sessions."""
    return {
        "sessions": [{"session": each.session, "ended_at": _moment(each.ended_at, zone)} for each in trend.points],
        "figures": [
            {
                "figure": line.figure.key,
                "values": list(line.values),
                "usual": line.usual,
                "direction": line.direction,
            }
            for line in trend.lines
        ],
    }


def _efficiency(found: Efficiency) -> dict[str, Any]:
    spreads = ("page", "ack", "over")
    return {
        "target_seconds": TARGET,
        "nights": found.nights,
        "nights_without_a_page": found.quiet,
        "procedures": [
            {key: value for key, value in vars(each).items() if key not in spreads}
            | {f"seconds_to_{key}": getattr(each, key)._asdict() for key in spreads}
            for each in found.effects
        ],
    }


def _action(each: Action, zone: tzinfo) -> dict[str, Any]:
    return {
        "id": each.number,
        "text": each.text,
        "owner": each.owner,
        "due": each.due.isoformat(),
        "overdue": each.overdue,
        "of": each.whence or None,
        "added_at": _moment(each.added_at, zone),
        "done_at": _moment(each.done_at, zone),
    }


def _feedback(each: Feedback) -> dict[str, Any]:
    return {
        "stream": each.stream,
        "known": each.known,
        "categories": [found._asdict() for found in each.categories],
        "samples": [sample._asdict() for sample in each.samples],
    }


def _sales(each: Sales) -> dict[str, Any]:
    return {
        "stream": each.stream,
        "known": each.known,
        "orders": each.orders,
        "orders_per_minute_peak": each.peak,
        "payments_failed": each.failed,
        "refunds": each.refunds,
        "turnover": dict(each.turnover),
        "refunded": dict(each.refunded),
    }


def _moment(at: datetime | None, zone: tzinfo) -> str | None:
    return None if at is None else at.astimezone(zone).isoformat(timespec="seconds")
