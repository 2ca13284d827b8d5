"""Many pages in one message; acks that run out."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What is there already is left: the first revision may have made it."""
    _add("page", sa.Column("carried_by", sa.BigInteger))
    _add("incident", sa.Column("progressed_at", sa.BigInteger))
    if "page_carried" not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("page")}:
        op.create_index("page_carried", "page", ["carried_by"])


def _add(table: str, column: "sa.Column[int]") -> None:
    present = {each["name"] for each in sa.inspect(op.get_bind()).get_columns(table)}
    if column.name not in present:
        op.add_column(table, column)
