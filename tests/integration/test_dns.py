"""The DNS probe in front of a name server that keeps to RFC 1035, and of some that do not."""

from pathlib import Path

from servers.dns_server import NXDOMAIN, REFUSED, SERVFAIL, Zone, dns_server
from servers.exporter import Page, running_exporter

UP = "streamwatch_probe_up"
FAILURES = "streamwatch_probe_failures_total"
ADDRESSES = "streamwatch_dns_addresses"
CHANGES = "streamwatch_dns_address_changes_total"
LOOKUPS = "streamwatch_dns_lookup_duration_seconds_count"


def failed_with(page: Page, host: str) -> set[str]:
    return {r for r in page.label_values("reason") if page.value(FAILURES, server=host, reason=r)}


def asking(zone: Zone, *names: str, record_type: str = "A") -> str:
    """A host for each name, called as its first label."""
    lines = [
        f'  - {{id: {name.split(".")[0]}, dns: {{name: {name}, server: "{zone.address}", type: {record_type}, '
        "interval: 0.2, timeout: 0.5}}\n"
        for name in names
    ]
    return "hosts:\n" + "".join(lines)


async def test_addresses_are_counted_and_their_change_once(tmp_path: Path) -> None:
    """Another order of the same addresses is no change."""
    async with dns_server() as zone:
        zone.addresses["ingest.test"] = ["192.0.2.1", "192.0.2.2", "2001:db8::1"]
        async with running_exporter(tmp_path, asking(zone, "ingest.test")) as exporter:
            page = await exporter.until(lambda page: (page.value(LOOKUPS) or 0) >= 2)
            assert page.value(UP) == 1
            assert page.value(ADDRESSES, host="ingest") == 2
            assert page.value(CHANGES, host="ingest") == 0
            zone.addresses["ingest.test"] = ["192.0.2.2", "192.0.2.1"]
            seen = page.value(LOOKUPS) or 0
            page = await exporter.until(lambda page: (page.value(LOOKUPS) or 0) >= seen + 2)
            assert page.value(CHANGES) == 0
            zone.addresses["ingest.test"] = ["192.0.2.7"]
            page = await exporter.until(lambda page: page.value(ADDRESSES) == 1)
            seen = page.value(LOOKUPS) or 0
            page = await exporter.until(lambda page: (page.value(LOOKUPS) or 0) >= seen + 2)
            assert page.value(CHANGES) == 1
            _, once = await exporter.get("/probe?module=dns&target=ingest")
            assert Page(once).value("probe_success") == Page(once).value("probe_dns_query_succeeded") == 1
            assert Page(once).value("probe_dns_answer_rrs") == 1
            assert (Page(once).value("probe_dns_lookup_time_seconds") or 0) > 0


async def test_ipv6_aliases_and_answers_too_long_for_a_datagram_are_read(tmp_path: Path) -> None:
    """An alias is followed by its addresses; forty addresses come over TCP."""
    async with dns_server() as zone:
        zone.addresses["edge.test"] = ["2001:db8::1", "2001:db8::2"]
        zone.aliases["live.test"] = "edge.test"
        zone.addresses["many.test"] = [f"2001:db8::{i}" for i in range(1, 41)]
        config = asking(zone, "live.test", "many.test", record_type="AAAA")
        async with running_exporter(tmp_path, config) as exporter:
            page = await exporter.until(lambda page: len(page.values(ADDRESSES)) == 2)
            assert page.value(ADDRESSES, host="live") == 2
            assert page.value(ADDRESSES, host="many") == 40
            assert ("tcp", "many.test") in zone.asked
            assert ("tcp", "live.test") not in zone.asked


async def test_no_such_name_is_an_answer_and_trouble_is_none(tmp_path: Path) -> None:
    """NXDOMAIN and a name without addresses are known zeros; the others cannot tell, each in its own words."""
    async with dns_server() as zone:
        zone.errors.update({"gone.test": NXDOMAIN, "sick.test": SERVFAIL, "closed.test": REFUSED})
        zone.addresses["empty.test"] = ["2001:db8::1"]
        zone.broken.update({"silent.test": "silent", "garbage.test": "garbage", "short.test": "short"})
        names = ["gone", "empty", "sick", "closed", "silent", "garbage", "short"]
        config = asking(zone, *(f"{name}.test" for name in names))
        async with running_exporter(tmp_path, config) as exporter:
            page = await exporter.until(lambda page: len(page.values(UP)) == len(names))
            assert [page.value(UP, server=name) for name in names] == [1, 1, 0, 0, 0, 0, 0]
            assert page.value(ADDRESSES, host="gone") == page.value(ADDRESSES, host="empty") == 0
            assert len(page.values(ADDRESSES)) == 2
            reasons = [failed_with(page, name) for name in names[2:]]
            assert reasons == [{"dns"}, {"dns"}, {"timeout"}, {"parse"}, {"parse"}]
            said = [(await exporter.get(f"/probe?module=dns&target={name}&debug=true"))[1] for name in names]
            words = ["NXDOMAIN", "without an address", "SERVFAIL", "REFUSED", "timeout", "not proper DNS"]
            for page_, word in zip(said, words, strict=False):
                assert word in page_
                assert "probe_success 0.0" in page_
                assert ".test" not in page_


async def test_an_answer_to_another_question_is_passed_over(tmp_path: Path) -> None:
    """Neither a wrong id nor another name is taken for the answer that follows."""
    async with dns_server() as zone:
        zone.addresses["ingest.test"] = ["192.0.2.1", "192.0.2.2"]
        zone.broken["ingest.test"] = "forged first"
        async with running_exporter(tmp_path, asking(zone, "ingest.test")) as exporter:
            page = await exporter.until(lambda page: len(page.values(UP)) == 1)
            assert page.value(ADDRESSES) == 2
            assert page.value(UP) == 1


async def test_a_server_that_is_not_there_is_told_from_one_that_is_silent(tmp_path: Path) -> None:
    """The machine says that nobody listens on that port."""
    async with dns_server() as gone:
        config = asking(gone, "a.test")
    async with running_exporter(tmp_path, config) as exporter:
        page = await exporter.until(lambda page: len(page.values(UP)) == 1)
        assert failed_with(page, "a") == {"connect"}
        assert page.values(ADDRESSES) == []


async def test_without_a_server_the_machine_is_asked(tmp_path: Path) -> None:
    """It knows its own name; of a name that cannot exist it says so."""
    config = """hosts:
  - {id: here, dns: {name: localhost, interval: 0.2}}
  - {id: nowhere, dns: {name: stream.invalid, interval: 0.2}}
"""
    async with running_exporter(tmp_path, config) as exporter:
        page = await exporter.until(lambda page: len(page.values(UP)) == 2)
        assert (page.value(ADDRESSES, host="here") or 0) >= 1
        # A machine without a name server cannot tell; one with says that it does not exist.
        assert page.value(ADDRESSES, host="nowhere") in (0, None)
        assert (page.value(ADDRESSES, host="nowhere") is None) == (failed_with(page, "nowhere") == {"dns"})
