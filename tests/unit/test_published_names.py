"""Which names a test of throughput must not publish under, as far as streams.yml tells them."""

from pathlib import Path

import pytest

from servers.exporter import write_config
from streamwatch_exporters.config import load_config
from streamwatch_exporters.published_names import published_names

SERVER = 'servers: [{id: s, mediamtx: {url: "http://127.0.0.1:1"}}]\n'


@pytest.mark.parametrize(
    ("probe", "name"),
    [
        ('ingest: {server: s, app: live, name: "key?sign=x"}', "key"),
        ('ingest: {server: s, app: "", name: "live/key"}', "key"),
        ('rtmp: {url: "rtmp://a.test/live/key?token=x"}', "key"),
        ('flv: {url: "http://a.test/live/key.flv?sign=x"}', "key"),
        ('flv: {url: "http://a.test/live?port=1935&app=live&stream=key"}', "key"),
        ('hls: {url: "https://a.test/hls/key.m3u8"}', "key"),
        ('hls: {url: "https://a.test/hls/key/index.m3u8"}', "key"),
        ('hls: {url: "https://a.test/x.m3u8", also: [{id: b, url: "https://b.test/live/key.m3u8?t=1"}]}', "key"),
        ('dash: {url: "https://a.test/dash/key.mpd"}', "key"),
        ('picture: {url: "https://a.test/hls/k%65y.m3u8"}', "key"),
    ],
)
def test_each_probe_tells_the_name_it_looks_for(tmp_path: Path, probe: str, name: str) -> None:
    """Players know a stream by its name as well as the ingest server does."""
    path = write_config(tmp_path, f"{SERVER}streams:\n  - id: a\n    {probe}\n")
    assert name in published_names(load_config(path))


def test_a_name_of_its_own_stays_free(tmp_path: Path) -> None:
    """Else no test could ever be made."""
    path = write_config(tmp_path, 'streams: [{id: a, hls: {url: "https://a.test/hls/key.m3u8"}}]\n')
    assert published_names(load_config(path)).isdisjoint({"", "/", "test-of-the-line"})
