"""Every fault of the stream itself, on real parts: it shows at its hop in time, and no hop before is blamed."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from servers.dns_server import NXDOMAIN
from servers.fault_matrix import (
    PUBLISHING,
    RECEIVED,
    UP,
    Condition,
    Fault,
    History,
    absent,
    any_is,
    endure,
    rate,
    rose,
)
from servers.signal_path import RATE
from servers.whole_path import DECLARED, EXPIRY, GOOD, Chain, expires_soon, whole_path

pytestmark = pytest.mark.asyncio(loop_scope="module")


def main(name: str, sign: str, value: float, **labels: str) -> Condition:
    return any_is(f"streamwatch_{name}", sign, value, stream="main", **labels)


def silent(**channels: int) -> Condition:
    left, right = (main("audio_silent", "==", value, channel=name) for name, value in channels.items())
    return left & right


FORMAT = "streamwatch_segment_format_changes_total"
VIOLATIONS, FAILED = "streamwatch_hls_violations_total", "streamwatch_hls_segment_failures_total"
COUNTED_JUMPS = "streamwatch_media_timestamp_jumps_total"

SERVER_GONE = (
    any_is("streamwatch_ingest_server_up", "==", 0) & any_is(UP, "==", 0, probe="tcp") & absent(PUBLISHING)
)

# A picture shows within 10 s: the rest of the segment being written (2 s), one that is all bad (2 to 3 s), the next
# look (1 s) and its work. A server is asked at each scrape, a host and a playlist each second. What a playlist does
# shows after three of its target durations, a rate after the window it is taken over.
# fault: hop, what shows it, seconds to it, seconds from the repair to all being good, how it is made and undone
FAULTS = {
    "encoder killed": Fault(
        "ingest", main("ingest_publishing", "==", 0), 3, 15,
        lambda chain: chain.encoder.kill(), lambda chain: chain.encoder.start(),
    ),
    "encoder frozen": Fault(
        "encoder", rate(RECEIVED, "==", 0, stream="main") & main("ingest_publishing", "==", 1), 8, 15,
        lambda chain: chain.encoder.freeze(), lambda chain: chain.encoder.resume(),
    ),
    "black picture": Fault(
        "picture", main("video_black", "==", 1), 10, 10,
        lambda chain: chain.encoder.show("black"), lambda chain: chain.encoder.show("moving"),
    ),
    "frozen picture": Fault(
        "picture", main("video_frozen", "==", 1) & main("video_black", "==", 0), 10, 10,
        lambda chain: chain.encoder.show("still"), lambda chain: chain.encoder.show("moving"),
    ),
    "silence": Fault(
        "picture", silent(FL=1, FR=1), 10, 10,
        lambda chain: chain.encoder.sound("silence"), lambda chain: chain.encoder.sound("tone"),
    ),
    "one channel silent": Fault(
        "picture", silent(FL=0, FR=1), 10, 10,
        lambda chain: chain.encoder.sound("left"), lambda chain: chain.encoder.sound("tone"),
    ),
    "bitrate at a third": Fault(
        "encoder", rate(RECEIVED, "<", 0.6 * RATE, stream="main") & main("ingest_publishing", "==", 1), 12, 15,
        lambda chain: chain.encoder.restart(rate=57), lambda chain: chain.encoder.restart(),
    ),
    "resolution changed": Fault(
        "picture", any_is(DECLARED, "==", 1, resolution="160x90") & rose(FORMAT, media="video"), 10, 15,
        lambda chain: chain.encoder.restart(size="160x90"), lambda chain: chain.encoder.restart(),
    ),
    "timestamps jump": Fault(
        "picture", rose(COUNTED_JUMPS, stream="pulled", media="video", direction="forward"), 3, 10,
        lambda chain: setattr(chain.flv, "shift", chain.flv.shift + 10_000), lambda chain: None,
    ),
    "ingest server killed": Fault(
        "ingest", SERVER_GONE, 4, 20,
        Chain.kill_nginx, Chain.start_nginx,
    ),
    "one variant stalls": Fault(
        "playback", any_is("streamwatch_hls_stall_ratio", ">", 3, variant="640x360@200000")
        & any_is("streamwatch_hls_stall_ratio", "<", 2, variant="1280x720@800000"), 6, 8,
        lambda chain: chain.edge.stalled.add("low"), lambda chain: chain.edge.stalled.clear(),
    ),
    "media sequence runs backward": Fault(
        "playback", rose(VIOLATIONS, rule="media_sequence_regress", stream="scripted"), 4, 8,
        lambda chain: chain.edge.go_back(), lambda chain: None,
    ),
    "segments not found": Fault(
        "playback", rose(FAILED, code_class="4xx", stream="scripted"), 4, 10,
        lambda chain: setattr(chain.edge, "missing", True), lambda chain: setattr(chain.edge, "missing", False),
    ),
    "segments slower than real time": Fault(
        "playback", any_is("streamwatch_hls_download_ratio", ">", 1, stream="scripted"), 7, 10,
        lambda chain: setattr(chain.edge, "slow", True), lambda chain: setattr(chain.edge, "slow", False),
    ),
    "certificate about to expire": Fault(
        "playback", Condition(f"{EXPIRY} in less than a week", lambda moment: expires_soon(moment)), 4, 4,
        lambda chain: chain.certify(chain.expiring), lambda chain: chain.certify(chain.good),
    ),
    "name gone": Fault(
        "uplink", any_is("streamwatch_dns_addresses", "==", 0, host="name"), 4, 4,
        lambda chain: chain.zone.errors.update({"ingest.test": NXDOMAIN}), lambda chain: chain.zone.errors.clear(),
    ),
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def path(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Chain, History]]:
    async with whole_path(tmp_path_factory.mktemp("chain")) as healthy:
        yield healthy


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_shows_at_its_hop_in_time_and_goes(path: tuple[Chain, History], name: str) -> None:
    """Its metric says so within its seconds, no hop before it is accused, and repaired it is good again."""
    chain, history = path
    await endure(name, FAULTS[name], chain, history, GOOD)
