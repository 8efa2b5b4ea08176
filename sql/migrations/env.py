"""Alembic's entry: the engine comes from pipeline.store.engine.upgrade, never from an ini file."""

from alembic import context

from pipeline.store.tables import metadata

engine = context.config.attributes["engine"]

with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
