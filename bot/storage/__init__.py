"""The memory: what must not be lost, in SQLite or PostgreSQL. Nothing personal, no variables, no links."""
