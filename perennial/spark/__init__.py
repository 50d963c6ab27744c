"""Builds published on Spark: tagged snapshots, named in one commit."""
