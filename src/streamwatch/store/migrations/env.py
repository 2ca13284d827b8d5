"""Alembic runs this for every upgrade; the connection is handed over by `database`."""

from alembic import context

from streamwatch.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
