"""What is kept of a session to be compared with later ones: Prometheus forgets in weeks. Pure."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from streamwatch.report.review.feedback import Feedback
from streamwatch.report.review.handling import Handling
from streamwatch.report.review.result import Result


def numbers(result: Result, feedback: Feedback, handlings: Sequence[Handling]) -> dict[str, Any]:
    """Of one stream: people, seconds, counts; None is not known. *handlings* are its incidents without drills."""
    counted = [each.complaints for each in feedback.categories if each.complaints is not None]
    took = {
        "page": [each.seconds_to(each.paged_at) for each in handlings],
        "ack": [each.seconds_to(each.taken_at) for each in handlings],
        "over": [each.seconds_to(each.over_at) for each in handlings],
    }
    return {
        "viewers_peak": result.peak,
        "viewers_average": result.average,
        "interrupted_seconds": result.interrupted,
        "incidents": dict(result.incidents),
        "complaints": sum(counted) if feedback.known else None,
        **{f"seconds_to_{what}": _middle(seconds) for what, seconds in took.items()},
    }


def _middle(seconds: list[float | None]) -> float | None:
    known = [each for each in seconds if each is not None]
    return median(known) if known else None
