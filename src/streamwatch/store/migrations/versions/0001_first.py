"""The first schema: every table as `tables` describes it in this version.

Once a version is released, the next revision spells its changes out and this one is frozen in full.
"""

from alembic import op

from streamwatch.store.tables import metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    metadata.create_all(op.get_bind())
