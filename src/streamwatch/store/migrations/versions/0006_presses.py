"""Buttons that were pressed in a chat, and how far each service was read."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What is there already is left: the first revision may have made it."""
    metadata = sa.MetaData()
    sa.Table(
        "press",
        metadata,
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
    )
    sa.Table(
        "listened",
        metadata,
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    metadata.create_all(op.get_bind(), checkfirst=True)
