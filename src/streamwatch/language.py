"""Two languages everywhere a person reads: a text is written in both, side by side, and shown in one."""

import os
from collections.abc import Mapping
from typing import Literal, NamedTuple

Language = Literal["zh", "en"]


class Text(NamedTuple):
    """One sentence in both languages; *{names}* are filled in by `format`, a `Text` in its language."""

    zh: str
    en: str

    def read_in(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en

    def format(self, **values: object) -> "Text":
        return Text(self.zh.format(**_read(values, "zh")), self.en.format(**_read(values, "en")))


def _read(values: Mapping[str, object], language: Language) -> dict[str, object]:
    return {name: word.read_in(language) if isinstance(word, Text) else word for name, word in values.items()}


def reader_language(environ: Mapping[str, str] = os.environ) -> Language:
    """The terminal's language: `STREAMWATCH_LANG`, else the locale; Chinese for zh locales, English otherwise."""
    chosen = (
        environ.get("STREAMWATCH_LANG")
        or environ.get("LC_ALL")
        or environ.get("LC_MESSAGES")
        or environ.get("LANG")
        or ""
    )
    return "zh" if chosen.lower().startswith("zh") else "en"


def accepted_language(header: str, default: Language = "en") -> Language:
    """What an Accept-Language header asks for first; *default* when it asks for nothing."""
    first = header.strip().lower()
    return default if not first or first == "*" else "zh" if first.startswith("zh") else "en"
