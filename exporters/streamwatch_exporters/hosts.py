"""Where each host stands on the way, so that rules can tell the gateway, the provider and the ingest apart."""

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from streamwatch_exporters.config import Host


class HostInfo(Collector):
    """`streamwatch_host_info`, from streams.yml alone."""

    def __init__(self) -> None:
        self.hosts: tuple[Host, ...] = ()

    def collect(self) -> Iterator[Metric]:
        info = GaugeMetricFamily(
            "streamwatch_host_info",
            "A host on the way of a stream; stream is empty when it names none. 直播经过的主机",
            labels=["host", "place", "stream"],
        )
        for host in self.hosts:
            for stream in dict.fromkeys(host.streams) or ("",):
                info.add_metric([host.id, host.place, stream], 1)
        yield info
