"""Sessions of the console; the audit log, which the database itself lets nobody change."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

SQLITE = """
CREATE TRIGGER IF NOT EXISTS audit_no_{what} BEFORE {what} ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
"""
POSTGRESQL = (
    """
    CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$
    """,
    "DROP TRIGGER IF EXISTS audit_append_only ON audit",
    """
    CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()
    """,
)


def upgrade() -> None:
    """What is there already is left: the first revision may have made it."""
    metadata = sa.MetaData()
    sa.Table(
        "console_session",
        metadata,
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("proof", sa.String(64), nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.Column("left_at", sa.BigInteger),
    )
    sa.Table(
        "audit",
        metadata,
        sa.Column("id", _ID, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False, index=True),
        sa.Column("act", sa.String(24), nullable=False),
        sa.Column("how", sa.String(10), nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("person", sa.Text),
        sa.Column("incident_id", sa.BigInteger, index=True),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
    )
    metadata.create_all(op.get_bind(), checkfirst=True)
    if op.get_bind().dialect.name == "sqlite":
        for what in ("UPDATE", "DELETE"):
            op.execute(SQLITE.format(what=what))
    else:
        for statement in POSTGRESQL:
            op.execute(statement)
