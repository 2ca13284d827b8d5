"""An RTMP address as its parts."""

from dataclasses import dataclass, field
from urllib.parse import unquote

from pydantic import SecretStr
from pydantic_core import PydanticCustomError
from yarl import URL

_PORT = 1935


@dataclass(frozen=True)
class Address:
    """Where to ask, and what for. The name may be the stream key."""

    host: str = field(repr=False)
    port: int
    app: str = field(repr=False)
    name: str = field(repr=False)

    @property
    def app_url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"rtmp://{host}:{self.port}/{self.app}"


def split_url(secret: SecretStr) -> Address:
    """`rtmp://host[:port]/app/name`; a query belongs to the name. Raises a pydantic error without the address."""
    text = secret.get_secret_value()
    try:
        url = URL(text, encoded=True)
        host, port = url.host or "", url.port or _PORT
    except ValueError:
        host, port = "", 0
    path = text.partition("://")[2].partition("/")[2]
    way, _, query = path.partition("?")
    app, _, name = way.rpartition("/")
    if not text.startswith("rtmp://") or not host or not app or not name or "\n" in text:
        raise PydanticCustomError("rtmp_url", "an rtmp URL is expected")
    return Address(host, port, app, name + ("?" + query if query else ""))


def bare_name(name: str) -> str:
    """The last part of a name without its parameters: what servers agree to tell streams apart by."""
    return unquote(name.partition("?")[0]).rstrip("/").rpartition("/")[2]
