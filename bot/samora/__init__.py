"""The calls API: a client that asks it, and the schema of what it answers."""
