"""What was said about duty on the fly: overrides, and when sessions really began and ended."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """What is there already is left: the first revision may have made it."""
    metadata = sa.MetaData()
    sa.Table(
        "duty_override",
        metadata,
        sa.Column("id", _ID, primary_key=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("stream", sa.Text),
        sa.Column("starts_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("made_by", sa.Text),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("withdrawn_by", sa.Text),
        sa.Column("withdrawn_at", sa.BigInteger),
    )
    sa.Table(
        "session_time",
        metadata,
        sa.Column("session", sa.Text, primary_key=True),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("said_by", sa.Text),
        sa.Column("said_at", sa.BigInteger, nullable=False),
    )
    metadata.create_all(op.get_bind(), checkfirst=True)
