"""A streams.yml in which every probe looks at something on 127.0.0.1, and everything secret in it is marked.

`MARK` stands in each address, path, query, name, key, password and file name, and in what the peers say. Each probe
has a target of its own, named after it; the targets of `hosts` belong to the stream `hls`. The host `twin` has most
of their probes, too. `gpu` asks the driver of this machine.
"""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from servers.bad_peers import udp_peer
from servers.certificates import Authority
from servers.clips import clip
from servers.dash_origin import LiveManifest
from servers.dns_server import Zone, dns_server
from servers.exporter import write_config
from servers.flv_origin import FlvOrigin, flv_of_ffmpeg, flv_origin
from servers.hls_origin import HlsOrigin, LivePlaylist, hls_origin
from servers.ingest_apis import PASSWORD, SECRET, USERNAME, IngestApis, ingest_apis
from servers.obs_stand_in import ObsStandIn, obs_stand_in
from servers.peers import peer, says_nothing
from servers.rtmp_stand_in import CONNECTED, CREATED, PLAYING, message, says
from servers.snmpd import COMMUNITY, Snmpd, snmpd

MARK = "hidden"
SERVERS = ("nginx_rtmp", "node_media_server", "srs", "mediamtx", "zlmediakit")
STREAMS = ("hls", "dash", "flv", "rtmp", "srt", "obs", "picture")
HOSTS = ("ping", "tcp", "tls", "dns", "http", "snmp", "disk", "gpu")
TWIN = ("ping", "tcp", "tls", "dns", "http")
PROBES = (*SERVERS, *STREAMS, *HOSTS)
KEY = "key-7f3a"  # what the stand-ins of the ingest servers publish

