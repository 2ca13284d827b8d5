"""The queue of complaints."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What is there already is left: the first revision may have made it."""
    bind = op.get_bind()
    if sa.inspect(bind).has_table("complaint"):
        return
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "complaint",
        sa.Column("id", number, primary_key=True),
        sa.Column("live_key", sa.Text, unique=True),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("incident_id", number, sa.ForeignKey("incident.id"), index=True),
        sa.Column("drill", sa.Boolean, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False, index=True),
        sa.Column("users", sa.Integer, nullable=False),
        sa.Column("chatters", sa.Integer, nullable=False),
        sa.Column("loud_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("taken_at", sa.BigInteger),
        sa.Column("taken_by", sa.Text),
        sa.Column("answered_at", sa.BigInteger),
        sa.Column("answered_by", sa.Text),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("quiet_at", sa.BigInteger),
    )
