"""Addresses and secrets of channels: written in place, or in a file of their own, which is kept out of git.

The address of a chat robot holds its token, so an address is a secret as well. No error here repeats a value.
"""

import re
from pathlib import Path
from typing import Annotated, ClassVar, Self

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, model_validator

from streamwatch.language import Text

SHORTEST_TOKEN = 6  # characters: what is shorter, or a shorter step of a path, is an ordinary word
SHORTEST_STEP = 16
LONGEST_WORDS = 1000


def read_secret(value: SecretStr | None, file: Path | None) -> str:
    """The secret itself, from whichever was given; "" if neither was. Raises ValueError with the cure."""
    if value is not None:
        return _one_word(value.get_secret_value(), "the value")
    if file is None:
        return ""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"the secret file {file} is not UTF-8; write the secret into it again") from None
    except OSError as error:
        raise ValueError(f"the secret file {file} cannot be read: {error.strerror}") from error
    return _one_word(text, f"the secret file {file}")


def read_url(value: SecretStr | None, file: Path | None) -> httpx.URL:
    """The same for an address. Raises ValueError with the cure."""
    place = "the value" if file is None else f"the secret file {file}"
    try:
        url = httpx.URL(read_secret(value, file))
    except httpx.InvalidURL:
        raise ValueError(f"{place} is not an address; copy the whole of it, from https:// on") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError(f"{place} is not an address; copy the whole of it, from https:// on")
    return url


def exactly_one(name: str, value: object, file: object) -> None:
    if (value is None) == (file is None):
        raise ValueError(f"give {name} or {name}_file: one of the two")


def at_most_one(name: str, value: object, file: object) -> None:
    if value is not None and file is not None:
        raise ValueError(f"give {name} or {name}_file, not both")


def hide(words: str, url: httpx.URL, *secrets: str) -> str:
    """What a service answered, without any part of what we told it in confidence."""
    parts = {str(url), url.password, *secrets}
    parts |= {value for value in url.params.values() if len(value) >= SHORTEST_TOKEN}
    parts |= {step for step in url.path.split("/") if len(step) >= SHORTEST_STEP}
    for part in sorted(filter(None, parts), key=len, reverse=True):
        words = words.replace(part, "…")
    return re.sub(r"\w+://\S+", "…", words[:LONGEST_WORDS])  # the pattern takes long over a flood


def _one_word(text: str, place: str) -> str:
    word = text.strip()
    if not word:
        raise ValueError(f"{place} is empty; write the secret into it")
    if not word.isprintable() or " " in word:
        raise ValueError(f"{place} holds more than one word or line; leave only the secret")
    return word


def _secret(value: SecretStr) -> SecretStr:
    read_secret(value, None)
    return value


def _secret_file(file: Path, info: ValidationInfo) -> Path:
    if _wanted(info):
        read_secret(None, file)
    return file


def _url(value: SecretStr) -> SecretStr:
    read_url(value, None)
    return value


def _url_file(file: Path, info: ValidationInfo) -> Path:
    if _wanted(info):
        read_url(None, file)
    return file


def _wanted(info: ValidationInfo) -> bool:
    """Whoever checks a file away from its secrets validates with the context {"read_secrets": False}."""
    return bool((info.context or {}).get("read_secrets", True))


# Types for `Settings`: what they hold can be used, or the mistake is told with the key it stands under.
Secret = Annotated[SecretStr, AfterValidator(_secret)]
SecretFile = Annotated[Path, AfterValidator(_secret_file)]
Url = Annotated[SecretStr, AfterValidator(_url)]
UrlFile = Annotated[Path, AfterValidator(_url_file)]


class Common(BaseModel):
    """What the settings of every channel share. `monthly_quota` is what the contract allows, in messages."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    monthly_quota: Annotated[int, Field(gt=0)] | None = None

    account_form: ClassVar[Text] = Text("", "")  # how an account is written in `to`

    @property
    def has_buttons(self) -> bool:
        """Whether people can answer there."""
        return False

    def is_account(self, to: str) -> bool:
        """Whether *to* is what the service calls a person when they answer."""
        return True

    @property
    def listens_as(self) -> str:
        """The account over which buttons come back, shared by all channels that have the same; "": none do."""
        return ""


class Addressed(Common):
    """Settings of a channel that is an address: `url` in place, or in the file that `url_file` names."""

    url: Url | None = None
    url_file: UrlFile | None = None

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        exactly_one("url", self.url, self.url_file)
        return self

    @property
    def address(self) -> httpx.URL:
        return read_url(self.url, self.url_file)


class Signed(Addressed):
    """The same with a secret that signs each message; without one the robot asks for none."""

    secret: Secret | None = None
    secret_file: SecretFile | None = None

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        at_most_one("secret", self.secret, self.secret_file)
        return self

    @property
    def key(self) -> str:
        return read_secret(self.secret, self.secret_file)


class WithToken(Common):
    """Settings of a channel at a known address, whose `token` is the key to it: in place, or in `token_file`."""

    token: Secret | None = None
    token_file: SecretFile | None = None

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        exactly_one("token", self.token, self.token_file)
        return self

    @property
    def key(self) -> str:
        return read_secret(self.token, self.token_file)
