"""Reviews that the receiver wrote by itself, and what a team means to do about them."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What is there already is left: the first revision may have made it."""
    metadata = sa.MetaData()
    sa.Table(
        "review",
        metadata,
        sa.Column("session", sa.Text, primary_key=True),
        sa.Column("ended_at", sa.BigInteger, primary_key=True),
        sa.Column("stream", sa.Text, nullable=False, index=True),
        sa.Column("stem", sa.Text, unique=True, nullable=False),
        sa.Column("begun_at", sa.BigInteger, nullable=False),
        sa.Column("written_at", sa.BigInteger),
        sa.Column("files", sa.JSON),
        sa.Column("numbers", sa.JSON),
    )
    sa.Table(
        "action",
        metadata,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("due", sa.String(10), nullable=False),
        sa.Column("stream", sa.Text),
        sa.Column("session", sa.Text),
        sa.Column("incident_id", sa.BigInteger),
        sa.Column("added_at", sa.BigInteger, nullable=False),
        sa.Column("added_by", sa.Text),
        sa.Column("done_at", sa.BigInteger),
        sa.Column("done_by", sa.Text),
    )
    metadata.create_all(op.get_bind(), checkfirst=True)
