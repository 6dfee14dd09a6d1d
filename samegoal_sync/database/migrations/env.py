"""Alembic's door: runs the revisions on the database that ``migrate`` names."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool, text

from samegoal_sync.database.connect import connect

url: str = context.config.attributes["database_url"]
# A creator keeps the address (and its password) out of SQLAlchemy's messages.
engine = create_engine(
    "postgresql+psycopg://", creator=lambda: connect(url), poolclass=pool.NullPool
)
with engine.connect() as connection:
    connection.execute(text("set search_path to samegoal"))
    connection.execute(text(f"set lock_timeout = '{context.config.attributes['lock_seconds']}s'"))
    connection.commit()
    connection.dialect.default_schema_name = "samegoal"
    context.configure(connection=connection, version_table_schema="samegoal")
    with context.begin_transaction():
        context.run_migrations()
