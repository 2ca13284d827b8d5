"""The settings of probe `snmp`: who is asked, by which right, and for what."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from streamwatch_exporters.connecting import HostPort
from streamwatch_exporters.repeating import RepeatedSettings
from streamwatch_exporters.settings import Id, SecretFile, Settings, exactly_one

_OID = re.compile(r"\.?([012](?:\.(?:0|[1-9][0-9]{0,9})){1,127})")


def _oid(text: str) -> str:
    found = _OID.fullmatch(text)
    if found is None or any(int(part) >= 2**32 for part in found[1].split(".")):
        raise PydanticCustomError("oid", "an object identifier in numbers is expected")
    return found[1]


Oid = Annotated[str, AfterValidator(_oid)]
"""In numbers, with the instance at the end: `1.3.6.1.2.1.1.3.0`. A leading dot is taken off."""


class V3Settings(Settings):
    """A user of SNMP version 3 (RFC 3414). Without *priv_file* answers can be read on the wire, not forged."""

    user: SecretStr = Field(min_length=1, max_length=32)
    auth: Literal["md5", "sha", "sha224", "sha256", "sha384", "sha512"] = "sha"
    auth_file: Annotated[SecretFile, Field(min_length=8)]
    priv: Literal["des", "aes", "aes192", "aes256"] = "aes"
    priv_file: Annotated[SecretFile, Field(min_length=8)] | None = None


Rights = tuple[SecretStr | None, V3Settings | None, str]
"""By what a device lets us ask: a community of version 2c, or a user of version 3 and the device's address."""


class SnmpMetric(Settings):
    """One number of the device: *name* is the label, *scale* makes base units of it."""

    oid: Oid
    name: Id
    type: Literal["gauge", "counter"] = "gauge"
    scale: float = Field(1.0, allow_inf_nan=False)


_InterfaceName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[ -~]+$")]


class SnmpSettings(RepeatedSettings):
    """The device, and what is asked of it. *interfaces* are its own names of them (ifName)."""

    interval: float = Field(10.0, ge=0.2, le=3600)
    address: HostPort
    community_file: SecretFile | None = None
    v3: V3Settings | None = None
    retries: int = Field(1, ge=0, le=5)
    kind: Literal["switch", "ups", "encoder", "custom"]
    interfaces: tuple[_InterfaceName, ...] = Field((), max_length=128)
    metrics: tuple[SnmpMetric, ...] = Field((), max_length=128)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        exactly_one({"community_file": self.community_file, "v3": self.v3})
        needed = {"switch": "interfaces", "encoder": "metrics", "custom": "metrics"}.get(self.kind)
        if needed and not getattr(self, needed):
            raise PydanticCustomError("kind_needs", "this kind needs another key", {"key": needed})
        if self.interfaces and self.kind != "switch":
            raise PydanticCustomError("interfaces_of_switch", "only a switch has interfaces here")
        names = [each.name for each in self.metrics]
        if len(set(names)) < len(names) or len(set(self.interfaces)) < len(self.interfaces):
            raise PydanticCustomError("named_twice", "a name stands twice")
        return self

    @property
    def rights(self) -> Rights:
        return self.community_file, self.v3, self.address.get_secret_value() if self.v3 else ""
