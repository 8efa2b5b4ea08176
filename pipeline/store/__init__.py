"""The database: engine, tables, migrations, sealed values, upserts, named queries."""
