"""The duty book as it is in force: duty.yml, and what the running receiver was told on the fly."""

from datetime import datetime
from pathlib import Path

import click
from sqlalchemy.engine import make_url

from streamwatch.cli.api import Api
from streamwatch.config import Config
from streamwatch.config.reach import reach_of
from streamwatch.duty import Actual, DutyBook, Override
from streamwatch.errors import CommandFailed
from streamwatch.language import Text, reader_language

UNKNOWN = Text(
    "注意：接收端没有应答，临时改派和场次实际时间未计入",
    "careful: the receiver does not answer; overrides made on the fly and actual times of sessions are unknown",
)


def live_book(config: Config) -> DutyBook:
    """Without an answer, as the file says, and that is said where there may be more."""
    try:
        said = Api(reach_of(config)).call("GET", "/duty/live")
    except CommandFailed:
        if _may_know_more(config):
            click.echo(UNKNOWN.read_in(reader_language()), err=True)
        return config.book
    overrides = [
        Override(
            each["role"],
            each["person"],
            datetime.fromisoformat(each["from"]),
            datetime.fromisoformat(each["to"]),
            each["stream"],
            each["reason"],
            each["by"],
            int(each["id"]),
        )
        for each in said["overrides"]
    ]
    actual = {
        session: Actual(_moment(times["started"]), _moment(times["ended"]))
        for session, times in said["sessions"].items()
    }
    return config.book.as_it_is(overrides, actual)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _may_know_more(config: Config) -> bool:
    """A database that was never made holds nothing."""
    url = make_url(config.file.database)
    if url.get_backend_name() != "sqlite" or not url.database:
        return True
    return Path(url.database).exists()
