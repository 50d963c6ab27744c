"""Bring the files of a folder into tables of another engine, as text."""

from perennial.loading.problem import LoadError
from perennial.loading.run import LoadedTable, load_folder

__all__ = ["LoadError", "LoadedTable", "load_folder"]
