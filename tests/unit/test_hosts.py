"""`hosts` in streams.yml: mistakes are named with their place and cure, and addresses are never echoed."""

from pathlib import Path

import pytest

from streamwatch_exporters.config import load_config
from streamwatch_exporters.mistakes import ConfigMistakes

GOOD = """
streams: [{id: demo, hls: {url: "http://127.0.0.1/a.m3u8"}}]
hosts:
  - id: edge
    place: cdn
    streams: [demo]
    ping: {address: geheim.test}
    tcp: {address: "geheim.test:443"}
    tls: {address: "[::1]:443", server_name: geheim.test}
    dns: {name: geheim.test, server: "192.0.2.53:53", type: AAAA}
    http: {url: "https://geheim.test/x?token=geheim", status: [200, 204], body_contains: geheim}
"""


def test_a_good_file_is_loaded_and_prints_no_address(tmp_path: Path) -> None:
    """Five probes of one host; whoever prints the configuration sees stars."""
    path = tmp_path / "streams.yml"
    path.write_text(GOOD)
    (host,) = load_config(path).hosts
    assert host.tls is not None
    assert host.tls.interval == 60
    assert "geheim" not in repr(host) + host.model_dump_json()


@pytest.mark.parametrize(
    ("before", "after", "line", "key", "says"),
    [
        ("ping: {address: geheim.test}", 'ping: {address: ""}', 7, "hosts[0].ping.address", "a host name"),
        ("ping: {address: geheim.test}", "ping: {address: geheim..t}", 7, "hosts[0].ping.address", "a host name"),
        ("ping: {address: geheim.test}", "ping: {adress: geheim.test}", 7, "hosts[0].ping.adress", "address?"),
        ("geheim.test:443", "geheim.test", 8, "hosts[0].tcp.address", "host:port"),
        ('"[::1]:443"', '"::1:443"', 9, "hosts[0].tls.address", "[::1]:443"),
        ("server_name: geheim.test", "ca_file: nowhere.pem", 9, "hosts[0].tls.ca_file", "PEM"),
        ("192.0.2.53:53", "nowhere:53", 10, "hosts[0].dns.server", "ip:port"),
        ("type: AAAA", "type: MX", 10, "hosts[0].dns.type", "A"),
        ("https://geheim", "ftp://geheim", 11, "hosts[0].http", "complete address"),
        ("[200, 204]", "[]", 11, "hosts[0].http.status", "at least 1 is"),
        ("[200, 204]", "[20]", 11, "hosts[0].http.status[0]", "at least 100"),
        ("streams: [demo]\n", "streams: [attic]\n", 6, "hosts[0].streams[0]", "streams are: demo"),
        ("place: cdn", "place: moon", 5, "hosts[0].place", "gateway"),
        (GOOD[GOOD.index("    ping:") :], "", 4, "hosts[0]", "nothing looks at it"),
    ],
)
def test_a_mistake_names_its_place_and_cure(
    tmp_path: Path, before: str, after: str, line: int, key: str, says: str
) -> None:
    """One change to a good file, and the mistake that it is."""
    assert before in GOOD
    path = tmp_path / "streams.yml"
    path.write_text(GOOD.replace(before, after, 1))
    with pytest.raises(ConfigMistakes) as refused:
        load_config(path)
    told = [(m.place.line, m.key, m.text.en) for m in refused.value.mistakes]
    assert [(line, key)] == [(at, where) for at, where, text in told if says in text], told
    assert "geheim" not in refused.value.read_in("en") + refused.value.read_in("zh")
