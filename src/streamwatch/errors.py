"""What can go wrong, as a tree. The docstring of a class is its message when none is given.

StreamWatchError
├── ConfigError          a file that people wrote says something that cannot be
├── NotAWebhook          a body that is not an Alertmanager webhook
├── NotStored            the database did not take it: the sender must post again
├── ChannelError         a page was not delivered (channels/channel.py gives the reasons)
└── CommandFailed        a command could not do what it was asked to
"""

from dataclasses import dataclass

Said = str | tuple[str, str]  # English alone, or Chinese and English: a `language.Text` is such a pair


def both(said: Said) -> tuple[str, str]:
    """Chinese and English. What was said in English only stands for both."""
    return said if isinstance(said, tuple) else (said, said)


class StreamWatchError(Exception):
    """Something StreamWatch expected could go wrong, went wrong."""

    def __init__(self, message: Said | None = None) -> None:
        self.words = both(message or (self.__doc__ or "").strip())
        super().__init__(self.words[1])  # logs are in English; people read `words`


@dataclass(frozen=True)
class Mistake:
    """One thing wrong in a file: where, which key, what, and the cure."""

    file: str
    line: int  # 1-based; 0 when the whole file is meant
    column: int
    key: str
    text: str
    text_zh: str = ""  # what has none is read in English

    def __str__(self) -> str:
        return self.words[1]

    @property
    def words(self) -> tuple[str, str]:
        """Chinese and English, with the place."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        head = f"{place}: {self.key}: " if self.key else f"{place}: "
        return head + (self.text_zh or self.text), head + self.text


class ConfigError(StreamWatchError):
    """The configuration has mistakes."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        zh, en = zip(*(mistake.words for mistake in mistakes), strict=True)
        super().__init__(("\n".join(zh), "\n".join(en)))
        self.mistakes = mistakes


class NotAWebhook(StreamWatchError):
    """The body is not an Alertmanager webhook of version 4."""


class NotStored(StreamWatchError):
    """The database did not take the alerts. Nothing was promised: post them again."""


class CommandFailed(StreamWatchError):
    """The command could not do what it was asked to."""
