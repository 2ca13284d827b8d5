"""Who is on duty as a program reads it: one document for `GET /api/v1/duty` and `streamwatch who --json`. Pure."""

from datetime import datetime
from typing import Any

from streamwatch.duty import Duty, DutyBook, Own
from streamwatch.vocabulary import in_names


def role_document(book: DutyBook, role: str, duty: Duty) -> dict[str, Any]:
    return {
        "role": role,
        "people": list(duty.call),
        "names": list(map(book.name, duty.call)),
        "backup": list(duty.backup),
        "backup_names": list(map(book.name, duty.backup)),
        "source": duty.source,
        "reason_zh": in_names(duty.reason).zh,
        "reason": in_names(duty.reason).en,
        "passed_over": [
            {"person": each.person, "name": book.name(each.person), "why_zh": each.text.zh, "why": each.text.en}
            for each in duty.passed_over
        ],
    }


def own_document(book: DutyBook, own: Own, at: datetime) -> dict[str, Any]:
    """Of a stream that has others on duty than the rest."""
    return {
        "stream": own.stream,
        "session": own.session.id if own.session else None,
        "phase": own.session.phase(at) if own.session else None,
        "duty": [role_document(book, role, duty) for role, duty in own.duty],
    }
