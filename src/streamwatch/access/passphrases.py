"""Passphrases of the console: kept as argon2id hashes (RFC 9106), one line a person, as a web server keeps them.

`alice:$argon2id$v=19$m=65536,t=3,p=4$…`; blank lines and lines that begin with # are left alone.
"""

import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError

from streamwatch.errors import StreamWatchError
from streamwatch.language import Text

SHORTEST = 12  # characters; NIST SP 800-63B asks for 8, and here nobody is asked for a second factor
LONGEST = 256  # characters: more is no passphrase, and costs time to hash
LEAST_MEMORY = 19 * 1024  # KiB; OWASP, Password Storage: m=19456 with t=2
LEAST_PASSES = 2
NAME = re.compile(r"[a-z0-9_-]{1,40}")


class BadPassphrase(StreamWatchError):
    """This cannot be a passphrase."""


class Broken(NamedTuple):
    """A line that is no passphrase of anybody; *line* is 1-based. What stands in it is not repeated."""

    line: int
    text: Text


_HASHER = PasswordHasher()  # argon2-cffi's defaults: RFC 9106, second recommended option (64 MiB, 3 passes)

NO_LINE = Text(
    "第 {line} 行不是 name:hash；用 streamwatch passphrase 生成",
    "line {line} is not name:hash; make it with streamwatch passphrase",
)
TWICE = Text("第 {line} 行：{name} 出现了两次", "line {line}: {name} stands twice")
WEAK = Text(
    "第 {line} 行的散列太弱或不是 argon2id；用 streamwatch passphrase 重新生成",
    "line {line}: the hash is weak or not argon2id; make it anew with streamwatch passphrase",
)


def hash_of(passphrase: str) -> str:
    """The hash with its parameters and a salt of its own. Raises `BadPassphrase`."""
    if not SHORTEST <= len(passphrase.strip()) <= LONGEST:
        raise BadPassphrase(
            Text(f"口令要有 {SHORTEST} 到 {LONGEST} 个字符", f"a passphrase has {SHORTEST} to {LONGEST} characters")
        )
    return _HASHER.hash(_typed(passphrase))


def line_of(name: str, passphrase: str) -> str:
    """As it stands in the file. Raises `BadPassphrase`."""
    return f"{name}:{hash_of(passphrase)}"


def with_line(text: str, line: str) -> str:
    """*text* of a file with *line* instead of the one of the same name, or after all."""
    head = line.partition(":")[0] + ":"
    kept = [each for each in text.splitlines() if not each.startswith(head)]
    return "\n".join([*kept, line]) + "\n"


def read(text: str) -> tuple[dict[str, str], list[Broken]]:
    """Hash by name, and everything that is wrong."""
    found: dict[str, str] = {}
    broken: list[Broken] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, colon, hashed = line.strip().partition(":")
        if not colon or not NAME.fullmatch(name) or not hashed:
            broken.append(Broken(number, NO_LINE.format(line=number)))
        elif name in found:
            broken.append(Broken(number, TWICE.format(line=number, name=name)))
        elif not _is_strong(hashed):
            broken.append(Broken(number, WEAK.format(line=number)))
        else:
            found[name] = hashed
    return found, broken


def _typed(passphrase: str) -> str:
    """The same whichever keyboard or input method wrote it (NIST SP 800-63B: normalised before hashing)."""
    return unicodedata.normalize("NFKC", passphrase.strip()[: LONGEST + 1])


def _is_strong(hashed: str) -> bool:
    try:
        found = extract_parameters(hashed)
    except (InvalidHashError, ValueError):
        return False
    return found.type is Type.ID and found.memory_cost >= LEAST_MEMORY and found.time_cost >= LEAST_PASSES


def matches(hashed: str, passphrase: str) -> bool:
    """Takes about a tenth of a second of a core, and 64 MiB: not for the event loop."""
    try:
        return _HASHER.verify(hashed, _typed(passphrase))
    except Argon2Error:
        return False


def decoy(hashes: Iterable[str]) -> str:
    """A hash that nothing matches and that costs as much to try as the dearest of *hashes*."""
    costs = [extract_parameters(each) for each in hashes]
    if not costs:
        return _HASHER.hash(secrets.token_hex())
    dearest = max(costs, key=lambda each: each.memory_cost * each.time_cost)
    return PasswordHasher.from_parameters(dearest).hash(secrets.token_hex())


class Doorkeeper:
    """Knows whose passphrase it is. An unknown name costs as much time as a known one."""

    def __init__(self, hashes: Mapping[str, str]) -> None:
        self._hashes = dict(hashes)
        self._decoy = ""

    def admits(self, name: str, passphrase: str) -> bool:
        """Not for the event loop."""
        self._decoy = self._decoy or decoy(self._hashes.values())
        known = self._hashes.get(name)
        return matches(known or self._decoy, passphrase) and known is not None
