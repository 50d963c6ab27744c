"""Rows whose values engines read, sort or fold in ways of their own.

Names come in groups that are one customer, by a shared e-mail: with ids that
sort one way by their bytes and another way in a dictionary, with orders and
subscriptions that begin and end at one instant. Whatever is chosen among them
by the order of texts shows there.
"""

from __future__ import annotations

import random
from datetime import timedelta

from reference.contract import CONTRACTS
from worlds import AS_OF

SEED = 8
GROUPS = 60

NAMES = (
    *("a", "A", "z", "Z", "ä", "Ä", "é", "e\u0301", "ß", "ss", "ñ", "Å", "å"),
    *("_", "-", ".", "+", "~", "#", "$", "&", "(", "[", "{{ a }}", "{% a %}"),
    *("7", "007", "10", "9", "1e3", "0x1F", "٣", "½"),
    *("ab", "a b", "a-b", "a_b", "a.b", "a'b", 'a"b', "a\\b", "a%b", "a,b", "a|b"),
    *("\\N", "\\n", "NULL", "null", "None", "nan", "true", "-- a", "/* a */"),
    *("Ω", "ω", "Ж", "ж", "日本", "한국", "🙂", "ﬁ", "fi", "a\u200bb", "o'); --"),
    "long-" + "x" * 3000,
)
# Trimmed to one text, or folded to one; blanks that are none to a plain trim.
TWINS = ("Gold", "gold", "GOLD", " gold ", "Gold plan", "gold-plan", "GÖLD", "göld")
TWINS += ("gold\u00a0", "\u3000gold", "gold\u2003plan")
TIMES = (
    *("2024-02-29", "2024-02-30", "2023-02-29", "2100-02-29", "2024-02-29Z"),
    *("0001-01-01", "0000-01-01", "10000-01-01", "2024-00-10", "2024-10-00"),
    *("2024-01-01T24:00", "2024-01-01T23:59:60", "2024-01-01T23:60", "2024-06-31"),
    *("2024-01-01T12:00+05:30", "2024-01-01T12:00-12:00", "2024-01-01T12:00+99:00"),
    *("2024-01-01T12:00+14:00", "2024-01-01T12:00+15:59", "2024-01-01T12:00+16:00"),
    *("2024-01-01T12:00-15:00", "2024-01-01T12:00-18:00", "2024-01-01T12:00+18:30"),
    *("2024-01-01T12:00+05:75", "2024-01-01T12:00+0530", "2024-01-01T12:00-03"),
    *("2024-01-01 12:00 UTC", "2024-01-01T12:00UTC", "2024-01-01T12:00:00z"),
    *("2024-01-01T12:00:00.1234565Z", "2024-01-01T23:59:59.9999999"),
    *("2024-01-01T12:00:00.9999999Z", "2024-01-01T12:00:00.5", "2024-1-1"),
    *("2024-03-31T02:30", "2024-03-31T02:30+01:00", "2024-11-03T01:30-04:00"),
    *("2024-01-01T12", "2024-01-01T12:00:00,5Z", "2024-01-01  12:00", "20240101"),
    *("now", "today", "epoch", "infinity", "-infinity", "2024-W01-1", "2024-001"),
    *("２０２４-01-01", " 2024-01-01 ", "\t2024-01-01", "2024-01-01\u00a0"),
    *("2024-01-01T00:00:00+00:00", "2023-12-31T23:59:59.999999Z", "2024-01-01T"),
    *("2024-01-01\n", "2024-01-01T12:00\n", "2024-01-01T12:00Z\r\n"),
)
# A day that may be any year without a month of the marts for each since then.
BIRTHDAYS = ("1000-01-01", "1582-10-10", "1752-09-05", "0999-12-31", "2024-02-30")
BIRTHDAYS += (
    "9999-12-31",
    "1900-02-29",
    "1904-02-29",
    "2000-02-29",
    "2024-02-29T24:00",
)
AMOUNTS = (
    *("1e5", "1E5", ".5", "5.", "12,50", "1.234,5", "1,234.5", "1_000", "0x10"),
    *("000000000000000001", "000000000001", "+7", "-0", "-0.0", "+.5", "1 000"),
    *("NaN", "nan", "Infinity", "-inf", "1e400", "9" * 13, "9" * 40, "٣", "１２"),
    *("0.0000004", "0.0000005", "0.0000015", "0.00000049999999999999999999"),
    *("2.5000005", "1.0000000000000000000000001", "1234567.123456", "--1"),
    *("$5", "5 USD", "5%", "(5)", " 5 ", "\t5", "5\u00a0", "½", ".", "+", "-", "1.2.3"),
    *("5\n", "5\u2028", "1e-7"),
)
COUNTS = ("1", "01", "1.", "1.0", "1.5", "0", "1000", "1001", "1e1", " 2 ", "-1")
COUNTS += ("3\n",)
BOOLEANS = ("true", "TRUE", "t", "1", "on", "yes", "Y", "0", "f", "No", "off", "tRuE")
EMAILS = (
    *(
        "Name@Example.com",
        "name@example.com ",
        "NAME@EXAMPLE.COM",
        "n@x",
        "@",
        "n@@x.y",
    ),
    *("MÜLLER@example.com", "müller@example.com", "muller@example.com"),
    *("ΣΊΣΥΦΟΣ@example.com", "σίσυφος@example.com", "İ@example.com", "i@example.com"),
    *("n＠example.com", "n%40example.com", "n @ example.com", "n@exa mple.com"),
    *("o'neil@example.com", "a+b@example.com", "a\\b@example.com", "ﬁ@example.com"),
    *("n@example.com\n", "nn@example.com", "'n@example.com'"),
)

