"""What the dbt project perennial needs and SQL can't do."""

__version__ = "0.1.0"
