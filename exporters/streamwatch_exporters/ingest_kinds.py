"""Every kind of ingest server: one line each. The name is the key in streams.yml and the label `kind`."""

from collections.abc import Callable
from typing import Any

from streamwatch_exporters.ingest_page import Reader
from streamwatch_exporters.mediamtx import MediaMtx
from streamwatch_exporters.nginx_rtmp import NginxRtmp
from streamwatch_exporters.node_media_server import NodeMediaServer
from streamwatch_exporters.probe import ProbeName
from streamwatch_exporters.srs import Srs
from streamwatch_exporters.zlmediakit import ZLMediaKit

KINDS: dict[ProbeName, Callable[[Any], Reader]] = {
    "nginx_rtmp": NginxRtmp,
    "node_media_server": NodeMediaServer,
    "srs": Srs,
    "mediamtx": MediaMtx,
    "zlmediakit": ZLMediaKit,
}
