"""What ingest servers answer becomes facts, whatever the types in it; and how streams.yml names them."""

import json
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from streamwatch_exporters.config import Config, Server, load_config
from streamwatch_exporters.fetching import Fetched
from streamwatch_exporters.ingest_json import moment, number
from streamwatch_exporters.ingest_kinds import KINDS
from streamwatch_exporters.ingest_page import Page, StreamStat
from streamwatch_exporters.mediamtx import read_path
from streamwatch_exporters.mistakes import ConfigMistakes
from streamwatch_exporters.node_media_server import read_streams_2, read_streams_4
from streamwatch_exporters.srs import read_stream as read_srs
from streamwatch_exporters.zlmediakit import read_stream as read_zlmediakit

KEY = ("live", "secret-key")
FETCHED = Fetched(b"", URL("http://x/"), 0.1, "Sun, 22 Nov 2026 12:00:00 GMT")
NOW = FETCHED.server_time or 0.0
PUBLISHER_4 = {
    "id": "mc1", "ip": "192.0.2.7:5", "protocol": "rtmp", "createTime": (NOW - 90) * 1000, "inBytes": 5e9,
    "videoCodec": 7, "videoWidth": 1280, "videoHeight": 720, "audioCodec": 10,
}  # fmt: skip


def stream_4(**changes: Any) -> StreamStat:
    entry = {"app": KEY[0], "name": KEY[1], "publisher": PUBLISHER_4, "subscribers": 3, **changes}
    return read_streams_4({"success": True, "data": {"streams": [entry]}}, FETCHED)[KEY]


def test_release_4_of_node_media_server_is_read() -> None:
    """Milliseconds become seconds by the server's clock, ids of FLV become names."""
    stat = stream_4()
    assert (stat.publishing, stat.publish_uptime, stat.readers, stat.received_bytes) == (True, 90.0, 3, 5e9)
    assert (stat.codec, stat.resolution, stat.audio_codec) == ("H264", "1280x720", "AAC")


def test_a_publisher_who_is_waited_for_is_gone() -> None:
    """4.3 lists him for 30 s more."""
    stat = stream_4(status="reconnecting")
    assert (stat.publishing, stat.publish_uptime, stat.received_bytes) == (False, None, 5e9)
    assert not stream_4(publisher=None, status="idle").publishing


def test_a_recorder_is_no_reader() -> None:
    """It subscribes as a player does."""
    assert stream_4(recording=True).readers == 2
    assert stream_4(recording=True, subscribers=0).readers == 0


@pytest.mark.parametrize(
    ("declared", "name"),
    [(7, "H264"), (12, "H265"), (7.0, "H264"), ("avc1", "H264"), (0x68766331, "H265"), (0x61763031, "AV1"), (0, ""),
     (-1, ""), (2**40, ""), (None, ""), ("secret", ""), ([], ""), (float("nan"), "")],
)  # fmt: skip
def test_codecs_have_names_in_whatever_way_they_are_declared(declared: Any, name: str) -> None:
    """An id, a FourCC, the same as a number; what is none of them stays out of the labels."""
    assert stream_4(publisher={**PUBLISHER_4, "videoCodec": declared}).codec == name


def test_release_2_of_node_media_server_is_read() -> None:
    """A player who waits for a publisher makes a stream that is not published."""
    publisher = {
        "connectCreated": "2026-11-22T11:59:00.000Z", "bytes": 5000, "audio": None,
        "video": {"codec": "H264", "width": 2, "height": 3},
    }  # fmt: skip
    streams = read_streams_2(
        {"live": {"a": {"publisher": publisher, "subscribers": [{}, {}]},
                  "b": {"publisher": None, "subscribers": [{}]}}},
        FETCHED,
    )  # fmt: skip
    a, b = streams["live", "a"], streams["live", "b"]
    assert (a.publishing, a.publish_uptime, a.readers, a.received_bytes, a.resolution) == (True, 60, 2, 5000, "2x3")
    assert (b.publishing, b.publish_uptime, b.readers, b.received_bytes) == (False, None, 1, None)


JUNK: list[Any] = [
    None,
    True,
    5,
    -1,
    "x",
    [],
    {},
    [[]],
    [None],
    {"x": {}},
    1e400,
    "\ud800",
    [{"codec": "\ud800", "codec_type": 0, "codec_id_name": "\ud800"}],
    ["\ud800"],
    {"codec": "\ud800"},
]
FIELDS = [
    "publish", "codec", "clients", "video", "audio", "frames", "recv_bytes", "online", "onlineTime", "source",
    "tracks2", "tracks", "readers", "inboundBytes", "publisher", "subscribers", "status", "createTime",
    "aliveSecond", "totalReaderCount", "totalBytes", "schema",
]  # fmt: skip


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_any_type_in_any_field_is_got_over(junk: Any) -> None:
    """A field that is not what it should be is unknown; the other streams of the page are still told."""
    for field in FIELDS:
        entry = {"app": KEY[0], "name": KEY[1], field: junk}
        for stat in (
            read_srs(entry),
            read_path(entry, NOW),
            read_zlmediakit([entry]),
            *read_streams_4({"success": True, "data": {"streams": [entry]}}, FETCHED).values(),
        ):
            assert stat.received_bytes is None or stat.received_bytes == junk
            (stat.codec + stat.audio_codec + stat.resolution).encode()


