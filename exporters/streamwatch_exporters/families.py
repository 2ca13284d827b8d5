"""Every probe that watches on its own clock: one line each. The exporter opens and renders what stands here."""

from collections.abc import Callable
from typing import Any

from streamwatch_exporters.clock import Clock
from streamwatch_exporters.dash_metrics import DashFamily
from streamwatch_exporters.disk import disk_family
from streamwatch_exporters.dns import dns_family
from streamwatch_exporters.flv_metrics import FlvFamily
from streamwatch_exporters.gpu import gpu_family
from streamwatch_exporters.hls_metrics import HlsFamily
from streamwatch_exporters.http import http_family
from streamwatch_exporters.obs_metrics import ObsFamily
from streamwatch_exporters.picture import PictureFamily
from streamwatch_exporters.ping import PingFamily
from streamwatch_exporters.probe import ProbeName
from streamwatch_exporters.rtmp import rtmp_family
from streamwatch_exporters.snmp import SnmpFamily
from streamwatch_exporters.srt import srt_family
from streamwatch_exporters.tcp import tcp_family
from streamwatch_exporters.tls import tls_family
from streamwatch_exporters.watching import Family

FAMILIES: dict[ProbeName, Callable[[Clock], Family[Any]]] = {
    "hls": HlsFamily,
    "dash": DashFamily,
    "flv": FlvFamily,
    "rtmp": rtmp_family,
    "srt": srt_family,
    "ping": PingFamily,
    "tcp": tcp_family,
    "tls": tls_family,
    "dns": dns_family,
    "http": http_family,
    "snmp": SnmpFamily,
    "disk": disk_family,
    "gpu": gpu_family,
    "obs": ObsFamily,
    "picture": PictureFamily,
}
