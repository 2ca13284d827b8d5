"""The schema of this version: a database of an earlier one is brought up to it."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from streamwatch.errors import CommandFailed
from streamwatch.store.refusals import NEWER

MIGRATIONS = Path(__file__).parent / "migrations"
NEWEST = "0013"  # the head of them


def bring_up(engine: Engine) -> None:
    """Alembic and its versions are loaded only where there is something to do: a restart is quicker without.

    Raises `CommandFailed` when a newer version was here before, and `SQLAlchemyError`.
    """
    with engine.begin() as connection:
        if _version(connection) != NEWEST:
            _upgrade(connection)


def _version(connection: Connection) -> str | None:
    """As Alembic keeps it; None where there is no schema yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise CommandFailed(NEWER) from error
