"""Whether a page was of use to whoever was called."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What is there already is left: the first revision may have made it."""
    bind = op.get_bind()
    if sa.inspect(bind).has_table("rating"):
        return
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "rating",
        sa.Column("incident_id", number, sa.ForeignKey("incident.id"), primary_key=True),
        sa.Column("person", sa.Text, primary_key=True),
        sa.Column("useful", sa.Boolean, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
