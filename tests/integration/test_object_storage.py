"""Evidence is copied to an object storage that is as strict as S3: whole, once, and until it is there."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from servers.free_port import free_port
from servers.receiver import AUTH, PhoneServer, serving, until, write_config
from servers.s3 import ACCESS, BUCKET, REGION, S3, SECRET
from servers.stand_in import Answer, hang_up
from servers.story import Story, alert, webhook
from streamwatch.evidence_folder import EvidenceFolder
from streamwatch.incidents.timeline import Kind, tell
from streamwatch.storage.copying import Copying, pause
from streamwatch.storage.s3 import Bucket
from streamwatch.storage.signing import Key
from streamwatch.store.reports import EvidenceFile

FILM = b"thirty seconds of black" * 100_000  # more than is read at once


class Desk:
    """A story whose evidence is copied. It is at work by the clock on the wall, as signatures are."""

    def __init__(self, folder: Path, s3: S3) -> None:
        self.story = story = Story(folder)
        story.clock.now = datetime.now(UTC)
        self.key, self.s3 = Key(ACCESS, SECRET, REGION), s3
        self.folder = EvidenceFolder(folder / "evidence", 10_000_000)
        self.endpoint = s3.base
        self.copying = Copying(
            story.store,
            story.http,
            lambda: Bucket(self.endpoint, BUCKET, self.key),
            lambda: folder / "evidence",
            self._preside,
            story.clock,
            story.metrics.registry,
        )

    async def _preside(self) -> bool:
        return True

    async def keep(self, body: bytes, name: str) -> EvidenceFile:
        async def read() -> AsyncIterator[bytes]:
            yield body

        (record,) = self.story.incidents() or [None]
        if record is None:
            await self.story.push(alert())
            (record,) = self.story.incidents()
        kept = await self.folder.keep(record.incident.id, name, read())
        file = EvidenceFile(kept.name, kept.path, kept.bytes, kept.sha256, "", self.story.clock(), "alice")
        row = tell(Kind.EVIDENCE_KEPT, person="alice", what=kept.name, digest=kept.sha256)
        self.story.store.reports.keep(record.incident.id, file, row)
        return file

    async def work(self) -> None:
        while await self.copying.step():
            continue

    def count(self, name: str, **labels: str) -> float | None:
        return self.story.metrics.registry.get_sample_value(f"streamwatch_object_copies{name}", labels)


@pytest.fixture
def s3() -> Iterator[S3]:
    with closing(S3()) as server:
        yield server


@pytest.fixture
async def desk(tmp_path: Path, s3: S3) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path, s3)
    yield desk
    await desk.story.close()


async def test_a_review_is_copied_as_people_left_it(desk: Desk, tmp_path: Path) -> None:
    """What they wrote into it since goes along; one that they threw away is no trouble for ever."""
    changed, gone = tmp_path / "show.zh.md", tmp_path / "show.csv"
    changed.write_text("我们的结论", encoding="utf-8")
    for path in (changed, gone):
        desk.story.store.uploads.want(f"reviews/{path.name}", path, 1, "0" * 64, desk.story.clock())
    await desk.work()
    assert desk.s3.kept == {"reviews/show.zh.md": changed.read_bytes()}
    assert desk.story.store.uploads.standing() == (0, None)


async def test_each_file_is_there_once_as_it_was(desk: Desk, s3: S3) -> None:
    """A large and an empty one, whatever they are called; nothing is sent again, also after a restart."""
    files = [await desk.keep(body, name) for body, name in ((FILM, "黑屏 $1.mp4"), (b"", "empty"))]
    await desk.work()
    assert s3.kept == {f"evidence/{files[0].path}": FILM, f"evidence/{files[1].path}": b""}
    await desk.story.restart()
    await desk.work()
    assert len(s3.requests) == 2
    assert (desk.count("_total", result="done"), desk.count("_waiting")) == (2.0, 0.0)
    assert desk.copying.warnings() == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(503), "refused with HTTP 503"),
        (Answer(502, b"<html>"), "refused with HTTP 502"),
        (hang_up, "no answer"),
    ],
)
async def test_what_failed_is_said_and_tried_again(desk: Desk, s3: S3, answer: Answer, why: str) -> None:
    """After ten seconds, not before; the warning is gone when it is there."""
    s3.script.append(answer)
    file = await desk.keep(FILM, "film")
    await desk.work()
    (warning,) = desk.copying.warnings()
    assert why in warning.en
    assert why in warning.zh
    assert (desk.count("_total", result="failed"), desk.count("_waiting")) == (1.0, 1.0)
    await desk.work()
    assert len(s3.requests) == 1
    desk.story.clock.advance(10)
    await desk.work()
    assert s3.kept == {f"evidence/{file.path}": FILM}
    assert desk.copying.warnings() == []


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (Key(ACCESS, "another secret", REGION), "SignatureDoesNotMatch"),
        (Key("AKIASOMEBODYELSE", SECRET, REGION), "InvalidAccessKeyId"),
        (Key(ACCESS, SECRET, "eu-west-1"), "AuthorizationHeaderMalformed"),
    ],
)
async def test_a_refusal_is_told_by_its_code_and_no_secret(
    desk: Desk, key: Key, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Once in the log, in both languages as a warning; the file stays wanted."""
    desk.key = key
    await desk.keep(b"proof", "proof")
    await desk.work()
    (warning,) = desk.copying.warnings()
    told = caplog.text + warning.en + warning.zh
    assert f"HTTP 403, {code}" in told
    assert not any(secret in told for secret in (key.access, key.secret, desk.s3.base))


