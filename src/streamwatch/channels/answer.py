"""What a service answered. The HTTP status says little: robots say yes and no with 200, and a code inside."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from streamwatch.channels.channel import ChannelError, Reason
from streamwatch.message import clean

LONGEST_PAUSE = timedelta(hours=1)

CURES = {
    Reason.AUTH: "check the robot's address, secret, keywords and allowed IPs",
    Reason.GONE: "make a new robot and put its address into the configuration",
    Reason.REJECTED: "the message itself is refused",
    Reason.THROTTLED: "the robot must pause",
}


def robot_answer(reply: httpx.Response, *keys: str, at: datetime) -> tuple[int, str]:
    """The code under the first of *keys* that is there, and the words beside it; 0 is a yes.

    Raises `ChannelError` for pages of proxies and firewalls, redirects and everything else without a code:
    the robot did not say yes, and an interloper's no is not final.
    """
    body = json_object(reply)
    code = next((body[key] for key in keys if key in body), None)
    if type(code) is not int or (code == 0 and not reply.is_success):
        raise interloper(reply, at)
    words = body.get("errmsg") or body.get("msg") or body.get("StatusMessage") or ""
    return code, str(words)


def interloper(reply: httpx.Response, at: datetime) -> ChannelError:
    """Somebody else answered in the service's place: its yes is no delivery, and its no is not final."""
    status = reply.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return ChannelError("HTTP 429", reason=Reason.THROTTLED, retry_after=pause(reply, at) or PAUSE)
    return ChannelError(f"HTTP {status} without the service's own answer", reason=Reason.SERVER_ERROR)


def by_status(status: int) -> Reason:
    """What an HTTP status means, when the service itself answered with it."""
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return Reason.THROTTLED
    if status == httpx.codes.REQUEST_TIMEOUT:
        return Reason.BUSY
    if status in (401, 403):
        return Reason.AUTH
    if status in (404, 410):
        return Reason.GONE
    return Reason.REJECTED if 300 <= status < 500 else Reason.SERVER_ERROR


PAUSE = timedelta(seconds=30)  # when asked to wait without being told how long


def refusal(
    code: int | str,
    words: str,
    reason: Reason,
    retry_after: timedelta | None = None,
    cures: Mapping[Reason, str] = CURES,
) -> ChannelError:
    """The service's no, with the cure; *words* must be without secrets."""
    cure = f" ({cures[reason]})" if reason in cures else ""
    said = f": {clean(words, 120)}" if words else ""
    return ChannelError(f"code {code}{cure}{said}", reason=reason, retry_after=retry_after)


def json_object(reply: httpx.Response) -> dict[str, object]:
    """The body, when it is a JSON object; an empty one for all else."""
    try:
        body = json.loads(reply.content)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def pause(reply: httpx.Response, at: datetime) -> timedelta | None:
    """What Retry-After asks for, in seconds or as a date (RFC 9110, 10.2.3), within reason."""
    asked = reply.headers.get("retry-after", "").strip()
    try:
        wait = timedelta(seconds=int(asked)) if asked.isdecimal() else parsedate_to_datetime(asked) - at
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, timedelta(seconds=1)), LONGEST_PAUSE)
