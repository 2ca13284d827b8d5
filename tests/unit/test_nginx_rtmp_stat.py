"""The stat page of nginx-rtmp becomes facts, whatever a fork adds or leaves out."""

import pytest

from streamwatch_exporters.nginx_rtmp_stat import read_stat_page
from streamwatch_exporters.nginx_rtmp_workers import WorkerWatch
from streamwatch_exporters.probe import ProbeFailed

PAGE = """<?xml version="1.0" encoding="utf-8" ?>
<rtmp><pid>77</pid><uptime>120</uptime><bw_in>0</bw_in><server><application><name>live</name><live>
<stream><name>secret-key</name><time>9000</time><bw_in>0</bw_in><bytes_in>5000000000</bytes_in><bytes_out>12</bytes_out>
<client><id>1</id><flashver>ngx-local-relay</flashver><dropped>0</dropped></client>
<client><id>2</id><flashver>LNX 9</flashver><dropped>7</dropped><unheard-of/></client>
<client><id>3</id><time>8000</time><dropped>0</dropped><avsync>-23</avsync><publishing/><active/></client>
<meta><video><width>1280</width><height>720</height><frame_rate>25.000</frame_rate><codec>H264</codec></video>
<audio><codec>AAC</codec></audio></meta>
<nclients>3</nclients><publishing/><active/></stream>
<nclients>3</nclients></live></application></server></rtmp>"""


def test_a_publishing_stream_is_read() -> None:
    """Readers are counted without the publisher and relays; milliseconds become seconds."""
    page = read_stat_page(PAGE.encode())
    stat = page.streams["live", "secret-key"]
    assert (page.pid, page.uptime, page.clients) == (77, 120.0, 3)
    assert (stat.publishing, stat.publish_uptime, stat.readers, stat.av_offset) == (True, 8.0, 1, -0.023)
    assert (stat.received_bytes, stat.sent_bytes, stat.dropped) == (5e9, 12, {"1": 0, "2": 7, "3": 0})
    assert (stat.codec, stat.resolution, stat.audio_codec) == ("H264", "1280x720", "AAC")


def test_the_stream_key_shows_in_no_text_about_the_page() -> None:
    """Pages end up in error reports; the key must not."""
    assert "secret-key" not in repr(read_stat_page(PAGE.encode()))


def test_without_the_list_of_clients_the_total_tells_the_readers() -> None:
    """`rtmp_stat global` gives totals only: the publisher is one of them."""
    page = b"<rtmp><server><application><name>live</name><live><stream><name>a</name><nclients>4</nclients>"
    page += b"<publishing/></stream></live></application></server></rtmp>"
    stat = read_stat_page(page).streams["live", "a"]
    assert (stat.publishing, stat.readers, stat.received_bytes, stat.av_offset) == (True, 3, None, None)


def test_an_empty_avsync_is_unknown() -> None:
    """With interleaving on, the element is there and empty."""
    page = read_stat_page(PAGE.replace("<avsync>-23</avsync>", "<avsync></avsync>").encode())
    assert page.streams["live", "secret-key"].av_offset is None


def test_a_stream_whose_publisher_left_is_not_publishing() -> None:
    """Readers may stay and wait: the stream is listed, without `publishing`."""
    text = PAGE.replace("<publishing/><active/></client>", "</client>").replace("<publishing/><active/>", "")
    stat = read_stat_page(text.encode()).streams["live", "secret-key"]
    assert (stat.publishing, stat.publish_uptime) == (False, None)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html><body>hello</body></html>", b"not xml", PAGE[:300].encode(), b"\xff\xfe",
     b'<!DOCTYPE r [<!ENTITY a "b">]><rtmp>&a;</rtmp>'],
)  # fmt: skip
def test_what_is_no_stat_page_is_refused(body: bytes) -> None:
    """Also XML that defines entities, which could be made to grow without end."""
    with pytest.raises(ProbeFailed) as failed:
        read_stat_page(body)
    assert failed.value.reason == "parse"


def test_a_restart_is_believed_at_once() -> None:
    """Another pid and an uptime that begins again: counters reset, nothing is doubtful."""
    workers = WorkerWatch()
    workers.check(100, 500, now=1000.0)
    workers.check(101, 0, now=1010.0)
    workers.check(101, 1, now=1011.0)


def test_several_workers_cannot_be_told_from_one_page() -> None:
    """They share the uptime of their master and take turns: nothing on their pages may be believed."""
    workers = WorkerWatch()
    workers.check(100, 500, now=1000.0)
    for now, pid in [(1001.0, 101), (1002.0, 100), (1003.0, 100), (1004.0, 101)]:
        with pytest.raises(ProbeFailed, match="worker_processes 1"):
            workers.check(pid, now - 500, now=now)


def test_a_respawned_worker_is_doubted_once() -> None:
    """Its pid is new while the master's uptime goes on; when it stays alone it is believed."""
    workers = WorkerWatch()
    workers.check(100, 500, now=1000.0)
    with pytest.raises(ProbeFailed):
        workers.check(101, 501, now=1001.0)
    workers.check(101, 502, now=1002.0)
    workers.check(101, 503, now=1003.0)
