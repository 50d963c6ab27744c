"""What the demo's customers do besides buying: events, and how content they are."""

from datetime import timedelta

from perennial.demo_draws import Draws
from perennial.demo_shop import LAST_DAY, Customer, Row, instant

# What happens to a customer, and by which channels.
EVENT_SHARES = {
    "login": 0.45,
    "campaign_response": 0.27,
    "support_contact": 0.18,
    "product_review": 0.10,
}
EVENT_CHANNELS = {
    "login": ("web", "ios", "android"),
    "campaign_response": ("email", "email", "social"),
    "support_contact": ("email", "chat", "phone"),
    "product_review": ("web",),
}
LAST_EVENT_CHANCE = 0.35
# A third is ever asked; the better a customer, the better the score.
ANSWER_SHARE = 0.38
SCORE_SHARES = {
    "promoter": {10: 0.6, 9: 0.4},
    "passive": {8: 0.6, 7: 0.4},
    "detractor": {6: 0.4, 5: 0.25, 4: 0.12, 3: 0.1, 2: 0.06, 1: 0.04, 0: 0.03},
}


def make_customer_events(seed: int, customers: list[Customer]) -> list[Row]:
    """The events of all generated customers by time, numbered."""
    events = [row for customer in customers for row in _live_events(seed, customer)]
    events.sort(key=lambda row: (row["occurred_at"], row["customer_id"]))
    return [
        {"event_id": f"e{number:04d}", **event}
        for number, event in enumerate(events, start=1)
    ]


def make_customer_feedback(seed: int, customers: list[Customer]) -> list[Row]:
    """The answers of the generated customers who gave any, by time, numbered."""
    answers = [row for customer in customers for row in _answer(seed, customer)]
    answers.sort(key=lambda row: (row["submitted_at"], row["customer_id"]))
    return [
        {"feedback_id": f"f{number:04d}", **answer}
        for number, answer in enumerate(answers, start=1)
    ]


def _live_events(seed: int, customer: Customer) -> list[Row]:
    draws = Draws(seed, f"{customer.customer_id}/events")
    at = customer.created_at
    rows: list[Row] = []
    while not draws.chance(LAST_EVENT_CHANCE):
        at += timedelta(seconds=int(draws.exponential() * 75 * 86400))
        if at.date() > LAST_DAY:
            break
        event_type = draws.weighted(EVENT_SHARES)
        rows.append(
            {
                "customer_id": customer.customer_id,
                "occurred_at": instant(at),
                "event_type": event_type,
                "channel": draws.one_of(EVENT_CHANNELS[event_type]),
            }
        )
    return rows


def _answer(seed: int, customer: Customer) -> list[Row]:
    """At most two answers, half a year apart; the mood mostly stays."""
    draws = Draws(seed, f"{customer.customer_id}/feedback")
    if not draws.chance(ANSWER_SHARE):
        return []
    mood = draws.weighted(
        {
            "promoter": 0.45 * customer.quality,
            "passive": 0.30,
            "detractor": 0.25 / customer.quality,
        }
    )
    at = customer.created_at + timedelta(minutes=draws.whole(1440, 90 * 1440))
    rows: list[Row] = []
    for _ in range(draws.whole(1, 2)):
        if at.date() > LAST_DAY:
            break
        rows.append(
            {
                "customer_id": customer.customer_id,
                "submitted_at": instant(at),
                "score": str(draws.weighted(SCORE_SHARES[mood])),
            }
        )
        at += timedelta(minutes=draws.whole(150 * 1440, 210 * 1440))
    return rows
