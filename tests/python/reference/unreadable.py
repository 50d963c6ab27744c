"""What is personal in a cell: told apart where it is an id, and not to be read."""

from __future__ import annotations

import re
from hashlib import md5

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
LONGEST_CATEGORY = 40


def digest(text: str) -> str:
    return md5(text.encode()).hexdigest()


def unreadable(one_id: str) -> str:
    """An address as its hash; one in another spelling is another id."""
    if not EMAIL.search(one_id):
        return one_id
    if not EMAIL.fullmatch(one_id):
        return f"~personal:{digest(one_id)}"
    plain = one_id.lower()
    own = "" if plain == one_id else f":{digest(one_id)[:8]}"
    return f"~email:{digest(plain)}{own}"


def unreadable_part(listed_id: str) -> str:
    """The same for an id that may stand behind its source and a colon."""
    source, colon, one_id = listed_id.partition(":")
    if not colon or "@" in source:
        return unreadable(listed_id)
    return source + colon + unreadable(one_id)


def unreadable_list(ids: str) -> str:
    """The same for each id of a list."""
    return ";".join(unreadable_part(one.strip()) for one in ids.split(";"))


def unreadable_text(text: str) -> str:
    """No text with an address in it is shown."""
    return "~personal" if EMAIL.search(text) else text


def unreadable_word(text: str) -> str:
    """Nor what people wrote where one of a few words belongs."""
    is_long = len(text) > LONGEST_CATEGORY
    return "free_text" if is_long and not EMAIL.search(text) else unreadable_text(text)


def unreadable_currency(text: str) -> str:
    """A code in capitals, unless it is none and personal."""
    shown = unreadable_word(text)
    return text.upper() if shown == text else shown
