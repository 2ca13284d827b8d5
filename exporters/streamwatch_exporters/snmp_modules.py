"""What is asked of each kind of device, and what its answers mean. Pure: numbers in, metrics out.

IF-MIB (RFC 2863), UPS-MIB (RFC 1628), SNMPv2-MIB (RFC 3418). Counters are those of the device: they begin anew when
it does. A device that leaves an object out, as many do, leaves out the metric.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from streamwatch_exporters.repeating import Declared, Key
from streamwatch_exporters.snmp_settings import SnmpMetric

Answers = Mapping[str, int | bytes]  # by OID; what the device does not know is not in it

UPTIME = "1.3.6.1.2.1.1.3.0"  # sysUpTime, hundredths of a second
IF_NAME = "1.3.6.1.2.1.31.1.1.1.1"
IF_DESCR = "1.3.6.1.2.1.2.2.1.2"  # what agents without ifXTable call their interfaces
_IF_OPER_STATUS = "1.3.6.1.2.1.2.2.1.8"
_IF_HIGH_SPEED = "1.3.6.1.2.1.31.1.1.1.15"  # millions of bits per second
_UPS = "1.3.6.1.2.1.33.1"
UPS_LOAD = f"{_UPS}.4.4.1.5"  # of each output line, percent
_BATTERY_STATUS, _SECONDS, _MINUTES, _CHARGE = (f"{_UPS}.2.{each}.0" for each in (1, 2, 3, 4))
_OUTPUT_SOURCE, _ALARMS = f"{_UPS}.4.1.0", f"{_UPS}.6.1.0"
UPS = (_BATTERY_STATUS, _SECONDS, _MINUTES, _CHARGE, _OUTPUT_SOURCE, _ALARMS)

_INTERFACE = ("interface",)
_COUNTERS = {
    "streamwatch_interface_received_bytes": ("1.3.6.1.2.1.31.1.1.1.6", "Bytes received. 收到字节"),
    "streamwatch_interface_sent_bytes": ("1.3.6.1.2.1.31.1.1.1.10", "Bytes sent. 发出字节"),
    "streamwatch_interface_receive_errors": ("1.3.6.1.2.1.2.2.1.14", "Damaged packets received. 收到的错包"),
    "streamwatch_interface_send_errors": ("1.3.6.1.2.1.2.2.1.20", "Packets that could not be sent. 发送错误"),
    "streamwatch_interface_receive_discards": ("1.3.6.1.2.1.2.2.1.13", "Received and dropped. 收到后丢弃"),
    "streamwatch_interface_send_discards": ("1.3.6.1.2.1.2.2.1.19", "Dropped before sending. 发送前丢弃"),
}
DECLARED = (
    Declared("streamwatch_snmp_uptime_seconds", "Since the agent started; begins anew after 497 days. 运行时间"),
    Declared("streamwatch_snmp_value", "A number of the device, by its name in streams.yml. 设备数值", ("name",)),
    Declared("streamwatch_snmp_count", "A counter of the device, likewise. 设备计数", ("name",), counter=True),
    Declared("streamwatch_interface_found", "1 the device has this interface. 1 设备上有此接口", _INTERFACE),
    Declared("streamwatch_interface_up", "1 operational, 0 not; absent: unknown. 1 接口已连通", _INTERFACE),
    Declared("streamwatch_interface_speed_bytes_per_second", "Its bandwidth. 接口带宽", _INTERFACE),
    *(Declared(name, text, _INTERFACE, counter=True) for name, (_, text) in _COUNTERS.items()),
    Declared("streamwatch_ups_on_battery", "1 the output runs on the battery. 1 正在用电池供电"),
    Declared("streamwatch_ups_output_on", "1 there is power at the output. 1 有输出"),
    Declared("streamwatch_ups_battery_low", "1 the battery is low or empty. 1 电池电量低"),
    Declared("streamwatch_ups_battery_seconds", "On battery for; 0 when not. 已用电池供电时长"),
    Declared("streamwatch_ups_runtime_seconds", "Left on battery, by the UPS's estimate. 预计还能供电"),
    Declared("streamwatch_ups_charge_ratio", "Charge of the battery. 电池电量"),
    Declared("streamwatch_ups_load_ratio", "Load of an output line. 负载", ("line",)),
    Declared("streamwatch_ups_alarms", "Alarms that the UPS itself has. UPS 自身告警数"),
)


def uptime(answers: Answers) -> dict[Key, float]:
    ticks = answers.get(UPTIME)
    return {("streamwatch_snmp_uptime_seconds",): ticks / 100} if isinstance(ticks, int) else {}


# Interfaces


@dataclass(frozen=True)
class Ports:
    """The index of each interface by its name, and the column in which the device has the names."""

    column: str = IF_NAME
    indexes: Mapping[str, str] = field(default_factory=dict)


def tells_names(rows: Answers) -> bool:
    """Whether a walk over a column of names found any. Without, nothing is known of what is there."""
    return any(isinstance(name, bytes) and name.strip() for name in rows.values())


def ports(rows: Answers, wanted: Sequence[str], column: str = IF_NAME) -> Ports:
    """Those that are wanted, of a walk over a column of names. Of two rows with one name the first stands."""
    found: dict[str, str] = {}
    for oid, name in rows.items():
        if isinstance(name, bytes) and (text := _text(name)) in wanted:
            found.setdefault(text, oid.removeprefix(f"{column}."))
    return Ports(column, found)


def port_oids(known: Ports) -> list[str]:
    """Each name comes along: an index that meanwhile means another interface shows in the same answer."""
    columns = (known.column, _IF_OPER_STATUS, _IF_HIGH_SPEED, *(column for column, _ in _COUNTERS.values()))
    return [f"{column}.{index}" for index in known.indexes.values() for column in columns]


def moved(answers: Answers, known: Ports) -> bool:
    """Whether an index no longer means the interface that it did."""
    told = ((name, answers.get(f"{known.column}.{index}")) for name, index in known.indexes.items())
    return any(not isinstance(answer, bytes) or _text(answer) != name for name, answer in told)


def interfaces(answers: Answers, known: Ports, wanted: Sequence[str]) -> dict[Key, float]:
    """The metrics of all that were asked for; of one that the device does not have, that it is not found."""
    values: dict[Key, float] = {}
    for name in wanted:
        values["streamwatch_interface_found", name] = float(name in known.indexes)
        if name in known.indexes:
            values |= _interface(answers, name, known.indexes[name])
    return values


def _text(name: bytes) -> str:
    """Some agents (Windows, old firmware) end a DisplayString as C does."""
    return name.rstrip(b"\0").decode(errors="replace")


def _interface(answers: Answers, name: str, index: str) -> dict[Key, float]:
    values: dict[Key, float] = {}
    status = answers.get(f"{_IF_OPER_STATUS}.{index}")
    if isinstance(status, int) and status != 4:  # unknown(4)
        values["streamwatch_interface_up", name] = float(status == 1)
    speed = answers.get(f"{_IF_HIGH_SPEED}.{index}")
    if isinstance(speed, int) and speed > 0:  # virtual ones say 0
        values["streamwatch_interface_speed_bytes_per_second", name] = speed * 1e6 / 8
    for metric, (column, _) in _COUNTERS.items():
        count = answers.get(f"{column}.{index}")
        if isinstance(count, int):
            values[metric, name] = count
    return values


# UPS


def ups(answers: Answers, load: Answers) -> dict[Key, float]:
    """A UPS that says `other` or `unknown` leaves out what would be a guess."""
    numbers = {oid: value for oid, value in answers.items() if isinstance(value, int)}
    values: dict[Key, float] = {}
    source, status = numbers.get(_OUTPUT_SOURCE), numbers.get(_BATTERY_STATUS)
    if source in range(2, 8):  # other(1) none(2) normal(3) bypass(4) battery(5) booster(6) reducer(7)
        values["streamwatch_ups_on_battery",] = float(source == 5)
        values["streamwatch_ups_output_on",] = float(source != 2)
    elif _SECONDS in numbers:
        values["streamwatch_ups_on_battery",] = float(numbers[_SECONDS] > 0)
    if status in range(2, 5):  # unknown(1) normal(2) low(3) depleted(4)
        values["streamwatch_ups_battery_low",] = float(status != 2)
    for oid, name, scale in (
        (_SECONDS, "streamwatch_ups_battery_seconds", 1.0),
        (_MINUTES, "streamwatch_ups_runtime_seconds", 60.0),
        (_CHARGE, "streamwatch_ups_charge_ratio", 0.01),
        (_ALARMS, "streamwatch_ups_alarms", 1.0),
    ):
        if numbers.get(oid, -1) >= 0:
            values[name,] = numbers[oid] * scale
    for oid, percent in load.items():
        if isinstance(percent, int) and percent >= 0:
            values["streamwatch_ups_load_ratio", oid.removeprefix(f"{UPS_LOAD}.")] = percent / 100
    return values


# Numbers that the configuration names

_NUMBER = re.compile(rb"\s*[-+]?[0-9]{1,15}(\.[0-9]{1,15})?\s*")


def named(answers: Answers, metrics: Sequence[SnmpMetric]) -> dict[Key, float]:
    """Encoders like to tell numbers as text; text that is none is left out, and so is a counter below zero."""
    values: dict[Key, float] = {}
    for metric in metrics:
        answer = answers.get(metric.oid)
        if answer is None or (isinstance(answer, bytes) and not _NUMBER.fullmatch(answer)):
            continue
        scaled = float(answer) * metric.scale
        if metric.type == "gauge":
            values["streamwatch_snmp_value", metric.name] = scaled
        elif scaled >= 0:
            values["streamwatch_snmp_count", metric.name] = scaled
    return values