_CONFIG = """
servers:
  - {{id: nginx_rtmp, nginx_rtmp: {{url: "{origin}/stat/hidden01?t=hidden02"}}}}
  - {{id: node_media_server, node_media_server: {{url: "{origin}/nms-hidden03", {account}}}}}
  - {{id: srs, srs: {{url_file: hidden04-srs, {account}}}}}
  - {{id: mediamtx, mediamtx: {{url: "{apis}", {account}}}}}
  - {{id: zlmediakit, zlmediakit: {{url: "{apis}", secret_file: hidden05-secret}}}}
streams:
  - id: hls
    ingest: {{server: nginx_rtmp, app: live, name_file: hidden06-key}}
    hls: {{url: "{origin}/hidden07/m.m3u8?sign=hidden08", also: [{{id: copy, url: "{origin}/hidden09/m.m3u8"}}]}}
    chat: {{}}
    commerce: {{items: [{{item: "3", planned_price: "5"}}]}}
  - {{id: flv, ingest: {{server: srs, app: live, name: {key}}}, flv: {{url: "{flv}&x=hidden11"}}}}
  - id: rtmp
    ingest: {{server: mediamtx, app: live, name: {key}}}
    rtmp: {{url_file: hidden12-rtmp, interval: 1}}
  - {{id: dash, dash: {{url: "{origin}/hidden50/live.mpd?t=hidden51", interval: 0.5}}}}
  - {{id: srt, ingest: {{server: zlmediakit, app: live, name: {key}}}, srt: {{address: "{srt}", interval: 0.5}}}}
  - id: obs
    ingest: {{server: node_media_server, app: live, name: {key}}}
    obs: {{address: "{obs}", password_file: hidden13-obs, interval: 0.5, levels: true, screenshots: true}}
  - id: picture
    picture: {{url: "{origin}/hidden14.m3u8?t=hidden15", interval: 0.5, reference_slate_file: hidden16.png}}
hosts:
  - {{id: ping, place: gateway, streams: [hls], ping: {{address: 127.0.0.1, interval: 0.5}}}}
  - {{id: tcp, place: ingest, streams: [hls], tcp: {{address: "{tcp}", interval: 0.5}}}}
  - id: tls
    streams: [hls]
    tls: {{address: "{tls}", server_name: hidden17.test, ca_file: hidden18.pem, interval: 0.5}}
  - {{id: dns, streams: [hls], dns: {{name: hidden19.test, server: "{dns}", interval: 0.5}}}}
  - id: http
    streams: [hls]
    http: {{url: "{origin}/hidden20?p=hidden21", body_contains: hidden22, interval: 0.5}}
    throughput: {{url: "{origin}/hidden60?t=hidden61", seconds: 1}}
  - id: snmp
    streams: [hls]
    snmp:
      {{address: "{snmp}", community_file: hidden52, kind: custom, interval: 0.5,
        metrics: [{{oid: "1.3.6.1.4.1.99999.1.0", name: heat}}]}}
  - {{id: disk, streams: [hls], disk: {{path: hidden53, recording_glob: "*.mkv", interval: 0.5}}}}
  - {{id: gpu, streams: [hls], gpu: {{interval: 0.5}}}}
  - id: twin
    ping: {{address: 127.0.0.1, interval: 0.5}}
    tcp: {{address: "{tcp}", interval: 0.5}}
    tls: {{address: "{tls}", server_name: hidden17.test, ca_file: hidden18.pem, interval: 0.5}}
    dns: {{name: hidden19.test, server: "{dns}", interval: 0.5}}
    http: {{url: "{origin}/hidden20?p=hidden21", interval: 0.5}}
"""
_STAT = (
    "<rtmp><pid>1</pid><uptime>9</uptime><naccepted>1</naccepted><server><application><name>live</name><live>"
    "<stream><name>hidden23</name><time>900</time><bw_in>8</bw_in><bytes_in>90</bytes_in><bytes_out>9</bytes_out>"
    "<client><id>1</id><address>hidden24</address><dropped>0</dropped><avsync>9</avsync><publishing/></client>"
    "<meta><video><width>2</width><height>2</height><codec>H264</codec></video><audio><codec>AAC</codec></audio>"
    "</meta><nclients>2</nclients><publishing/></stream></live></application></server></rtmp>"
)
_NMS = (
    '{"live": {"key-7f3a": {"publisher": {"connectCreated": "2026-11-22T09:00:00Z", "bytes": 9, "ip": "hidden25",'
    ' "video": {"codec": "H264", "width": 2, "height": 2}, "audio": {"codec": "AAC"}}, "subscribers": []}}}'
)
_MASTER = (
    "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=80,RESOLUTION=2x2\nhidden-low.m3u8?t=hidden26\n"
    "#EXT-X-STREAM-INF:BANDWIDTH=90,RESOLUTION=4x4\nhidden-high.m3u8\n"
)
_KEY_TAG = '#EXT-X-KEY:METHOD=AES-128,URI="/hidden27?t=hidden28"\n#EXTINF'


@dataclass
class EveryPeer:
    """What the probes look at. `spoil` turns it all bad, and every answer then repeats secrets."""

    origin: HlsOrigin
    apis: IngestApis
    flv: FlvOrigin
    obs: ObsStandIn
    zone: Zone
    agent: Snmpd
    tls: ssl.SSLContext
    other: Authority
    config: str

    async def spoil(self) -> None:
        for path in list(self.origin.replies):
            self.origin.put(path, "<html>hidden30 hidden23 is not what was asked for</html>")
        self.origin.put("/hidden20", "hidden31", status=503)
        self.apis.srs_code = 2048
        self.flv.status = 404
        self.flv.cutting.set()
        self.obs.password = "hidden33"
        for socket in list(self.obs.listeners):
            await socket.close(message=b"hidden34")
        self.zone.broken["hidden19.test"] = "garbage"
        self.agent.stop()
        wrong = self.other.sign("hidden35.test")
        self.tls.load_cert_chain(wrong.chain, wrong.key)


