"""Files that people keep as evidence of an incident. The files themselves lie in the evidence folder."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """What is there already is left: the first revision may have made it."""
    metadata = sa.MetaData()
    sa.Table("incident", metadata, sa.Column("id", _ID, primary_key=True))
    sa.Table(
        "evidence_file",
        metadata,
        sa.Column("id", _ID, primary_key=True),
        sa.Column("incident_id", _ID, sa.ForeignKey("incident.id"), nullable=False, index=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("added_at", sa.BigInteger, nullable=False),
        sa.Column("added_by", sa.Text, nullable=False),
    )
    metadata.create_all(op.get_bind(), checkfirst=True)