async def test_what_was_changed_on_the_disk_is_not_copied(desk: Desk, s3: S3) -> None:
    """The hash on record is what is signed: S3 itself refuses anything else."""
    file = await desk.keep(b"the truth", "proof")
    path = desk.folder.path(file.path)
    path.chmod(0o600)
    path.write_bytes(b"a lie ...")
    await desk.work()
    assert s3.kept == {}
    assert "XAmzContentSHA256Mismatch" in desk.copying.warnings()[0].en


async def test_another_file_does_not_wait_for_one_that_fails(desk: Desk, s3: S3) -> None:
    """A file that is gone from the disk is tried again later; the next one is copied now."""
    gone, there = await desk.keep(b"gone", "gone"), await desk.keep(b"there", "there")
    desk.folder.path(gone.path).unlink()
    await desk.work()
    assert s3.kept == {f"evidence/{there.path}": b"there"}
    assert "cannot be read" in desk.copying.warnings()[0].en


async def test_any_file_may_be_wanted_and_anew_when_it_changed(desk: Desk, s3: S3, tmp_path: Path) -> None:
    """The same content again is no work; another content under the same key is copied again."""
    path, uploads = tmp_path / "review.md", desk.story.store.uploads
    for body in (b"# one", b"# one", b"# two, longer"):
        path.write_bytes(body)
        uploads.want("reviews/1122-A.md", path, len(body), hashlib.sha256(body).hexdigest(), desk.story.clock())
        await desk.work()
        assert s3.kept == {"reviews/1122-A.md": body}
    assert len(s3.requests) == 2


async def test_an_orderly_stop_does_not_wait_for_an_upload(desk: Desk, s3: S3) -> None:
    """It is broken off, and is done after the next start."""
    s3.script.append(s3.hang)
    await desk.keep(b"proof", "proof")
    working = asyncio.create_task(desk.copying.step())
    await asyncio.to_thread(until, lambda: s3.requests, 60)
    desk.copying.stop()
    await asyncio.wait_for(working, 60)
    assert desk.story.store.uploads.standing() == (1, None)
    assert s3.kept == {}


async def test_what_is_deleted_here_is_wanted_no_more(desk: Desk) -> None:
    """After its retention an incident goes with what was not copied yet; copies that are there stay there."""
    desk.key = Key(ACCESS, "another secret", REGION)
    await desk.keep(b"proof", "proof")
    await desk.work()
    assert desk.story.store.uploads.standing()[0] == 1
    desk.story.store.retention.forget([desk.story.incidents()[0].incident.id])
    await desk.work()
    assert desk.story.store.uploads.standing() == (0, None)


def test_pauses_grow_to_an_hour_and_never_end() -> None:
    """Ten seconds, one minute, five, thirty, then each hour."""
    seconds = [pause(tries).total_seconds() for tries in (1, 2, 3, 4, 5, 100)]
    assert seconds == [10, 60, 300, 1800, 3600, 3600]
    assert pause(1) < timedelta(minutes=1)


def test_the_real_receiver_copies_what_is_uploaded_and_says_when_it_cannot(tmp_path: Path, s3: S3) -> None:
    """By duty.yml and two secret files; a P0 is called while the storage refuses, and status says why it does."""
    port, phone = free_port(), PhoneServer()
    storage = {"s3": {"endpoint": s3.base, "bucket": BUCKET, "access_key_file": "secrets/access",
                      "secret_key_file": "secrets/secret", "region": REGION}}  # fmt: skip
    config = write_config(tmp_path, port, phone.url, storage=storage)
    (tmp_path / "secrets" / "access").write_text(f"{ACCESS}\n")
    (tmp_path / "secrets" / "secret").write_text("not the secret\n")
    with closing(phone), serving(config) as receiver:
        assert receiver.post(webhook(alert())).status_code == 200
        assert until(lambda: phone.pages)[0]["person"] == "alice"
        (incident,) = receiver.get("/api/v1/incidents")["incidents"]
        path = f"{receiver.base}/api/v1/incidents/{incident['id']}/evidence"
        httpx.post(path, params={"name": "a.mp4", "by": "alice"}, content=FILM, headers=AUTH).raise_for_status()
        said = until(lambda: receiver.get("/api/v1/status")["warnings"])
        assert "SignatureDoesNotMatch" in said[0]
        assert receiver.get("/-/ready")["ready"] is True
        assert "not the secret" not in receiver.log.read_text() + json.dumps(said)

        (tmp_path / "secrets" / "secret").write_text(f"{SECRET}\n")
        receiver.post(b"", "/-/reload").raise_for_status()
        until(lambda: s3.kept, 60)
        assert list(s3.kept.values()) == [FILM]
        until(lambda: not receiver.get("/api/v1/status")["warnings"], 60)
