"""Has the exporter fill the line for some seconds, once, because somebody asked for it."""

from typing import NamedTuple

import httpx
from prometheus_client.parser import text_string_to_metric_families

from streamwatch.language import Text
from streamwatch.preflight.line import Measured

PATIENCE = 50.0  # seconds: thirty of measuring, and the time to connect and to end
RATE = "streamwatch_throughput_bytes_per_second"
NO_EXPORTER = Text("duty.yml 没有写 exporter", "duty.yml names no exporter")
NOT_THERE = Text("采集器没有它的 throughput", "the exporter has no throughput of it")
SILENT = Text("采集器没有回答", "the exporter does not answer")
NOT_TOLD = Text("没有测成；采集器首页写着原因", "could not be measured; the exporter's own page says why")


class Exporter(NamedTuple):
    url: str
    token: str


async def fill(http: httpx.AsyncClient, exporter: Exporter | None, host: str) -> Measured:
    """What the module `throughput` of the exporter's `/probe` says of *host*, an id of its streams.yml."""
    if exporter is None:
        return Measured(host, None, why=NO_EXPORTER)
    try:
        reply = await http.post(
            f"{exporter.url.rstrip('/')}/probe",
            params={"module": "throughput", "target": host},
            headers={"Authorization": f"Bearer {exporter.token}"},
            timeout=PATIENCE,
        )
        if reply.status_code == 400:
            return Measured(host, None, why=NOT_THERE)
        page = reply.raise_for_status().text
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                if sample.name == RATE:
                    return Measured(host, sample.value, sample.labels.get("direction", "upload"))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return Measured(host, None, why=SILENT)
    return Measured(host, None, why=NOT_TOLD)
