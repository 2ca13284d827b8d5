"""What the settings of every probe share: frozen, unknown keys refused, secrets that never print."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError
from yarl import URL

_MAX_SECRET_BYTES = 64 * 1024

NOT_READ = "https://not-read.invalid/"
"""Stands for a secret while streams.yml is checked without its secret files."""


class Settings(BaseModel):
    """The settings of one thing in streams.yml."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
"""An operator's name for a thing; it becomes a label, so its alphabet is narrow."""


def _read_secret(value: Any, info: ValidationInfo) -> Any:
    """Replace the path of a secret file, relative to the file that names it, by what the file holds."""
    if not isinstance(value, str):
        raise PydanticCustomError("secret_path", "a path is expected")
    context = info.context or {}
    if not context.get("read_secrets", True):
        return NOT_READ
    path = Path(context.get("folder", "."), value).expanduser()
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_SECRET_BYTES).decode().strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise PydanticCustomError("secret_file", "cannot be read", {"path": value, "why": _why(exc)}) from exc
    if not content:
        raise PydanticCustomError("secret_file", "is empty", {"path": value, "why": "empty"})
    return content


def _why(exc: OSError | UnicodeDecodeError) -> str:
    if isinstance(exc, FileNotFoundError):
        return "missing"
    return "forbidden" if isinstance(exc, PermissionError) else "unreadable"


SecretFile = Annotated[SecretStr, BeforeValidator(_read_secret)]
"""In the file: a path. In the program: what that file held when streams.yml was loaded."""


def one_of(inline: SecretStr | None, from_file: SecretStr | None, key: str) -> None:
    """Exactly one of `key` and `key_file` may be written."""
    if (inline is None) == (from_file is None):
        raise PydanticCustomError("one_of", "one of the two", {"key": key})


def exactly_one(choices: Mapping[str, object]) -> None:
    """Exactly one of several keys may be written."""
    if sum(value is not None for value in choices.values()) != 1:
        raise PydanticCustomError("exactly_one", "exactly one", {"keys": ", ".join(choices)})


def http_url(secret: SecretStr) -> URL:
    """The address inside a secret. Raises a pydantic error without the address."""
    try:
        url = exact_url(secret.get_secret_value())
        good = url.scheme in ("http", "https") and bool(url.host)
    except ValueError:
        good = False
    if not good:
        raise PydanticCustomError("http_url", "an http URL is expected")
    return url


def exact_url(text: str) -> URL:
    """A URL as it is written: signed addresses break when somebody quotes them anew. Raises ValueError."""
    return URL(text, encoded=text.isascii() and " " not in text)


class Addressed(Settings):
    """What is looked at by an address: `url` in place, or `url_file`. It may hold a token, hence a secret."""

    url: SecretStr | None = None
    url_file: SecretFile | None = None

    @model_validator(mode="after")
    def _one_url(self) -> Self:
        one_of(self.url, self.url_file, "url")
        self.check_address()
        return self

    def check_address(self) -> None:
        """Raises a pydantic error without the address. Other protocols than HTTP check otherwise."""
        http_url(self.secret_url)

    @property
    def secret_url(self) -> SecretStr:
        return self.url or self.url_file or SecretStr("")
