"""Probe `tcp`: does somebody answer at this address, and how long does it take to connect."""

from streamwatch_exporters.buckets import CONNECTING
from streamwatch_exporters.clock import Clock
from streamwatch_exporters.connecting import HostPort, connect, host_and_port
from streamwatch_exporters.probe import Answer
from streamwatch_exporters.repeating import Declared, Finding, RepeatedSettings, RepeatingFamily, Values
from streamwatch_exporters.watching import Tools

_CONNECT = "streamwatch_tcp_connect_duration_seconds"
_LOOKUP = "streamwatch_tcp_dns_lookup_seconds"
_DECLARED = (
    Declared(_CONNECT, "Time to connect, without the name lookup. TCP 建连耗时", buckets=CONNECTING),
    Declared(_LOOKUP, "Time to look the name up; absent for an IP address. 域名解析耗时，地址为 IP 时无值"),
)
_GENERIC = (
    Declared("probe_dns_lookup_time_seconds", "Time to look the name up. 域名解析耗时"),
    Declared("probe_ip_protocol", "4 or 6. IP 版本"),
)


class TcpSettings(RepeatedSettings):
    """Where to connect to: `host:port`."""

    address: HostPort


class TcpLooker:
    """Connects and hangs up again, without a word."""

    def __init__(self, settings: TcpSettings) -> None:
        self._host, self._port = host_and_port(settings.address.get_secret_value())
        self._timeout = settings.timeout
        self.counts: Values = {}

    async def look(self) -> Finding:
        connected = await connect(self._host, self._port, self._timeout)
        connected.sock.close()
        lookup = connected.resolved.seconds
        return Finding(
            Answer.OK,
            "somebody answers",
            values={} if lookup is None else {(_LOOKUP,): lookup},
            observed={_CONNECT: connected.seconds},
            generic={
                ("probe_ip_protocol",): connected.ip_version,
                **({} if lookup is None else {("probe_dns_lookup_time_seconds",): lookup}),
            },
        )


def tcp_family(clock: Clock) -> RepeatingFamily:
    def looker(settings: RepeatedSettings, _tools: Tools) -> TcpLooker:
        assert isinstance(settings, TcpSettings)
        return TcpLooker(settings)

    return RepeatingFamily(clock, probe="tcp", id_label="host", declared=_DECLARED, looker=looker, generic=_GENERIC)
