"""Why nothing was loaded."""


class LoadError(Exception):
    """Why nothing was loaded, in one line that says what to do."""