@asynccontextmanager
async def every_peer(folder: Path) -> AsyncIterator[EveryPeer]:
    """Good peers for all of `PROBES`, and the files that the configuration names in *folder*."""
    authority = Authority(folder / "certificates")
    tls = authority.sign("hidden17.test").server_context()
    (folder / "hidden18.pem").write_bytes(authority.file.read_bytes())
    (folder / "hidden16.png").write_bytes(b"\x89PNG, or not")
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(hls_origin())
        apis = await stack.enter_async_context(ingest_apis())
        flv = await stack.enter_async_context(flv_origin(await asyncio.to_thread(flv_of_ffmpeg, 4)))
        obs = await stack.enter_async_context(obs_stand_in("hidden29"))
        grey = b64encode(b"P5\n64 36\n255\n" + bytes(64 * 36)).decode()
        obs.answers["GetSourceScreenshot"] = {"imageData": f"data:image/pgm;base64,{grey}"}
        zone = await stack.enter_async_context(dns_server())
        srt = await stack.enter_async_context(udp_peer(_listener))
        frames = says(CONNECTED + CREATED + PLAYING + message(9, b"\x17\x01\0\0\0x"))
        rtmp = await stack.enter_async_context(peer(frames))
        agent = stack.enter_context(snmpd(folder / "snmpd"))
        agent.serve("device", {"1.0": ("integer", 41)})
        tcp = await stack.enter_async_context(peer(says_nothing))
        secured = await stack.enter_async_context(peer(says_nothing, tls=tls))
        (folder / "hidden53").mkdir()
        (folder / "hidden53" / "hidden54.mkv").write_bytes(b"recorded")
        secrets = {"04-srs": apis.address, "05-secret": SECRET, "06-key": "hidden23", "13-obs": "hidden29",
                   "12-rtmp": f"rtmp://{rtmp.address}/live/hidden10?token=hidden36", "52": COMMUNITY}  # fmt: skip
        for name, secret in secrets.items():
            (folder / f"hidden{name}").write_text(secret)
        zone.addresses["hidden19.test"] = ["127.0.0.1"]
        _fill(origin)
        config = _CONFIG.format(
            account=f"username: {USERNAME}, password: {PASSWORD}", key=KEY, apis=apis.address, flv=flv.url,
            origin=origin.address, srt=srt, obs=obs.address, tcp=tcp.address, tls=secured.address, dns=zone.address,
            snmp=agent.address,
        )  # fmt: skip
        write_config(folder, config)
        yield EveryPeer(origin, apis, flv, obs, zone, agent, tls, Authority(folder / "others"), config)


def _fill(origin: HlsOrigin) -> None:
    live = LivePlaylist(duration=1.0, target=1, name="hidden-segment")
    origin.put("/stat/hidden01", _STAT)
    origin.put("/nms-hidden03/api/streams", _NMS)
    origin.put("/nms-hidden03/api/server", '{"nodejs": {"uptime": 9}, "clients": {"active": 1}}')
    for folder in ("hidden07", "hidden09"):
        origin.put(f"/{folder}/m.m3u8", _MASTER)
        for name in ("low", "high"):
            origin.put(f"/{folder}/hidden-{name}.m3u8", live.text().replace("#EXTINF", _KEY_TAG, 1))
        origin.put(f"/{folder}/hidden-segment-3.ts", b"x" * 1000)
    origin.put("/hidden50/live.mpd", LiveManifest().text(), Content_Type="application/dash+xml")
    for name in ("low", "high"):
        for number in range(480, 500):
            origin.put(f"/hidden50/{name}-{number}.m4s", b"x" * 1000)
    origin.put("/hidden27", b"sixteen bytes!!!")
    origin.put("/hidden14.m3u8", LivePlaylist(name="hidden-clip").text())
    origin.put("/hidden-clip-3.ts", clip())
    origin.put("/hidden20", "hidden22 is in stock")
    origin.put("/hidden60", b"hidden62" * 1_100_000)


def _listener(data: bytes) -> list[bytes]:
    """A listener of SRT: version 5, the magic, a cookie, to the id that asked."""
    return [data[:12] + data[40:44] + bytes([0, 0, 0, 5, 0, 0, 0x4A, 0x17]) + data[24:44] + b"cook" + bytes(16)]
