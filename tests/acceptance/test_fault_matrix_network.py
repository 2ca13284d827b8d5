"""Faults of the way from the venue to the ingest server, made by the kernel: they show as faults of the uplink."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from servers.fault_matrix import (
    PING,
    PUBLISHING,
    RECEIVED,
    UP,
    Condition,
    Fault,
    History,
    all_are,
    any_is,
    endure,
    rate,
    recorded,
    share,
)
from servers.signal_path import RATE
from servers.two_sites import VENUE, WIRELESS_VENUE, TwoSites, two_sites
from servers.undisturbed import undisturbed

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONFIG = """
servers:
  - {{id: studio, nginx_rtmp: {{url: "{stat}"}}}}
hosts:
  - {{id: venue, place: gateway, streams: [main], ping: {{address: {venue}, interval: 0.2, timeout: 0.9}}}}
  - {{id: wireless, place: gateway, ping: {{address: {wireless}, interval: 0.2, timeout: 0.9}}}}
streams:
  - id: main
    ingest: {{server: studio, app: live, name: main}}
    hls: {{url: "{playlist}"}}
"""

LOST, SENT, JITTER = "streamwatch_ping_lost_total", "smokeping_requests_total", "streamwatch_ping_jitter_seconds"


def publishing() -> Condition:
    """What the ingest server says does not change."""
    return any_is(PUBLISHING, "==", 1) & any_is("streamwatch_ingest_server_up", "==", 1)


# What is counted in echoes shows within the window of 5 s and a few echoes; a host is down after three in a row.
# Jitter is the mean of a minute: it rises over 50 ms (ITU-T Y.1541) the sooner the less quiet there was before.
# fault: hop, what shows it, seconds to it, seconds from the repair to all being good, how it is made and undone
FAULTS = {
    "200 ms of jitter": Fault(
        "uplink", any_is(JITTER, ">", 0.05, host="wireless") & any_is(UP, "==", 1, server="wireless"), 35, 60,
        lambda sites: sites.jitter(0.2), lambda sites: sites.jitter(0.0),
    ),
    "a tenth of the packets lost": Fault(
        "uplink", share(LOST, SENT, ">", 0.04, host="venue") & publishing(), 15, 15,
        TwoSites.lose_a_tenth, TwoSites.lose_nothing,
    ),
    "uplink squeezed to half the bitrate": Fault(
        "uplink", share(f"{PING}_sum", f"{PING}_count", ">", 0.1, host="venue")
        & rate(RECEIVED, "<", 0.7 * RATE) & publishing(), 15, 20,
        lambda sites: sites.squeeze(RATE / 2), TwoSites.widen,
    ),
    "link down": Fault(
        "uplink", any_is(UP, "==", 0, server="venue") & rate(RECEIVED, "==", 0) & publishing(), 10, 20,
        TwoSites.cut, TwoSites.mend,
    ),
}  # fmt: skip

# Everything that should be told is told, and all of it is good.
GOOD = (
    all_are(UP, 1, 4),
    all_are(PUBLISHING, 1, 1),
    rate(RECEIVED, ">", 0.8 * RATE),
    all_are("streamwatch_hls_variants_up", 1, 1),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def way(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[TwoSites, History]]:
    """An encoder that publishes over a healthy wire, and the history of what the exporter at its end says."""
    folder = tmp_path_factory.mktemp("sites")
    with undisturbed(), two_sites(folder) as sites:
        config = CONFIG.format(
            stat=sites.nginx.stat_url,
            playlist=sites.nginx.playlist_url("main"),
            venue=VENUE,
            wireless=WIRELESS_VENUE,
        )
        sites.site.start_exporter(config)
        async with recorded(lambda: sites.fetch("http://127.0.0.1:9780/metrics")) as history:
            await history.until_good(GOOD, within=40)
            yield sites, history


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_of_the_way_is_not_blamed_on_the_encoder(way: tuple[TwoSites, History], name: str) -> None:
    """Echoes tell of it within its seconds, no hop before it is accused, and repaired it is good again."""
    sites, history = way
    await endure(name, FAULTS[name], sites, history, GOOD)
