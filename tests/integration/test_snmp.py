"""A real Net-SNMP agent as switch, UPS and encoder, and what the exporter knows of it at each moment."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from servers.exporter import Page, running_exporter
from servers.snmpd import COMMUNITY, PASSWORD, PRIVATE, USER, Snmpd, snmpd

UP, FAILURES = "streamwatch_probe_up", "streamwatch_probe_failures_total"
UPTIME = "streamwatch_snmp_uptime_seconds"
LINK, FOUND, RECEIVED = (f"streamwatch_interface_{part}" for part in ("up", "found", "received_bytes_total"))


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Snmpd]:
    with snmpd(tmp_path / "agent") as server:
        yield server


def watching(folder: Path, agent: Snmpd, more: str, *, community: str = COMMUNITY, timeout: float = 5.0) -> str:
    (folder / "community").write_text(community + "\n")
    head = f'address: "{agent.address}", community_file: community, interval: 0.2, timeout: {timeout}'
    return f"hosts:\n  - {{id: device, place: device, snmp: {{{head}, {more}}}}}\n"


def user(
    folder: Path, agent: Snmpd, *, auth: str = PASSWORD, priv: str = PRIVATE, name: str = USER, timeout: float = 3.0
) -> str:
    (folder / f"auth-{name}").write_text(auth + "\n")
    (folder / f"priv-{name}").write_text(priv + "\n")
    v3 = f"{{user: {name}, auth: sha256, auth_file: auth-{name}, priv: aes, priv_file: priv-{name}}}"
    metric = '{oid: "1.3.6.1.4.1.99999.1.0", name: degrees}'
    head = f'address: "{agent.address}", v3: {v3}, interval: 0.2, timeout: {timeout}'
    return f"hosts:\n  - {{id: device, snmp: {{{head}, kind: encoder, metrics: [{metric}]}}}}\n"


def failed_with(page: Page, host: str = "device") -> set[str]:
    reasons = page.label_values("reason")
    return {reason for reason in reasons if page.value(FAILURES, server=host, reason=reason)}


def switch(agent: Snmpd, ports: Mapping[int, tuple[str, int, int]]) -> None:
    """Ports by index: name, ifOperStatus, octets received."""
    names, numbers = {}, {}
    for index, (name, status, octets) in ports.items():
        names[f"1.{index}"] = ("string", name)
        names[f"6.{index}"] = ("counter64", octets)
        names[f"10.{index}"] = ("counter64", 7)
        names[f"15.{index}"] = ("gauge", 1000)
        numbers[f"8.{index}"] = ("integer", status)
        for column in (13, 14, 19, 20):
            numbers[f"{column}.{index}"] = ("counter", column)
    agent.serve("names", names)
    agent.serve("interfaces", numbers)


async def test_a_switch_tells_of_its_listed_interfaces(tmp_path: Path, agent: Snmpd) -> None:
    """64 bits of bytes, bytes per second of bandwidth; ports that nobody listed are no series."""
    octets = 2**63 + 5
    switch(agent, {1: ("Gi1/0/1", 1, octets), 2: ("Gi1/0/2", 2, 3), 3: ("Gi1/0/3", 1, 4), 4: ("Te1", 4, 5)})
    config = watching(tmp_path, agent, 'kind: switch, interfaces: ["Gi1/0/1", "Gi1/0/2", Te1, gone]')
    async with running_exporter(tmp_path, config) as exporter:
        page = await exporter.until(lambda page: page.value(UP) == 1)
        first = {"host": "device", "interface": "Gi1/0/1"}
        assert page.value(LINK, **first) == page.value(FOUND, **first) == 1
        assert page.value("streamwatch_interface_speed_bytes_per_second", **first) == 125e6
        assert page.value(RECEIVED, **first) == float(octets)
        assert page.value("streamwatch_interface_sent_bytes_total", **first) == 7
        assert page.value("streamwatch_interface_receive_discards_total", **first) == 13
        assert page.value("streamwatch_interface_receive_errors_total", **first) == 14
        assert page.value("streamwatch_interface_send_discards_total", **first) == 19
        assert page.value("streamwatch_interface_send_errors_total", **first) == 20
        assert page.value(LINK, interface="Gi1/0/2") == 0
        assert page.values(LINK, interface="Te1") == []  # unknown(4)
        assert page.value(FOUND, interface="gone") == 0
        assert page.values(RECEIVED, interface="gone") == []
        assert page.label_values("interface") == {"Gi1/0/1", "Gi1/0/2", "Te1", "gone"}
        assert page.value(UPTIME, host="device") >= 0  # type: ignore[operator]
        assert "an interface is not found, an interface is down" in (await exporter.get("/"))[1]


async def test_ports_with_numbers_for_names_are_found(tmp_path: Path, agent: Snmpd) -> None:
    """As many switches have them: 24 is a name there."""
    switch(agent, {1: ("24", 1, 2_400), 24: ("1", 2, 100)})
    config = watching(tmp_path, agent, 'kind: switch, interfaces: ["24", "1"]')
    async with running_exporter(tmp_path, config) as exporter:
        page = await exporter.until(lambda page: page.value(UP) == 1)
        assert page.value(FOUND, interface="24") == page.value(LINK, interface="24") == 1
        assert page.value(RECEIVED, interface="24") == 2_400
        assert (page.value(FOUND, interface="1"), page.value(LINK, interface="1")) == (1, 0)


async def test_an_agent_without_ifxtable_is_asked_by_ifdescr(tmp_path: Path, agent: Snmpd) -> None:
    """Old and small devices have no ifName. An interface that is not there either is not found."""
    agent.serve("interfaces", {"2.3": ("string", "uplink"), "8.3": ("integer", 1)})
    config = watching(tmp_path, agent, "kind: switch, interfaces: [uplink, gone]")
    async with running_exporter(tmp_path, config) as exporter:
        page = await exporter.until(lambda page: page.value(UP) == 1)
        assert page.value(FOUND, interface="uplink") == page.value(LINK, interface="uplink") == 1
        assert page.value(FOUND, interface="gone") == 0


async def test_an_agent_that_hides_its_names_is_no_missing_interface(tmp_path: Path, agent: Snmpd) -> None:
    """A view without ifXTable, or without any table: it cannot be told what is there."""
    config = watching(tmp_path, agent, "kind: switch, interfaces: [Gi1]")
    async with running_exporter(tmp_path, config) as exporter:
        page = await exporter.until(lambda page: page.value(UP) == 0)
        assert failed_with(page) == {"protocol"}
        assert page.values(FOUND) == []
        agent.serve("interfaces", {"2.3": ("string", "GigabitEthernet1"), "8.3": ("integer", 1)})
        runs = page.value("streamwatch_probe_runs_total") or 0
        page = await exporter.until(lambda page: (page.value("streamwatch_probe_runs_total") or 0) > runs + 2)
        assert failed_with(page) == {"protocol"}
        assert page.values(FOUND) == []
        assert "let its view show ifXTable" in (await exporter.get("/"))[1]
        switch(agent, {3: ("Gi1", 1, 5)})
        await exporter.until(lambda page: page.value(FOUND, interface="Gi1") == 1)


async def test_a_switch_that_renumbers_its_ports_is_followed_by_name(tmp_path: Path, agent: Snmpd) -> None:
    """After a reboot an index may mean another port: the bytes of that one are never told for this one."""
    switch(agent, {1: ("uplink", 1, 1_000_000), 2: ("camera", 2, 50)})
    config = watching(tmp_path, agent, "kind: switch, interfaces: [uplink]")
    async with running_exporter(tmp_path, config) as exporter:
        await exporter.until(lambda page: page.value(RECEIVED, interface="uplink") == 1_000_000)
        switch(agent, {1: ("camera", 2, 50), 9: ("uplink", 1, 1_000_500)})
        while (octets := (await exporter.page()).value(RECEIVED, interface="uplink")) != 1_000_500:
            assert octets in (1_000_000, None)
        page = await exporter.page()
        assert page.value(LINK, interface="uplink") == 1
        assert failed_with(page) <= {"protocol"}


async def test_a_ups_tells_of_its_battery(tmp_path: Path, agent: Snmpd) -> None:
    """Mains, then battery: seconds, a ratio and what is left, in base units."""
    lines = {"4.4.1.5.1": ("integer", 40), "4.4.1.5.2": ("integer", 55)}
    mains = {
        "2.1.0": ("integer", 2),
        "2.2.0": ("integer", 0),
        "2.3.0": ("integer", 32),
        "2.4.0": ("integer", 98),
        "4.1.0": ("integer", 3),
        "6.1.0": ("gauge", 0),
    }
    agent.serve("ups", {**mains, **lines})
    async with running_exporter(tmp_path, watching(tmp_path, agent, "kind: ups")) as exporter:
        page = await exporter.until(lambda page: page.value(UP) == 1)
        assert page.value("streamwatch_ups_on_battery", host="device") == 0
        assert page.value("streamwatch_ups_output_on") == 1
        assert page.value("streamwatch_ups_runtime_seconds") == 1920
        assert page.value("streamwatch_ups_charge_ratio") == pytest.approx(0.98)
        assert page.value("streamwatch_ups_load_ratio", line="1") == 0.4
        assert page.value("streamwatch_ups_load_ratio", line="2") == 0.55
        battery = {
            "2.1.0": ("integer", 3),
            "2.2.0": ("integer", 75),
            "4.1.0": ("integer", 5),
            "6.1.0": ("gauge", 2),
        }
        agent.serve("ups", {**mains, **lines, **battery})
        page = await exporter.until(lambda page: page.value("streamwatch_ups_on_battery") == 1)
        assert page.value("streamwatch_ups_battery_low") == 1
        assert page.value("streamwatch_ups_battery_seconds") == 75
        assert page.value("streamwatch_ups_alarms") == 2
        assert page.value(UP) == 1
        assert "it runs on its battery" in (await exporter.get("/"))[1]
        status, text = await exporter.get("/probe?module=snmp&target=device&debug=true")
        assert status == 200
        assert "probe_success 0.0" in text
        assert COMMUNITY not in text


async def test_an_encoder_tells_what_the_configuration_names(tmp_path: Path, agent: Snmpd) -> None:
    """Gauges and counters, scaled; text that is a number counts, other text never becomes a label."""
    agent.serve(
        "device",
        {
            "1.0": ("integer", 415),
            "2.0": ("counter64", 2**40),
            "3.0": ("string", " 23.5"),
            "4.0": ("string", "Studio 1 secret title"),
        },
    )
    metrics = ", ".join(
        [
            '{oid: ".1.3.6.1.4.1.99999.1.0", name: degrees, scale: 0.1}',
            '{oid: "1.3.6.1.4.1.99999.2.0", name: frames, type: counter}',
            '{oid: "1.3.6.1.4.1.99999.3.0", name: rate}',
            '{oid: "1.3.6.1.4.1.99999.4.0", name: title}',
            '{oid: "1.3.6.1.4.1.99999.5.0", name: missing}',
        ]
    )
    async with running_exporter(
        tmp_path, watching(tmp_path, agent, f"kind: encoder, metrics: [{metrics}]")
    ) as exporter:
        page = await exporter.until(lambda page: page.value(UP) == 1)
        assert page.value("streamwatch_snmp_value", name="degrees") == pytest.approx(41.5)
        assert page.value("streamwatch_snmp_count_total", name="frames") == 2**40
        assert page.value("streamwatch_snmp_value", name="rate") == 23.5
        assert page.label_values("name") == {"degrees", "frames", "rate"}
        assert "secret title" not in page.text


async def test_silence_is_a_timeout_and_leaves_no_value(tmp_path: Path, agent: Snmpd) -> None:
    """A device that stops answering, and one with another community, are the same on the wire."""
    agent.serve("device", {"1.0": ("integer", 1)})
    more = 'kind: custom, metrics: [{oid: "1.3.6.1.4.1.99999.1.0", name: a}]'
    async with running_exporter(tmp_path, watching(tmp_path, agent, more, timeout=1.0)) as exporter:
        await exporter.until(lambda page: page.value(UP) == 1)
        agent.pause(paused=True)
        page = await exporter.until(lambda page: page.value(UP) == 0)
        assert failed_with(page) == {"timeout"}
        assert page.values("streamwatch_snmp_value") == page.values(UPTIME) == []
        agent.pause(paused=False)
        await exporter.until(lambda page: page.value("streamwatch_snmp_value", name="a") == 1)
        exporter.config.write_text(
            "chat: {token_file: chat_token}\n" + watching(tmp_path, agent, more, community="wrong-one", timeout=1.0)
        )
        assert (await exporter.post("/-/reload"))[0] == 200
        page = await exporter.until(lambda page: page.value(UP) == 0)
        assert failed_with(page) == {"timeout"}
        answer = (await exporter.get("/"))[1]
        assert "no answer: the device is off, UDP is filtered, or its community is another" in answer
        assert "wrong-one" not in answer


async def test_a_user_of_version_3_asks_encrypted(tmp_path: Path, agent: Snmpd) -> None:
    """Also after the agent was started again, and after it was replaced by another one at the same address."""
    agent.serve("device", {"1.0": ("integer", 21)})
    value = "streamwatch_snmp_value"
    async with running_exporter(tmp_path, user(tmp_path, agent, timeout=1.5)) as exporter:
        page = await exporter.until(lambda page: page.value(value, name="degrees") == 21)
        assert {PASSWORD, PRIVATE, USER}.isdisjoint(page.text.replace('"', " ").split())
        for another in (False, True):
            agent.stop()
            await exporter.until(lambda page: page.value(UP) == 0)
            if another:
                agent.become_another()
            agent.start()
            page = await exporter.until(lambda page: page.value(UP) == 1)
            assert page.value(value, name="degrees") == 21


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [({"auth": "not-the-password"}, "auth"), ({"name": "mallory"}, "auth"), ({"priv": "not-the-key"}, "auth")],
    ids=["password", "user", "encryption"],
)
async def test_wrong_rights_of_version_3_are_told(
    tmp_path: Path, agent: Snmpd, wrong: dict[str, str], reason: str
) -> None:
    """The agent says so of user and password. What it cannot decrypt it drops in silence, yet it is there."""
    async with running_exporter(tmp_path, user(tmp_path, agent, **wrong)) as exporter:
        # Where the machine is busy, the first look may find the time over before the agent was asked twice.
        page = await exporter.until(lambda page: reason in failed_with(page))
        assert page.value(UP) == 0
        assert failed_with(page) <= {reason, "timeout"}
        seen = (await exporter.get("/"))[1] + page.text
        assert not any(secret in seen for secret in wrong.values())


async def test_two_users_of_one_name_do_not_mix(tmp_path: Path, agent: Snmpd) -> None:
    """The same name with other passwords at another device: the right one stays right."""
    agent.serve("device", {"1.0": ("integer", 21)})
    good = user(tmp_path, agent)
    bad = good.replace("id: device", "id: other").replace("auth-carol", "auth-other").removeprefix("hosts:\n")
    (tmp_path / "auth-other").write_text("another-password\n")
    async with running_exporter(tmp_path, good + bad) as exporter:
        runs = "streamwatch_probe_runs_total"
        page = await exporter.until(
            lambda page: all((page.value(runs, server=each) or 0) > 5 for each in ("device", "other"))
        )
        assert failed_with(page, "other") == {"auth"}
        assert failed_with(page, "device") == set()


async def test_who_does_not_know_what_is_asked_is_told_so(tmp_path: Path, agent: Snmpd) -> None:
    """A switch is no UPS; the device answers, so it is neither off nor on battery."""
    async with running_exporter(tmp_path, watching(tmp_path, agent, "kind: ups")) as exporter:
        page = await exporter.until(lambda page: page.value(UP) == 0)
        assert failed_with(page) == {"protocol"}
        assert page.values("streamwatch_ups_on_battery") == []
        assert "UPS-MIB" in (await exporter.get("/"))[1]


async def test_a_table_that_is_too_large_is_left_alone(tmp_path: Path, agent: Snmpd) -> None:
    """A UPS with a hundred output lines is none; the limit holds before memory is gone."""
    agent.serve("ups", {"4.1.0": ("integer", 3), **{f"4.4.1.5.{n}": ("integer", 1) for n in range(1, 100)}})
    async with running_exporter(tmp_path, watching(tmp_path, agent, "kind: ups")) as exporter:
        page = await exporter.until(lambda page: page.value(UP) == 0)
        assert failed_with(page) == {"too_large"}
        assert page.values("streamwatch_ups_load_ratio") == []


async def test_a_device_that_is_taken_out_leaves_no_series_and_no_thread(tmp_path: Path, agent: Snmpd) -> None:
    """With the last one, the thread that asks ends."""
    switch(agent, {1: ("uplink", 1, 1)})
    config = watching(tmp_path, agent, "kind: switch, interfaces: [uplink]")
    async with running_exporter(tmp_path, config) as exporter:
        await exporter.until(lambda page: page.value(UP) == 1)
        assert threads() == 1
        exporter.config.write_text("chat: {token_file: chat_token}\n")
        assert (await exporter.post("/-/reload"))[0] == 200
        page = await exporter.page()
        assert page.values(UP) == page.values(RECEIVED) == page.values(UPTIME) == []
        assert threads() == 0


def threads() -> int:
    import threading

    return sum(each.name == "snmp" for each in threading.enumerate())
