"""Which ids are one customer: those that a chain of links joins."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from .inputs import Inputs, Row
from .policies import Policies
from .unreadable import EMAIL, digest

SOURCE = "files"


class Node(NamedTuple):
    """One id of one source."""

    source_name: str
    customer_id: str

    @property
    def text(self) -> str:
        return f"{self.source_name}:{self.customer_id}"


Tokens = dict[Node, set[str]]
Links = dict[Node, set[Node]]


def customer_identities(inputs: Inputs, policies: Policies) -> list[Row]:
    """Every id, also one that only an order or a subscription names."""
    nodes = {
        Node(SOURCE, row["customer_id"])
        for table in ("customers", "orders", "subscriptions")
        for row in inputs.accepted(table)
    }
    rows = {Node(SOURCE, r["customer_id"]): r for r in inputs.accepted("customers")}
    emails = {node: set() for node in nodes}
    if policies.match_customers_by_email:
        emails = {node: email_tokens(node, rows.get(node, {})) for node in nodes}
    listed = {node: external_ids(rows.get(node, {})) for node in nodes}
    return identity_rows(emails, listed, policies.max_match_rounds)


def identity_rows(emails: Tokens, listed: Tokens, max_rounds: int) -> list[Row]:
    by_email = email_links(emails)
    by_external_id = external_links(listed)
    both = {node: by_email[node] | by_external_id[node] for node in emails}
    found = []
    for node in sorted(emails):
        away = distances(node, both)
        key = min(away, key=lambda other: other.text)
        matched_by = "external_id" if by_external_id[node] else "email"
        row = {
            "source_name": node.source_name,
            "customer_id": node.customer_id,
            "customer_key": key.text,
            "matched_by": matched_by if away[key] else "id",
            "match_round": away[key],
        }
        found.append(row)
    # The last round must not change a key any more.
    if any(row["match_round"] >= max_rounds for row in found):
        message = "a chain of matches is too long for max_match_rounds"
        raise ValueError(message)
    return found


def email_tokens(node: Node, row: Row) -> set[str]:
    """The address of the row, and the id where it was an address itself."""
    address = (row.get("email") or "").strip().lower()
    tokens = {digest(address)} if EMAIL.fullmatch(address) else set()
    if node.customer_id.startswith("~email:"):
        tokens.add(node.customer_id.split(":")[1])
    return tokens


def external_ids(row: Row) -> set[str]:
    written = (row.get("external_customer_ids") or "").split(";")
    return {text.strip() for text in written if text.strip()}


def by_token(tokens: Tokens) -> dict[str, set[Node]]:
    holders: dict[str, set[Node]] = defaultdict(set)
    for node, own in tokens.items():
        for token in own:
            holders[token].add(node)
    return holders


def email_links(emails: Tokens) -> Links:
    """Each id with all that have the same address."""
    holders = by_token(emails)
    return {
        node: {other for token in own for other in holders[token]} - {node}
        for node, own in emails.items()
    }


def external_links(listed: Tokens) -> Links:
    """Each id with those that list the same id, that it lists, that list it."""
    holders = by_token(listed)
    named = by_token({node: {node.customer_id, node.text} for node in listed})
    found: Links = {node: set() for node in listed}
    for token, listers in holders.items():
        for lister in listers:
            for other in (listers | named.get(token, set())) - {lister}:
                found[lister].add(other)
                found[other].add(lister)
    return found


def distances(node: Node, links: Links) -> dict[Node, int]:
    """How many links each id of the group is away."""
    away = {node: 0}
    waiting = [node]
    for one in waiting:
        for other in links[one]:
            if other not in away:
                away[other] = away[one] + 1
                waiting.append(other)
    return away
