"""Webhooks are kept by a compression that costs half: they come by the thousand, and are read once."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """PostgreSQL alone, from 14 on, and not where it was built without: there it stays as it is."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    try:
        with connection.begin_nested():
            connection.execute(sa.text("ALTER TABLE inbox ALTER COLUMN body SET COMPRESSION lz4"))
    except sa.exc.DBAPIError:
        pass
