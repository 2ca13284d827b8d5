"""What a drill showed is kept with it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What is there already is left: the first revision may have made it."""
    present = {each["name"] for each in sa.inspect(op.get_bind()).get_columns("drill")}
    if "result" not in present:
        op.add_column("drill", sa.Column("result", sa.JSON))