Row = dict[str, str]
Tables = dict[str, list[Row]]


def tables() -> Tables:
    """The same rows every time."""
    made: Tables = {table: [] for table in CONTRACTS}
    rng = random.Random(SEED)
    for number in range(GROUPS):
        add_group(made, number, rng)
    for number, email in enumerate(EMAILS):
        add_addressed(made, number, email)
    add_times(made)
    add_amounts(made)
    add_twins(made)
    return made


def add_group(made: Tables, number: int, rng: random.Random) -> None:
    """Two or three names that are one customer, all things at one time."""
    names = [f"{name}{number}" for name in rng.sample(NAMES, rng.choice((2, 2, 3)))]
    start = AS_OF - timedelta(days=rng.randint(100, 700))
    end = start + timedelta(days=rng.randint(40, 99))
    for name, word in zip(names, rng.sample(NAMES, len(names)), strict=True):
        made["customers"].append(
            {
                **{"customer_id": name, "email": f"group-{number}@awkward.example"},
                **{"created_at": rng.choice(("", start.isoformat()))},
                **{"acquisition_channel": word, "platform": word, "country": word},
                **{"gender": word, "income_band": word},
            }
        )
        made["orders"].append(
            {
                **{"order_id": f"o{name}", "customer_id": name},
                **{"ordered_at": start.isoformat(), "gross_amount": "10"},
                **{"platform": word, "status": rng.choice((word, "paid"))},
            }
        )
        made["order_items"].append(
            {
                **{"order_item_id": f"i{name}", "order_id": f"o{name}"},
                **{"product_id": word, "quantity": "1", "unit_price": "10"},
            }
        )
        made["subscriptions"].append(
            {
                **{"subscription_id": f"s{name}", "customer_id": name},
                **{"started_at": start.isoformat(), "unit_amount": "10"},
                **{"billing_interval": "month", "plan_id": word},
                **{"ended_at": end.isoformat() if number % 2 else ""},
                **{"cancel_reason": word},
            }
        )
        made["subscription_changes"].append(
            {
                **{"subscription_id": f"s{name}", "plan_id": rng.choice(NAMES)},
                **{"changed_at": (start + timedelta(days=10)).isoformat()},
            }
        )
        made["customer_events"].append(
            {
                **{"event_id": f"e{name}", "customer_id": name},
                **{"occurred_at": start.isoformat(), "event_type": word},
                **{"channel": word},
            }
        )
        made["customer_feedback"].append(
            {
                **{"feedback_id": f"f{name}", "customer_id": name},
                **{"submitted_at": start.isoformat()},
                **{"score": rng.choice(("0", "07", "7.0", "9", "10", "1e1", "11"))},
            }
        )


