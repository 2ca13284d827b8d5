"""Forms of our own pages: read in small portions, marked, and not taken from pages elsewhere.

A mark is bound to the session; without one to a cookie that only this browser has; behind a signed link to the
link. Beside it the browser says where the form stood (Fetch Metadata; Origin, RFC 6454): foreign ones are refused.
"""

import secrets
from urllib.parse import parse_qs, urlsplit

from fastapi import HTTPException, Request, Response

from streamwatch.config import Config
from streamwatch.language import Text
from streamwatch.web.callers import VISITOR, cookie_name
from streamwatch.web.parts import Parts

FORM = 20_000  # bytes of a form without files
YEAR = 365 * 24 * 3600  # seconds

FOREIGN = Text("表单来自别的网站：什么都没有做", "the form stood on another site: nothing was done")
UNMARKED = Text("页面已过期，什么都没有做：请重新打开再按一次",
                "the page is out of date and nothing was done: open it anew and press again")  # fmt: skip


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a small form; of several with one name the first."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM:
            raise HTTPException(413, Text("表单太大", "the form is too large"))
    fields = parse_qs(body.decode(errors="replace"), keep_blank_values=True)
    return {name: values[0].strip() for name, values in fields.items()}


async def marked_form(request: Request, parts: Parts, purpose: str) -> dict[str, str]:
    """Its fields. Raises 403 when it is none of the forms for *purpose* that we showed this reader."""
    refuse_foreign(request, parts)
    fields = await form_of(request)
    if not is_marked(request, parts, fields.get("press", ""), purpose):
        raise HTTPException(403, UNMARKED)
    return fields


async def behind_link(request: Request, parts: Parts, link: str) -> dict[str, str]:
    """Its fields. Raises 403 for a form from elsewhere. A program that holds the link needs no form."""
    refuse_foreign(request, parts)
    fields = await form_of(request)
    given = fields.get("press")
    if (given is not None or _is_browser(request)) and not parts.presses.is_ours(given or "", "link", link):
        raise HTTPException(403, UNMARKED)
    return fields


def refuse_foreign(request: Request, parts: Parts) -> None:
    if is_foreign(request, parts.config()):
        raise HTTPException(403, FOREIGN)


def is_foreign(request: Request, config: Config) -> bool:
    """Whether the browser says that the form stood elsewhere. Programs and old browsers say nothing."""
    site = request.headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none"):
        return True
    origin = request.headers.get("origin")
    if origin is None:
        return False
    return urlsplit(origin).netloc not in (request.headers.get("host"), _netloc(config))


def is_marked(request: Request, parts: Parts, given: str, purpose: str) -> bool:
    return parts.presses.is_ours(given, purpose, _bound_to(request, parts.config()))


def is_marked_for_emergency(request: Request, parts: Parts, given: str) -> bool:
    """As any form; and where a browser keeps no cookies at all, its own word that the page was ours will do."""
    if is_marked(request, parts, given, "sos"):
        return True
    says_so = request.headers.get("sec-fetch-site") == "same-origin"
    return says_so and not request.cookies and parts.presses.is_anybodys(given, "sos")


def mark(request: Request, purpose: str) -> str:
    """To be hidden in a form. Whoever has nothing yet to bind it to gets a cookie with the answer."""
    parts: Parts = request.app.state.parts
    bound = _bound_to(request, parts.config())
    if not bound:
        bound = request.state.new_visitor = getattr(request.state, "new_visitor", None) or secrets.token_urlsafe(24)
    return parts.presses.token(purpose, bound)


def mark_link(request: Request, link: str) -> str:
    """To be hidden in a form behind a signed link."""
    parts: Parts = request.app.state.parts
    return parts.presses.token("link", link)


def keep_visitor(request: Request, page: Response) -> None:
    if visitor := getattr(request.state, "new_visitor", None):
        set_cookie(page, request.app.state.parts.config(), VISITOR, visitor, YEAR)


def set_cookie(page: Response, config: Config, name: str, value: str, seconds: int) -> None:
    """Not for scripts, not over a bare line where there is TLS, not with what other sites post."""
    secure = config.file.public_url.scheme == "https"
    page.set_cookie(
        cookie_name(config, name), value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax"
    )


def _bound_to(request: Request, config: Config) -> str:
    caller = getattr(request.state, "caller", None)
    if caller is not None and caller.session:
        return str(caller.session)
    return request.cookies.get(cookie_name(config, VISITOR), "")


def _is_browser(request: Request) -> bool:
    return "origin" in request.headers or "sec-fetch-site" in request.headers


def _netloc(config: Config) -> str:
    return urlsplit(str(config.file.public_url)).netloc
