"""What is personal in a cell: told apart where it is an id, and not to be read."""

from __future__ import annotations

import re
from hashlib import md5

EMAIL = re.compile(r"[^@ ]+@[^@ ]+\.[^@ ]+")
LONGEST_CATEGORY = 40
SOURCE = "files:"
MEANT = {
    **dict.fromkeys(("\uff20", "\ufe6b", "%40"), "@"),
    **dict.fromkeys(("\u3002", "\uff0e", "\uff61"), "."),
    **dict.fromkeys("\t\n\r\u00a0\u3000", " "),
}
# An @ or several, no blank about them, and a point with one at most.
CLOSE = re.compile(r"[^@ ]@+[^@ ]+ ?\. ?[^@ ]")
# Blanks about the @, where a letter follows the point: else it may be a price.
APART = re.compile(r"[^@ ] *@[@ ]*[^@ ]+\.[^ -@]")


def holds_address(text: str) -> bool:
    """An address in a text, or what is one but for a slip of the hand."""
    for sign, meant in MEANT.items():
        text = text.replace(sign, meant)
    return bool(CLOSE.search(text) or APART.search(text))


def digest(text: str) -> str:
    return md5(text.encode()).hexdigest()


def unreadable(one_id: str) -> str:
    """An address as its hash; one in another spelling is another id."""
    if not holds_address(one_id):
        return one_id
    if not EMAIL.fullmatch(one_id):
        return f"~personal:{digest(one_id)}"
    plain = one_id.lower()
    own = "" if plain == one_id else f":{digest(one_id)[:8]}"
    return f"~email:{digest(plain)}{own}"


def unreadable_part(listed_id: str) -> str:
    """The same for an id that may stand behind its source and a colon."""
    if not listed_id.startswith(SOURCE):
        return unreadable(listed_id)
    return SOURCE + unreadable(listed_id.removeprefix(SOURCE).strip())


def unreadable_list(ids: str) -> str:
    """The same for each id of a list."""
    return ";".join(unreadable_part(one.strip()) for one in ids.split(";"))


def unreadable_text(text: str) -> str:
    """No text with an address in it is shown."""
    return "~personal" if holds_address(text) else text


def unreadable_word(text: str) -> str:
    """Nor what people wrote where one of a few words belongs."""
    is_long = len(text) > LONGEST_CATEGORY
    return "free_text" if is_long and not holds_address(text) else unreadable_text(text)


def unreadable_currency(text: str) -> str:
    """A code in capitals, unless it is none and personal."""
    shown = unreadable_word(text)
    return text.upper() if shown == text else shown
