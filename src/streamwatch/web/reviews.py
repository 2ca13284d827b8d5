"""The reviews that were written when sessions ended: a list, each as a page, its files to be taken."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse, HTMLResponse

from streamwatch.language import Text
from streamwatch.web import presenting
from streamwatch.web.pages import Reader, render
from streamwatch.web.parts import Parts, Wired
from streamwatch.web.security import bearer, viewer
from streamwatch.web.shown_markdown import blocks

api = APIRouter(prefix="/api/v1", dependencies=[Depends(bearer)], tags=["reviews"])
pages = APIRouter(include_in_schema=False, dependencies=[Depends(viewer)])

SHOWN = 100
TYPES = {".md": "text/markdown", ".csv": "text/csv", ".json": "application/json"}


@api.get("/reviews")
def listed(
    parts: Wired,
    stream: str | None = None,
    session: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> dict[str, Any]:
    """The last to end first, each with its files and the numbers that are compared."""
    rows = parts.store.reviews.past(limit, stream, session=session)
    return {"reviews": [presenting.review(row, parts.config()) for row in rows]}


@api.get("/reviews/{name}")
def taken(parts: Wired, name: str) -> FileResponse:
    """One file as it is on the disk."""
    return _file(_path(parts, name))


@pages.get("/reviews")
def show_list(request: Request, parts: Wired, language: Reader) -> HTMLResponse:
    found = [presenting.review(row, parts.config()) for row in parts.store.reviews.past(SHOWN)]
    return render(
        request, "reviews.html", language, reviews=found, kept=parts.config().file.keeps_reviews is not None
    )


@pages.get("/reviews/{name}")
def show(request: Request, parts: Wired, language: Reader, name: str, raw: bool = False) -> Response:
    """A review as a page, with what people wrote into it since; other files, and *raw*, to be kept."""
    path = _path(parts, name)
    if raw or path.suffix != ".md":
        return _file(path)
    text = path.read_text(encoding="utf-8", errors="replace")
    return render(request, "review.html", language, name=name, blocks=list(blocks(text)))


def _path(parts: Parts, name: str) -> Path:
    """Only of files that are on record as ours: the name of any other leads nowhere."""
    folder = parts.config().file.keeps_reviews
    if folder is None or parts.store.reviews.of_file(name) is None:
        raise HTTPException(
            404, Text("没有这份复盘；全部见 /reviews", "there is no such review; all are at /reviews")
        )
    path = folder / name
    if not path.is_file():
        gone = Text(
            "这个文件已不在 reviews_folder 里：被移走或删除了，或由另一台机器写下",
            "this file is not in reviews_folder: somebody moved it, or another machine wrote it",
        )
        raise HTTPException(404, gone)
    return path


def _file(path: Path) -> FileResponse:
    return FileResponse(path, media_type=f"{TYPES[path.suffix]}; charset=utf-8", filename=path.name)
