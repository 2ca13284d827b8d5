"""What the answers of devices mean, without a device."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from streamwatch_exporters.config import load_config
from streamwatch_exporters.mistakes import ConfigMistakes
from streamwatch_exporters.snmp_discovery import answers, question
from streamwatch_exporters.snmp_modules import (
    IF_NAME,
    UPS_LOAD,
    Ports,
    interfaces,
    moved,
    named,
    ports,
    tells_names,
    ups,
    uptime,
)
from streamwatch_exporters.snmp_settings import Rights, SnmpMetric, SnmpSettings

UPS_MIB = "1.3.6.1.2.1.33.1"
ON_BATTERY, OUTPUT, LOW = (f"streamwatch_ups_{part}" for part in ("on_battery", "output_on", "battery_low"))


@pytest.mark.parametrize(
    ("source", "seconds", "on_battery", "output"),
    [
        (3, 0, 0, 1),  # normal
        (5, 0, 1, 1),  # battery, this second
        (2, 10, 0, 0),  # none
        (6, 0, 0, 1),  # booster
        (1, 12, 1, None),  # other, but seconds pass on battery
        (None, 0, 0, None),  # a UPS that leaves the source out
        (1, None, None, None),  # other, and nothing else: cannot tell
        (99, None, None, None),  # nonsense
    ],
)
def test_battery_or_mains(
    source: int | None, seconds: int | None, on_battery: int | None, output: int | None
) -> None:
    """What the UPS does not say is not guessed."""
    told = {f"{UPS_MIB}.4.1.0": source, f"{UPS_MIB}.2.2.0": seconds}
    values = ups({oid: value for oid, value in told.items() if value is not None}, {})
    assert values.get((ON_BATTERY,)) == on_battery
    assert values.get((OUTPUT,)) == output


@pytest.mark.parametrize(("status", "low"), [(1, None), (2, 0), (3, 1), (4, 1), (0, None), (9, None)])
def test_a_battery_is_low_or_not_or_unknown(status: int, low: int | None) -> None:
    """upsBatteryStatus: unknown(1) normal(2) low(3) depleted(4)."""
    assert ups({f"{UPS_MIB}.2.1.0": status}, {}).get((LOW,)) == low


def test_a_ups_in_base_units_without_what_is_below_zero() -> None:
    """Minutes become seconds, percents ratios; -1 is how some say that they do not know."""
    values = ups({f"{UPS_MIB}.2.3.0": 7, f"{UPS_MIB}.2.4.0": -1}, {f"{UPS_LOAD}.2": 130, f"{UPS_LOAD}.3": -1})
    assert values == {
        ("streamwatch_ups_runtime_seconds",): 420,
        ("streamwatch_ups_load_ratio", "2"): 1.3,
    }


def test_numbers_where_text_is_expected_and_the_other_way_round_are_left_out() -> None:
    """Firmware is like that."""
    assert ups({f"{UPS_MIB}.2.4.0": b"98 %"}, {f"{UPS_LOAD}.1": b"x"}) == {}
    assert uptime({"1.3.6.1.2.1.1.3.0": b"3 days"}) == {}
    assert ports({f"{IF_NAME}.1": 5}, ["5"]).indexes == {}


def test_an_interface_may_be_called_by_a_number() -> None:
    """As ports of many switches are: the text "24" is a name, not the number 24."""
    known = ports({f"{IF_NAME}.7": b"24"}, ["24"])
    assert known.indexes == {"24": "7"}
    assert not moved({f"{IF_NAME}.7": b"24"}, known)


def test_a_name_that_ends_as_in_c_is_the_same_name() -> None:
    """Some agents send the zero at the end along."""
    known = ports({f"{IF_NAME}.7": b"uplink\0"}, ["uplink"])
    assert known.indexes == {"uplink": "7"}
    assert not moved({f"{IF_NAME}.7": b"uplink\0"}, known)


@pytest.mark.parametrize(
    ("rows", "tells"), [({}, False), ({"1": b""}, False), ({"1": b" ", "2": b"Gi1"}, True), ({"1": 5}, False)]
)
def test_a_column_without_names_tells_none(rows: dict[str, int | bytes], tells: bool) -> None:
    """Empty ones are none: whether an interface is there is not known then."""
    assert tells_names(rows) is tells


def test_the_first_of_two_interfaces_with_one_name_stands() -> None:
    """Names that nobody asked for are not kept, bytes that are no text do no harm."""
    rows = {f"{IF_NAME}.{n}": name for n, name in ((3, b"Gi1"), (4, b"Gi1"), (5, b"\xff\xfe"), (6, b"Gi2"))}
    assert ports(rows, ["Gi1"]) == Ports(IF_NAME, {"Gi1": "3"})


def test_an_interface_that_answers_under_another_name_has_moved() -> None:
    """Also one that does not answer any more."""
    known = Ports(IF_NAME, {"Gi1": "3"})
    assert not moved({f"{IF_NAME}.3": b"Gi1"}, known)
    assert moved({f"{IF_NAME}.3": b"Gi2"}, known)
    assert moved({}, known)


@pytest.mark.parametrize(
    ("status", "up"), [(1, 1), (2, 0), (3, 0), (4, None), (5, 0), (6, 0), (7, 0), (None, None)]
)
def test_an_interface_is_up_or_not_or_unknown(status: int | None, up: int | None) -> None:
    """ifOperStatus: up(1) alone carries packets; unknown(4) says nothing. No counter is made up."""
    told = {} if status is None else {"1.3.6.1.2.1.2.2.1.8.3": status}
    known = Ports(IF_NAME, {"Gi1": "3"})
    values = interfaces({**told, "1.3.6.1.2.1.31.1.1.1.15.3": 0}, known, ["Gi1"])
    assert values.get(("streamwatch_interface_up", "Gi1")) == up
    assert {name for name, *_ in values} <= {"streamwatch_interface_up", "streamwatch_interface_found"}


@pytest.mark.parametrize(
    ("answer", "value"),
    [(7, 0.7), (b"7", 0.7), (b" -2.5 ", -0.25), (b"", None), (b"nan", None), (b"1e9", None), (b"12 dB", None)],
)
def test_a_named_number(answer: int | bytes, value: float | None) -> None:
    """Scaled; text counts only if it is a plain number."""
    metric = SnmpMetric(oid="1.3.9.1.0", name="level", scale=0.1)
    found = named({"1.3.9.1.0": answer}, [metric]).get(("streamwatch_snmp_value", "level"))
    assert found == (None if value is None else pytest.approx(value))


def test_a_counter_below_zero_is_left_out() -> None:
    """Prometheus would take it for a reset."""
    metric = SnmpMetric(oid="1.3.9.1.0", name="frames", type="counter")
    assert named({"1.3.9.1.0": -1}, [metric]) == {}
    assert named({"1.3.9.1.0": 0}, [metric]) == {("streamwatch_snmp_count", "frames"): 0}


@pytest.mark.parametrize("oid", ["", "1", "3.1", "1.3.x", "1.3.6.", "1..3", "1.03", f"1.3.{2**32}", "sysUpTime.0"])
def test_what_is_no_oid_in_numbers_is_refused(oid: str) -> None:
    """Names need MIB files, which are not here."""
    with pytest.raises(ValidationError):
        SnmpMetric(oid=oid, name="a")


GOOD: dict[str, Any] = {"address": "192.0.2.1:161", "community_file": "c", "kind": "ups"}
METRIC = {"oid": "1.3.9.1.0", "name": "a"}


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"kind": "switch"}, "kind_needs"),
        ({"kind": "encoder"}, "kind_needs"),
        ({"interfaces": ["Gi1"]}, "interfaces_of_switch"),
        ({"kind": "switch", "interfaces": ["Gi1", "Gi1"]}, "named_twice"),
        ({"metrics": [METRIC, METRIC]}, "named_twice"),
        ({"community_file": None}, "exactly_one"),
        ({"v3": {"user": "u", "auth_file": "a"}}, "exactly_one"),
        ({"address": "192.0.2.1"}, "host_port"),
        ({"kind": "custom", "metrics": [{**METRIC, "name": f"n{n}"} for n in range(129)]}, "too_long"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(change: dict[str, Any], kind: str) -> None:
    """Each with a mistake of its own."""
    context = {"read_secrets": False}
    SnmpSettings.model_validate(GOOD, context=context)
    with pytest.raises(ValidationError) as refused:
        SnmpSettings.model_validate({**GOOD, **change}, context=context)
    assert [error["type"] for error in refused.value.errors()] == [kind]


def test_devices_of_one_community_share_what_they_are_asked_with() -> None:
    """Those of version 3 do not: one that has to begin anew takes nothing from the others."""
    context = {"read_secrets": False}
    user = {"community_file": None, "v3": {"user": "u", "auth_file": "a"}}

    def rights(address: str, change: dict[str, Any]) -> Rights:
        return SnmpSettings.model_validate({**GOOD, **change, "address": address}, context=context).rights

    assert rights("192.0.2.1:161", {}) == rights("192.0.2.2:161", {})
    assert rights("192.0.2.1:161", user) != rights("192.0.2.2:161", user)
    assert rights("192.0.2.1:161", user) == rights("192.0.2.1:161", user)


def test_every_mistake_is_told_in_words(tmp_path: Path) -> None:
    """With its cure in both languages, and no value that may be a secret."""
    (tmp_path / "streams.yml").write_text(
        """hosts:
  - {id: z, snmp: {address: "hidden:1", kind: ups, community: hidden, community_file: streams.yml}}
  - {id: a, snmp: {address: "hidden:1", kind: ups, interfaces: [hidden], community_file: streams.yml}}
  - {id: b, snmp: {address: "hidden:1", kind: switch, community_file: streams.yml}}
  - {id: c, snmp: {address: "hidden:1", kind: ups, community_file: streams.yml, metrics: [{oid: x.0, name: a}]}}
  - {id: d, snmp: {address: "hidden:1", kind: switch, interfaces: [x, x], community_file: streams.yml}}
  - {id: e, snmp: {address: "hidden:1", kind: ups, v3: {user: hidden, auth: sha1, auth_file: streams.yml}}}
  - {id: f, disk: {path: 5, recording_glob: ../*}}
"""
    )
    with pytest.raises(ConfigMistakes) as refused:
        load_config(tmp_path / "streams.yml")
    told = refused.value.read_in("en") + refused.value.read_in("zh")
    assert len(refused.value.mistakes) == 8
    assert "not acceptable" not in told
    assert "hidden" not in told


def test_the_discovery_of_version_3_is_as_the_standard_has_it() -> None:
    """RFC 3414 section 4: no engine, no user, no variables, to be answered by a report."""
    asked = question(0x01020304)
    assert asked[:2] == bytes([0x30, len(asked) - 2])
    assert asked == bytes.fromhex(
        "303b 020103 3011 0204 01020304 0203 00ffe3 0401 04 0201 03"
        "0410 300e 0400 020100 020100 0400 0400 0400"
        "3011 0400 0400 a00b 020100 020100 020100 3000"
    )
    assert answers(asked, 0x01020304)
    assert not answers(asked, 0x01020305)
    assert not answers(b"", 0x01020304)
    assert not answers(b"\xff" * 2000, 0x01020304)