def add_addressed(made: Tables, number: int, email: str) -> None:
    """A customer by an address, and one whose id is that address."""
    usual = {"ordered_at": "2024-05-05", "gross_amount": "3", "status": "paid"}
    for kind, customer in (("plain", f"mail-{number}"), ("as id", email)):
        row = {"customer_id": customer, "email": email, "interests": email}
        made["customers"].append(row | {"platform": email})
        order = {"order_id": f"mail-{number}-{kind}", "customer_id": customer}
        made["orders"].append(usual | order | {"platform": email})


def add_times(made: Tables) -> None:
    """Each way to write a time, where it moves what is counted when."""
    for number, text in enumerate(TIMES):
        customer = f"time-{number}"
        made["customers"].append({"customer_id": customer, "created_at": text})
        made["orders"].append(
            {
                **{"order_id": customer, "customer_id": customer},
                **{"ordered_at": text, "gross_amount": "20", "loaded_at": text},
            }
        )
        made["subscriptions"].append(
            {
                **{"subscription_id": customer, "customer_id": customer},
                **{"started_at": "2023-05-31", "unit_amount": "20"},
                **{"billing_interval": "month", "trial_ends_at": text},
            }
        )
        made["marketing_spend"].append(
            {"spend_date": text, "channel": "ads", "amount": "5"}
        )
    for number, text in enumerate(BIRTHDAYS):
        row = {"customer_id": f"born-{number}", "birth_date": text}
        made["customers"].append(row)
        order = {"order_id": f"born-{number}", "customer_id": f"born-{number}"}
        order |= {"ordered_at": "2024-05-05", "gross_amount": "3"}
        made["orders"].append(order)


def add_amounts(made: Tables) -> None:
    """Each way to write a number, as an amount, a quantity, a count and a flag."""
    for number, text in enumerate(AMOUNTS):
        customer = f"amount-{number}"
        order = {"order_id": customer, "customer_id": customer}
        order |= {"ordered_at": "2024-03-01", "status": "paid", "gross_amount": text}
        made["orders"].append(order)
        made["subscriptions"].append(
            {
                **{"subscription_id": customer, "customer_id": customer},
                **{"started_at": "2023-05-31", "unit_amount": "20", "quantity": text},
                "billing_interval": "month",
            }
        )
        day = (AS_OF - timedelta(days=number)).isoformat()
        made["exchange_rates"].append(
            {"rate_date": day, "currency": "XAW", "rate": text}
        )
        made["platform_sessions"].append(
            {"session_date": day, "platform": "awkward", "sessions": text}
        )
        made["products"].append(
            {"product_id": customer, "product_name": text, "list_price": text}
        )
    made["orders"].append(
        {
            **{"order_id": "in-awkward-money", "customer_id": "amount-0"},
            **{"ordered_at": "2024-11-01", "gross_amount": "9", "currency": "xaw"},
        }
    )
    for kind, texts in (
        ("billing_interval_count", COUNTS),
        ("discount_is_recurring", BOOLEANS),
    ):
        for number, text in enumerate(texts):
            name = f"{kind}-{number}"
            made["subscriptions"].append(
                {
                    **{"subscription_id": name, "customer_id": name},
                    **{"started_at": "2024-05-31", "unit_amount": "20"},
                    **{"billing_interval": "month", "discount_amount": "4"},
                    kind: text,
                }
            )


def add_twins(made: Tables) -> None:
    """Words that differ by case or blanks, wherever a word makes a group."""
    for number, text in enumerate(TWINS):
        customer = f"twin-{number}"
        made["customers"].append(
            {
                **{"customer_id": customer, "acquisition_channel": text},
                **{"country": text, "platform": text, "income_band": text},
            }
        )
        order = {"order_id": customer, "customer_id": customer, "platform": text}
        order |= {"ordered_at": "2024-06-01", "gross_amount": "8", "status": text}
        made["orders"].append(order)
        made["subscriptions"].append(
            {
                **{"subscription_id": text, "customer_id": customer, "plan_id": text},
                **{"started_at": "2024-06-01", "unit_amount": "8"},
                **{"billing_interval": "month", "ended_at": "2024-09-01"},
                **{"cancel_reason": text},
            }
        )
        made["marketing_spend"].append(
            {"spend_date": "2024-06-01", "channel": text, "amount": "30"}
        )
        made["platform_sessions"].append(
            {"session_date": "2024-06-02", "platform": text, "sessions": "30"}
        )
