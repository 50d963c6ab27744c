"""E-mail addresses in names of files and folders, which are not to be shown.

A build refuses the same names (`macros/validation/unreadable.sql`).
"""

import re

# Signs of other scripts and of web addresses, blanks of all kinds.
MEANT = {
    **dict.fromkeys(("\uff20", "\ufe6b", "%40"), "@"),
    **dict.fromkeys(("\u3002", "\uff0e", "\uff61"), "."),
    **dict.fromkeys("\t\n\r\u00a0\u3000", " "),
}
ADDRESS = re.compile(r"[^@ ]@+[^@ ]+ ?[.] ?[^@ ]|[^@ ] *@[@ ]*[^@ ]+[.][^ -@]")


def masked_path(path: str) -> str:
    """The path with *** for each step that holds an e-mail address."""
    return "/".join(_shown_step(step) for step in path.split("/"))


def _shown_step(step: str) -> str:
    stem = re.sub(r"[.](csv|parquet)$", "", step)
    for sign, meant in MEANT.items():
        stem = stem.replace(sign, meant)
    if not ADDRESS.search(stem):
        return step
    ending = re.search(r"[.](csv|parquet)$", step)
    return "***" + (ending[0] if ending else "")
