"""The one error of the docs."""


class DocsError(Exception):
    """Why there are no docs, in one line that says what to do."""
