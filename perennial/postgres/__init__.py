"""Builds published on PostgreSQL: a schema of marts, swapped in one transaction."""
