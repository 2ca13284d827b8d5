"""Two languages wherever a person reads."""

import os
from collections.abc import Mapping
from typing import Literal, NamedTuple

Language = Literal["zh", "en"]


class Text(NamedTuple):
    """One sentence in both languages."""

    zh: str
    en: str

    def read_in(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


def reader_language(environ: Mapping[str, str] = os.environ) -> Language:
    """`STREAMWATCH_LANG`, else the locale: Chinese for zh locales, English otherwise."""
    names = ("STREAMWATCH_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    chosen = next((environ[name] for name in names if environ.get(name)), "")
    return "zh" if chosen.lower().startswith("zh") else "en"