@pytest.mark.parametrize("junk", [True, "5", None, [], float("nan"), float("inf"), 10**400])
def test_what_is_no_number_is_unknown(junk: Any) -> None:
    """The next name is tried."""
    assert number({"a": junk, "b": 7}, "a", "b") == 7
    assert number({"a": junk}, "a") is None


@pytest.mark.parametrize("junk", ["", "soon", "2026-11-22T11:00:00", "0001-01-01T00:00:00Z", 5, None])
def test_what_is_no_moment_is_unknown(junk: Any) -> None:
    """Go writes year 1 for a time that was never set; a time without a zone could be any."""
    assert moment({"a": junk, "b": "2026-11-22T11:00:00.123456789Z"}, "a", "b") == pytest.approx(
        NOW - 3600, abs=0.2
    )


def test_a_path_is_found_by_application_and_name_or_by_name_alone() -> None:
    """Of a server that knows no applications."""
    page = Page({("", "live/a"): StreamStat(publishing=True), ("", "b"): StreamStat(publishing=True)})
    assert page.stream("live", "a").publishing
    assert page.stream("", "b").publishing
    assert not page.stream("live", "b").publishing
    assert "live/a" not in repr(page)


SERVERS = """
  - {id: one, nginx_rtmp: {url: "http://h/stat"}}
  - {id: two, node_media_server: {url: "http://h", username: u, password: SECRET}}
  - {id: three, srs: {url: "http://h"}}
  - {id: four, mediamtx: {url: "http://h", username: u, password_file: token}}
  - {id: five, zlmediakit: {url: "http://h", secret: SECRET}}
"""


def load(folder: Path, servers: str, streams: str = "[]") -> Config:
    (folder / "token").write_text("SECRET\n")
    path = folder / "streams.yml"
    path.write_text(f"servers:{servers}\nstreams: {streams}\n")
    return load_config(path)


def test_every_kind_can_be_named(tmp_path: Path) -> None:
    """A stream names its server in the same way whatever its kind; the older key means the same."""
    streams = "[{id: a, ingest: {server: three, app: live, name: SECRET, own_readers: 2}}, "
    streams += "{id: b, nginx_rtmp: {server: one, app: live, name: SECRET}}, "
    streams += "{id: c, ingest: {server: four, app: '', name: SECRET}}]"
    config = load(tmp_path, SERVERS, streams)
    assert [server.kind for server in config.servers] == list(KINDS)
    assert [stream.published.server for stream in config.streams if stream.published] == ["three", "one", "four"]
    assert "SECRET" not in repr(config) + json.dumps(config.model_dump(mode="json"))
    assert set(Server.model_fields) == {"id", *KINDS}


@pytest.mark.parametrize(
    ("servers", "streams", "key", "says"),
    [
        ("[{id: a}]", "[]", "servers[0]", "exactly one of these is needed: nginx_rtmp, node_media_server, srs"),
        ("[{id: a, srs: {url: 'http://h'}, mediamtx: {url: 'http://h'}}]", "[]", "servers[0]", "exactly one"),
        ("[{id: a, sr: {url: 'http://h'}}]", "[]", "servers[0].sr", "did you mean srs?"),
        ("[{id: a, srs: {url: 'http://h', username: u}}]", "[]", "servers[0].srs", "go together"),
        ("[{id: a, srs: {url: 'http://h', password: SECRET}}]", "[]", "servers[0].srs", "go together"),
        ("[{id: a, srs: {url: SECRET}}]", "[]", "servers[0].srs", "complete address"),
        ("[{id: a, zlmediakit: {url: 'http://h'}}]", "[]", "servers[0].zlmediakit", "secret and secret_file"),
        ("[]", "[{id: s, ingest: {server: x, app: l, name: n}}]", "streams[0].ingest.server", "no server has"),
        (SERVERS, "[{id: s, ingest: {server: one, app: '', name: n}}]", "streams[0].ingest.app", "not be empty"),
        (SERVERS, "[{id: s, ingest: {server: one, app: l, name: n}, nginx_rtmp: {server: one, app: l, name: n}}]",
         "streams[0]", "exactly one of these is needed: ingest, nginx_rtmp"),
        (SERVERS, "[{id: s, ingest: {server: one, app: l, name: n, own_readers: -1}}]",
         "streams[0].ingest.own_readers", "at least 0"),
    ],
)  # fmt: skip
def test_a_mistake_about_servers_is_named(tmp_path: Path, servers: str, streams: str, key: str, says: str) -> None:
    """With its place and its cure, and without a secret."""
    with pytest.raises(ConfigMistakes) as refused:
        load(tmp_path, f" {servers}", streams)
    (found,) = refused.value.mistakes
    assert found.key == key
    assert says in found.text.en
    assert "SECRET" not in found.read_in("en") + found.read_in("zh")
