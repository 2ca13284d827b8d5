"""The whole signal path of real parts, each of which can be broken, and what is told of it while all is well."""

import os
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL

from servers.certificates import Authority, Certificate
from servers.dns_server import Zone, dns_server
from servers.fault_matrix import PUBLISHING, RECEIVED, UP, Condition, History, Moment, all_are, rate, recorded
from servers.flv_origin import FlvOrigin, flv_of_ffmpeg, flv_origin
from servers.hls_origin import hls_origin
from servers.nginx_rtmp import NginxRtmp, nginx_rtmp
from servers.peers import peer, says_nothing
from servers.signal_path import RATE, Encoder, ScriptedEdge, exporter_process, fetch, scripted_edge
from servers.undisturbed import undisturbed

EXPIRES_SOON = 7 * 86400  # seconds
DECLARED = "streamwatch_ingest_declared_info"
EXPIRY = "streamwatch_tls_cert_expiry_timestamp_seconds"
CONFIG = """
servers:
  - {{id: studio, nginx_rtmp: {{url: "{stat}"}}}}
hosts:
  - id: server
    place: ingest
    streams: [main]
    ping: {{address: 127.0.0.1}}
    tcp: {{address: "{rtmp}", interval: 1}}
  - {{id: name, place: ingest, dns: {{name: ingest.test, server: "{dns}", interval: 1, timeout: 0.8}}}}
  - {{id: web, place: cdn, http: {{url: "{page}", interval: 1}}}}
  - id: edge
    place: cdn
    tls: {{address: "{tls}", server_name: edge.test, ca_file: "{ca}", interval: 1, timeout: 0.8}}
streams:
  - id: main
    ingest: {{server: studio, app: live, name: main, own_readers: 1}}
    hls: {{url: "{playlist}"}}
    rtmp: {{url: "{play}", interval: 1, timeout: 3}}
    picture: {{url: "{playlist}", interval: 1, timeout: 5}}
  - {{id: scripted, hls: {{url: "{scripted}"}}}}
  - {{id: pulled, flv: {{url: "{flv}"}}}}
"""


@dataclass
class Chain:
    """Every part that can be broken."""

    encoder: Encoder
    nginx: NginxRtmp
    edge: ScriptedEdge
    flv: FlvOrigin
    zone: Zone
    tls: ssl.SSLContext
    good: Certificate
    expiring: Certificate

    def kill_nginx(self) -> None:
        """The worker as well: it would go on alone."""
        pid = int((self.nginx.folder / "nginx.pid").read_text())
        workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for each in (pid, *map(int, workers)):
            os.kill(each, SIGKILL)

    def start_nginx(self) -> None:
        self.nginx.stop()
        self.nginx.start()
        self.encoder.restart()

    def certify(self, certificate: Certificate) -> None:
        self.tls.load_cert_chain(certificate.chain, certificate.key)


def expires_soon(moment: Moment) -> bool:
    return any(value - time.time() < EXPIRES_SOON for value in moment.now.values(EXPIRY))


# Everything that should be told is told, and all of it is good. That something vanished is no recovery.
WELL = (
    all_are(UP, 1, 11),
    all_are(PUBLISHING, 1, 1),
    all_are(DECLARED, 1, 1, resolution="320x180"),
    all_are("streamwatch_reader_connected", 1, 2),
    all_are("streamwatch_video_black", 0, 1),
    all_are("streamwatch_video_frozen", 0, 1),
    all_are("streamwatch_audio_silent", 0, 2),
    all_are("streamwatch_dns_addresses", 1, 1),
    Condition(f"{EXPIRY} far", lambda moment: not expires_soon(moment)),
)
# What an encoder sends within seconds depends on how busy the machine is.
GOOD = (*WELL, rate(RECEIVED, ">", 0.8 * RATE))


@asynccontextmanager
async def whole_path(parts: Path) -> AsyncIterator[tuple[Chain, History]]:
    """The whole signal path, healthy, and its history."""
    authority = Authority(parts / "certificates")
    good, expiring = authority.sign("edge.test", days=90), authority.sign("edge.test", days=3)
    tls = good.server_context()
    async with AsyncExitStack() as stack:
        stack.enter_context(undisturbed())
        nginx = stack.enter_context(nginx_rtmp(parts / "nginx"))
        encoder = Encoder(nginx.publish_url("main"))
        stack.callback(encoder.kill)
        origin = await stack.enter_async_context(hls_origin())
        edge = await stack.enter_async_context(scripted_edge(origin))
        flv = await stack.enter_async_context(flv_origin(flv_of_ffmpeg(20)))
        zone = await stack.enter_async_context(dns_server())
        zone.addresses["ingest.test"] = ["127.0.0.1"]
        server = await stack.enter_async_context(peer(says_nothing, tls=tls))
        encoder.start()
        config = CONFIG.format(
            stat=nginx.stat_url, rtmp=f"127.0.0.1:{nginx.rtmp_port}", dns=zone.address, page=nginx.stat_url,
            tls=server.address, ca=authority.file, playlist=nginx.playlist_url("main"),
            play=nginx.publish_url("main"), scripted=origin.url("/master.m3u8"), flv=flv.url,
        )  # fmt: skip
        url = await stack.enter_async_context(exporter_process(parts, config))
        history = await stack.enter_async_context(recorded(lambda: fetch(url)))
        await history.until_good(GOOD, within=40)
        yield Chain(encoder, nginx, edge, flv, zone, tls, good, expiring), history
