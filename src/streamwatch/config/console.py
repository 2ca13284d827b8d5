"""Who may use the console and the API: `console:` and `token_files:` of duty.yml, and what they mean together."""

from collections.abc import Collection
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from streamwatch.access import passphrases
from streamwatch.access.rights import Right
from streamwatch.config.roster import Part
from streamwatch.language import Text

Network = IPv4Network | IPv6Network
AccountName = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")]


def _header(text: str) -> str:
    if not all(sign.isascii() and (sign.isalnum() or sign == "-") for sign in text):
        raise ValueError("write the name of a header, as in X-Forwarded-User")
    return text


def _network(text: str) -> str:
    try:
        ip_network(text, strict=False)
    except ValueError:
        raise ValueError("write an address or a network, as in 127.0.0.1/32") from None
    return text


class ProxyPart(Part):
    """A proxy that knows who asks and says so in `header`. Nobody else's header is believed."""

    header: Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_header)] = "X-Forwarded-User"
    addresses: Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], Field(alias="from", min_length=1)]

    def is_from(self, address: str) -> bool:
        """Whether the connection comes from it."""
        try:
            peer = ip_address(address)
        except ValueError:
            return False
        return any(peer in ip_network(each, strict=False) for each in self.addresses)


class ConsolePart(Part):
    """`rights` are those of accounts; who is not named there is `ops`. `emergency_open`: anybody may report one."""

    passphrases_file: Path | None = None
    rights: dict[Annotated[str, Field(min_length=1, max_length=80)], Right] = Field(default_factory=dict)
    session_hours: Annotated[float, Field(gt=0, le=24 * 30)] = 12
    proxy: ProxyPart | None = None
    emergency_open: bool = False


class TokenPart(Part):
    """A token with a name for the audit log and a right of its own; a bare path has all rights."""

    token_file: Path
    name: AccountName | None = None
    right: Right = "admin"


def _bare(value: Any) -> Any:
    return {"token_file": value} if isinstance(value, str | Path) else value


AnyToken = Annotated[TokenPart, BeforeValidator(_bare)]

PARTS = (ConsolePart, ProxyPart, TokenPart)


class Token(NamedTuple):
    """What a program shows. *name* stands in the audit log, never the token."""

    name: str
    right: Right
    secret: SecretStr


@dataclass(frozen=True)
class Doors:
    """Everything that lets somebody in. Hashes are in it, and never in its repr."""

    hashes: dict[str, str] = field(default_factory=dict, repr=False)
    rights: dict[str, Right] = field(default_factory=dict)
    password: SecretStr | None = None
    proxy: ProxyPart | None = None

    @property
    def are_open(self) -> bool:
        """Nobody is asked who they are: good on this machine alone."""
        return not self.hashes and self.password is None and self.proxy is None

    def right_of(self, account: str) -> Right:
        """Of whom nothing is said: ops."""
        said = {name.casefold(): right for name, right in self.rights.items()}
        return said.get(account.casefold(), "ops")


def read_hashes(text: str, path: Path) -> tuple[dict[str, str], list[Text]]:
    """The passphrases, and what is wrong with their file, in words that repeat nothing of it."""
    found, broken = passphrases.read(text)
    where = Text(f"口令文件 {path}：", f"the passphrase file {path}: ")
    return found, [Text(where.zh + each.text.zh, where.en + each.text.en) for each in broken]


def strangers(part: ConsolePart, hashes: Collection[str]) -> list[str]:
    """Whose right is named, and who can come in by no door: a misspelt name would quietly be `ops`."""
    return [] if part.proxy is not None else sorted(set(part.rights) - set(hashes))
