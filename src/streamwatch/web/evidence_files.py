"""Evidence that people keep with an incident: uploaded, listed, handed out again as it came."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, RedirectResponse

from streamwatch.evidence_folder import EvidenceFolder, Kept, NotKept, TooLarge
from streamwatch.incidents.timeline import Kind, tell
from streamwatch.incidents.trigger import NOTE
from streamwatch.message import clean
from streamwatch.store.audit import Act
from streamwatch.store.reports import EvidenceFile
from streamwatch.web import form_file
from streamwatch.web.acting import Acting, Deeds
from streamwatch.web.api import no_incident, refused, the_person
from streamwatch.web.forms import is_marked, refuse_foreign
from streamwatch.web.parts import Parts, RowId, Wired
from streamwatch.web.security import bearer, ops, viewer
from streamwatch.web.triggers import shown

api = APIRouter(prefix="/api/v1", dependencies=[Depends(bearer)], tags=["evidence"])
pages = APIRouter(include_in_schema=False, dependencies=[Depends(viewer)])


@api.post("/incidents/{incident}/evidence", status_code=201)
async def upload(
    request: Request,
    parts: Wired,
    deeds: Deeds,
    incident: RowId,
    name: Annotated[str, Query(min_length=1, max_length=200)],
    by: Annotated[str, Query(min_length=1, max_length=80)],
    note: Annotated[str, Query(max_length=NOTE)] = "",
) -> dict[str, Any]:
    """The body is the file itself. 201: it is on the disk; 413 too large; 507 the disk refused it."""
    person = the_person(parts, by)
    await _keep(parts, deeds, incident, name, person, note, request.stream(), _announced(request))
    return await asyncio.to_thread(shown, parts, incident)


@api.get("/incidents/{incident}/evidence/{file}")
def download(parts: Wired, deeds: Deeds, incident: RowId, file: RowId) -> FileResponse:
    return _file(parts, deeds, incident, file)


@pages.get("/incidents/{incident}/evidence/{file}")
def open_file(parts: Wired, deeds: Deeds, incident: RowId, file: RowId) -> FileResponse:
    """Always as a download: what a stranger made is not shown as a page of ours."""
    return _file(parts, deeds, incident, file)


@pages.post("/incidents/{incident}/evidence", dependencies=[Depends(ops)])
async def upload_by_form(request: Request, parts: Wired, deeds: Deeds, incident: RowId) -> RedirectResponse:
    refuse_foreign(request, parts)
    try:
        form = await form_file.read(request)
    except form_file.NotAForm:
        raise _no_form() from None
    if not is_marked(request, parts, form.fields.get("press", ""), "incident"):
        raise refused(403, "请从事件页面上传", "upload from the page of the incident")
    by = deeds.myself or the_person(parts, form.fields.get("by", ""))
    note = form.fields.get("note", "")[:NOTE]
    await _keep(parts, deeds, incident, form.name, by, note, form.body, _announced(request))
    return RedirectResponse(f"/incidents/{incident}#evidence", 303)


async def _keep(
    parts: Parts,
    deeds: Acting,
    incident: int,
    name: str,
    by: str,
    note: str,
    body: AsyncIterator[bytes],
    announced: int,
) -> None:
    folder = _folder(parts)
    if await asyncio.to_thread(parts.store.journal.headline, incident) is None:
        raise no_incident(incident)
    try:
        if announced > folder.most + form_file.FIELDS:
            raise TooLarge
        kept = await folder.keep(incident, name, body)
    except TooLarge:
        most = f"{folder.most / 1e6:.0f} MB"
        raise refused(
            413,
            f"文件超过 {most}：请截取前后 5 分钟，或调大 duty.yml 的 evidence_megabytes",
            f"more than {most}: cut it to five minutes around, or raise evidence_megabytes in duty.yml",
        ) from None
    except form_file.NotAForm:
        raise _no_form() from None
    except NotKept as error:
        raise refused(507, f"磁盘没有存下：{error}", str(error)) from None
    await _record(parts, folder, incident, kept, by, note)
    await deeds.soon(Act.EVIDENCE, by, incident, f"{kept.name} SHA-256 {kept.sha256}")


async def _record(parts: Parts, folder: EvidenceFolder, incident: int, kept: Kept, by: str, note: str) -> None:
    """A file that is not on record would be found by nobody."""
    file = EvidenceFile(kept.name, kept.path, kept.bytes, kept.sha256, clean(note, NOTE), parts.clock(), by)
    row = tell(Kind.EVIDENCE_KEPT, person=by, what=kept.name, digest=kept.sha256)
    try:
        await asyncio.to_thread(parts.store.reports.keep, incident, file, row)
    except Exception:
        await asyncio.to_thread(folder.discard, kept.path)
        raise


def _folder(parts: Parts) -> EvidenceFolder:
    folder = parts.evidence_folder()
    if folder is None:
        raise refused(
            409,
            "没有指定证据存放处：在 duty.yml 写 evidence_folder",
            "there is nowhere to keep it: write evidence_folder into duty.yml",
        )
    return folder


def _file(parts: Parts, deeds: Acting, incident: int, file: int) -> FileResponse:
    row, folder = parts.store.reports.file(incident, file), _folder(parts)
    path = row and folder.path(row.path)
    if row is None or path is None or not path.is_file():
        raise refused(404, f"事件 #{incident} 没有这个文件", f"incident #{incident} has no such file")
    deeds.did(Act.EVIDENCE_READ, deeds.myself, incident, row.name)
    return FileResponse(path, media_type="application/octet-stream", filename=row.name)


def _announced(request: Request) -> int:
    declared = request.headers.get("content-length", "0")
    return int(declared) if declared.isdigit() else 0


def _no_form() -> Exception:
    return refused(400, "上传没有完成，请再选一次文件", "the upload is not complete; choose the file again")
