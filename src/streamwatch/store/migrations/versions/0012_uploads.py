"""Files are copied to an object storage: which, and which are there."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What is there already is left: the first revision may have made it."""
    if sa.inspect(op.get_bind()).has_table("upload"):
        return
    op.create_table(
        "upload",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("done_at", sa.BigInteger),
        sa.Column("trouble", sa.Text),
    )
