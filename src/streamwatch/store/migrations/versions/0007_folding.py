"""Urgent alerts are folded before their turn; an incident can be part of another, or silenced."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WAITS = sa.text("urgent > 0 AND folded_at IS NULL")


def upgrade() -> None:
    """What is there already is left: the first revision may have made it."""
    inspector = sa.inspect(op.get_bind())
    present = {each["name"] for each in inspector.get_columns("inbox")}
    for name in ("urgent", "ahead"):
        if name not in present:
            op.add_column("inbox", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
    for silence in (sa.Column("silenced_until", sa.BigInteger), sa.Column("silences", sa.JSON)):
        if silence.name not in {each["name"] for each in inspector.get_columns("incident")}:
            op.add_column("incident", silence)
    if "merged_into" not in {each["name"] for each in inspector.get_columns("incident")}:
        # No foreign key here: SQLite adds none to a table that is there.
        op.add_column("incident", sa.Column("merged_into", sa.BigInteger))
        op.create_index("ix_incident_merged_into", "incident", ["merged_into"])
    if "inbox_urgent" not in {index["name"] for index in inspector.get_indexes("inbox")}:
        op.create_index("inbox_urgent", "inbox", ["id"], sqlite_where=WAITS, postgresql_where=WAITS)
