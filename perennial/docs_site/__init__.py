"""The folder of docs: what the project says of itself, to be opened from disk."""

from perennial.docs_site.errors import DocsError
from perennial.docs_site.site import build_docs

__all__ = ["DocsError", "build_docs"]
