"""The database: connections to whichever server is primary, the schema and its migrations, ids.

Rule: statements live in the room that owns their table, not here.
"""
