"""EXT-X-DEFINE: variables of a playlist, put in where `{$name}` stands (rfc8216bis sections 4.3 and 4.4.2.3). Pure.

Values may be tokens, so no error holds one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from streamwatch_exporters.probe import ProbeFailed

_REFERENCE = re.compile(r"\{\$([A-Za-z0-9_-]+)\}")
_NOT_QUOTABLE = re.compile(r'["\r\n]')


@dataclass
class Variables:
    """*query* is that of the playlist's own address after redirects, *imported* what its master defined."""

    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    imported: Mapping[str, str] = field(default_factory=dict, repr=False)
    defined: dict[str, str] = field(default_factory=dict, repr=False)

    def define(self, attributes: Mapping[str, str]) -> None:
        """Learn one tag. What it names must exist: a player refuses the playlist otherwise."""
        if "NAME" in attributes:
            self.defined[attributes["NAME"]] = attributes.get("VALUE", "")
        elif "QUERYPARAM" in attributes:
            self._take_from(self.query, attributes["QUERYPARAM"])
        elif "IMPORT" in attributes:
            self._take_from(self.imported, attributes["IMPORT"])

    def fill(self, line: str) -> str:
        """The line with values for names. A playlist without EXT-X-DEFINE knows no variables."""
        if not self.defined or "{$" not in line:
            return line
        return _REFERENCE.sub(lambda match: self._value(match[1]), line)

    def _take_from(self, source: Mapping[str, str], name: str) -> None:
        value = source.get(name)
        if value is None or _NOT_QUOTABLE.search(value):
            raise ProbeFailed("parse", "EXT-X-DEFINE takes a variable from where there is none")
        self.defined[name] = value

    def _value(self, name: str) -> str:
        if name not in self.defined:
            raise ProbeFailed("parse", "the playlist uses a variable that it does not define")
        return self.defined[name]
