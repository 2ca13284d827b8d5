"""Probe `snmp`: what a switch, a UPS or an encoder says of itself. Extra `snmp`.

Asking costs some milliseconds of processor time a request, which is spent beside the event loop (`snmp_client`).
"""

from collections.abc import Mapping
from typing import Any

from streamwatch_exporters.clock import Clock
from streamwatch_exporters.connecting import host_and_port, resolve
from streamwatch_exporters.probe import Answer, ProbeFailed
from streamwatch_exporters.repeating import Finding, Key, RepeatedSettings, RepeatingFamily, Values
from streamwatch_exporters.snmp_client import Agent, SnmpThread
from streamwatch_exporters.snmp_modules import (
    DECLARED,
    IF_DESCR,
    IF_NAME,
    UPS,
    UPS_LOAD,
    UPTIME,
    Answers,
    Ports,
    interfaces,
    moved,
    named,
    port_oids,
    ports,
    tells_names,
    ups,
    uptime,
)
from streamwatch_exporters.snmp_settings import SnmpSettings
from streamwatch_exporters.watching import Tools

_MAX_INTERFACES = 4096  # of one device
_MAX_LINES = 16  # of the output of a UPS


class SnmpLooker:
    """Asks one device. Which index an interface has is remembered, and found anew when the device renumbers."""

    def __init__(self, settings: SnmpSettings, thread: SnmpThread) -> None:
        self._settings, self._thread = settings, thread
        self._host, self._port = host_and_port(settings.address.get_secret_value())
        self._ports = Ports()
        self.counts: Values = {}

    async def look(self) -> Finding:
        resolved = await resolve(self._host, self._port)
        family, address = resolved.addresses[0]
        agent = Agent(self._thread, self._settings, family, str(address[0]), self._port)
        oids = [UPTIME, *(metric.oid for metric in self._settings.metrics)]
        match self._settings.kind:
            case "switch":
                answers, values = await self._switch(agent, oids)
            case "ups":
                answers, values = await self._ups(agent, oids)
            case _:
                answers, values = await agent.get(oids), {}
        values |= {**uptime(answers), **named(answers, self._settings.metrics)}
        if not values:
            raise ProbeFailed("protocol", "the agent answers, but knows nothing of what is asked")
        return _described(values)

    async def _switch(self, agent: Agent, oids: list[str]) -> tuple[Answers, dict[Key, float]]:
        wanted = self._settings.interfaces
        known = self._ports
        if len(known.indexes) < len(wanted):
            known = await self._find(agent)
        answers = await agent.get([*oids, *port_oids(known)])
        if moved(answers, known):
            known = await self._find(agent)
            answers = await agent.get([*oids, *port_oids(known)])
            if moved(answers, known):
                self._ports = Ports()
                raise ProbeFailed("protocol", "the device renumbers its interfaces at this moment")
        self._ports = known
        return answers, interfaces(answers, known, wanted)

    async def _find(self, agent: Agent) -> Ports:
        """By ifName; by ifDescr at an agent without ifXTable. That one hides its names is no missing interface."""
        wanted = self._settings.interfaces
        rows = await agent.walk(IF_NAME, limit=_MAX_INTERFACES)
        if tells_names(rows):
            return ports(rows, wanted)
        found = ports(await agent.walk(IF_DESCR, limit=_MAX_INTERFACES), wanted, IF_DESCR)
        if not found.indexes:
            text = "the agent tells no ifName, and its ifDescr has no such interface: let its view show ifXTable"
            raise ProbeFailed("protocol", text)
        return found

    async def _ups(self, agent: Agent, oids: list[str]) -> tuple[Answers, dict[Key, float]]:
        answers = await agent.get([*oids, *UPS])
        values = ups(answers, await agent.walk(UPS_LOAD, limit=_MAX_LINES))
        if not values:
            raise ProbeFailed("protocol", "the agent answers, but knows no UPS-MIB (RFC 1628): use kind custom")
        return answers, values


def _described(values: dict[Key, float]) -> Finding:
    """Power and links that are gone, in words."""
    wrong = []
    if values.get(("streamwatch_ups_on_battery",)):
        wrong.append("it runs on its battery")
    if values.get(("streamwatch_ups_battery_low",)):
        wrong.append("the battery is low")
    if values.get(("streamwatch_ups_output_on",)) == 0:
        wrong.append("there is no power at its output")
    if any(name == "streamwatch_interface_found" and not value for (name, *_), value in values.items()):
        wrong.append("an interface is not found")
    if any(name == "streamwatch_interface_up" and not value for (name, *_), value in values.items()):
        wrong.append("an interface is down")
    return Finding(Answer.BAD if wrong else Answer.OK, ", ".join(wrong) or "the device answers", values)


class SnmpFamily(RepeatingFamily):
    """Every device that is asked. The thread that asks lives as long as there is one."""

    def __init__(self, clock: Clock) -> None:
        self.thread = SnmpThread()
        super().__init__(clock, probe="snmp", id_label="host", declared=DECLARED, looker=self._looker_of)

    async def apply(self, wanted: Mapping[str, Any], tools: Tools) -> None:
        rights = {settings.rights for settings in wanted.values()}
        await self.thread.prepare(rights)  # in nobody's deadline
        await super().apply(wanted, tools)
        await self.thread.keep_only(rights)

    def _looker_of(self, settings: RepeatedSettings, _tools: Tools) -> SnmpLooker:
        assert isinstance(settings, SnmpSettings)
        return SnmpLooker(settings, self.thread)
