"""The answers of analyses/ once more, from the reference's rows, one by one.

Nothing here asks the warehouse but for the length of a term, which the
reference does not show. Each function is named like its analysis.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from math import sqrt
from typing import Any

from comparison import Built, Row

HORIZON_DAYS = 90
PERIOD_MONTHS = 3
LONGEST_MONTHS = 60
WAITS = {
    "all": (0, None),
    "0-29": (0, 30),
    "30-89": (30, 90),
    "90-179": (90, 180),
    "180-364": (180, 365),
    "365 and more": (365, None),
}
ATTRIBUTES = {
    "dim_customers": (
        "acquisition_channel",
        "platform",
        "country",
        "age_band",
        "gender",
        "income_band",
        "current_plan_id",
    ),
    "fct_customer_segments": (
        "rfm_segment",
        "is_high_value",
        "is_repeat_customer",
        "feedback_band",
    ),
}


def what_the_best_customers_share(built: Built) -> list[Row]:
    margins = {
        row["customer_key"]: row["total_clv"]
        for row in built.expected["fct_customer_lifetime_value"]
    }
    traits: dict[str, dict[str, str]] = defaultdict(dict)
    for customer in built.expected["dim_customers"]:
        if customer["first_paid_date"] is not None:
            month = customer["acquired_month"]
            traits[customer["customer_key"]]["acquired_year"] = str(month.year)
    for mart, names in ATTRIBUTES.items():
        for row in built.expected[mart]:
            if row["customer_key"] in traits:
                for name in names:
                    traits[row["customer_key"]][name] = worded(row[name])
    ranked = sorted(traits, key=lambda key: (-margins[key], key))
    best = set(ranked[: -(-len(ranked) // 10)])
    answer = []
    for name in next(iter(traits.values())):
        having = Counter(traits[key][name] for key in ranked)
        best_having = Counter(traits[key][name] for key in best)
        for value, count in best_having.items():
            margin = sum(margins[key] for key in best if traits[key][name] == value)
            all_share = Fraction(having[value], len(ranked))
            best_share = Fraction(count, len(best))
            answer.append(
                {
                    "attribute_name": name,
                    "attribute_value": value,
                    "customers": having[value],
                    "best_customers": count,
                    "clv_share": margin / sum(margins[key] for key in ranked),
                    "all_share": all_share,
                    "best_share": best_share,
                    "lift": best_share / all_share,
                    "is_few": count < 10,
                }
            )
    return answer


def worded(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)


def which_channel_pays_back_and_when(built: Built) -> list[Row]:
    answer = []
    for (channel,), rows in groups(built.expected["rpt_cac_monthly"], "channel"):
        customers = total(rows, "new_customers")
        margin = sum((row["average_clv"] or 0) * row["new_customers"] for row in rows)
        paid_back = [r["cac_payback_months"] for r in rows if r["cac_payback_months"]]
        answer.append(
            {
                "channel": channel,
                "spend": total(rows, "spend"),
                "new_customers": customers,
                "spend_cohorts": sum(row["spend"] > 0 for row in rows),
                "paid_back_cohorts": len(paid_back),
                "cac": ratio(total(rows, "spend"), customers),
                "average_clv": ratio(margin, customers),
                "clv_to_cac_ratio": ratio(margin, total(rows, "spend")),
                "average_payback_months": ratio(sum(paid_back), len(paid_back)),
            }
        )
    return answer


def which_cohorts_are_going_bad(built: Built) -> list[Row]:
    cohorts: dict[tuple, dict[int, Row]] = defaultdict(dict)
    for row in built.expected["rpt_retention_cohorts"]:
        if row["is_mature"] and row["cohort_size"] >= 10:
            since = row["months_since_first"]
            if 1 <= since <= 12:
                cohorts[row["cohort_type"], row["cohort_month"]][since] = row
    spend, won = Counter(), Counter()
    for row in built.expected["rpt_cac_monthly"]:
        spend[row["spend_month"]] += row["spend"]
        won[row["spend_month"]] += row["new_customers"]
    answer = []
    for (kind, month), cells in cohorts.items():
        age, others = max(cells), {}
        for since in cells:
            others[since] = [
                rows[since]
                for key, rows in cohorts.items()
                if key[0] == kind and key[1] != month and since in rows
            ]
        if not others[age]:
            continue
        size = cells[age]["cohort_size"]
        active = total(cells.values(), "active_customers")
        usual = sum(
            size * Fraction(total(rows, "active_customers"), total(rows, "cohort_size"))
            for rows in others.values()
        )
        margin = cells[age]["cumulative_margin_per_customer"]
        others_margin = sum(
            row["cohort_size"] * row["cumulative_margin_per_customer"]
            for row in others[age]
        ) / total(others[age], "cohort_size")
        answer.append(
            {
                "cohort_type": kind,
                "cohort_month": month,
                "cohort_size": size,
                "age": age,
                "activity_ratio": active / usual,
                "margin_ratio": margin / others_margin,
                "is_going_bad": active / usual < 0.85 and margin / others_margin < 0.85,
                "margin_missing": size * (others_margin - margin),
                "margin_per_customer": margin,
                "margin_to_cac": ratio(margin * won[month], spend[month])
                if won[month]
                else None,
            }
        )
    return answer


def why_customers_leave_and_what_it_costs(built: Built) -> list[Row]:
    events = [r for r in built.expected["fct_churn_events"] if r["is_netted_churn"]]
    return [
        {
            "churn_type": kind,
            "churn_reason": reason,
            "churned_customers": len(rows),
            "churned_mrr": total(rows, "churned_mrr"),
            "yearly_revenue_lost": 12 * total(rows, "churned_mrr"),
            "mrr_share": total(rows, "churned_mrr") / total(events, "churned_mrr"),
            "average_tenure_months": total(rows, "tenure_months") / len(rows),
            "returned_share": sum(r["reactivated_date"] is not None for r in rows)
            / len(rows),
        }
        for (kind, reason), rows in groups(events, "churn_type", "churn_reason")
    ]


def what_renews_next_quarter_and_what_is_at_risk(built: Built) -> list[Row]:
    horizon = built.as_of + timedelta(days=HORIZON_DAYS)
    terms = {
        subscription_id: (interval, count)
        for subscription_id, interval, count in built.rows(
            """
            select subscription_id, billing_interval, billing_interval_count
            from marts.fct_subscription_terms
            where renewal_status = 'open'
            """
        )
    }
    bands = {
        row["customer_key"]: row["feedback_band"]
        for row in built.expected["fct_customer_segments"]
    }
    found = []
    for row in built.expected["rpt_upcoming_renewals"]:
        interval, count = terms[row["subscription_id"]]
        times = 0
        while later(row["term_end_date"], interval, count * times) <= horizon:
            times += 1
        if row["is_cancel_requested"]:
            sign = "cancel_requested"
        elif bands[row["customer_key"]] == "detractor":
            sign = "detractor"
        else:
            sign = "new" if row["tenure_months"] < 3 else "none"
        rate = float(row["expected_mrr"]) / float(row["mrr_due"])
        left = float(row["mrr_due"])
        for _ in range(times):
            left *= rate
        found.append(
            row
            | {"billing_interval": interval, "risk_sign": sign}
            | {"times_due": times, "left": left}
        )
    return [
        {
            "billing_interval": interval,
            "risk_sign": sign,
            "subscriptions": len(rows),
            "mrr_due": total(rows, "mrr_due"),
            "expected_mrr": total(rows, "left"),
            "mrr_at_risk": float(total(rows, "mrr_due")) - total(rows, "left"),
            "times_due": total(rows, "times_due") / len(rows),
            "first_due_date": min(row["term_end_date"] for row in rows),
        }
        for (interval, sign), rows in groups(found, "billing_interval", "risk_sign")
    ]


def later(day: date, interval: str, count: int) -> date:
    """So many billing intervals after a day, the month's end at the latest."""
    if interval in ("day", "week"):
        return day + timedelta(days=count * (7 if interval == "week" else 1))
    months = day.month - 1 + count * {"month": 1, "quarter": 3, "year": 12}[interval]
    first = date(day.year + months // 12, months % 12 + 1, 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return min(first + timedelta(days=day.day - 1), last)


def what_better_retention_would_be_worth(built: Built) -> list[Row]:
    items = {
        row["item_name"]: row["used_value"]
        for row in built.expected["rpt_clv_calculator"]
    }
    monthly = float(items["customer_churn_rate"])
    yearly = 1 - (1 - monthly) ** 12
    better_monthly = 1 - (1 - max(yearly - 0.05, 0)) ** (1 / 12)
    answer = [
        retained(
            "all",
            12 * items["new_customers_per_month"],
            yearly,
            float(items["average_lifespan_months"]),
            float(items["average_lifespan_months"]) * monthly,
            better_monthly,
            float(items["clv"]),
        )
    ]
    for row in built.expected["rpt_segment_value"]:
        is_segment = row["attribute_name"] == "segment" and row["customers"] >= 30
        if is_segment and row["formula_clv"] is not None:
            lifespan = float(row["lifespan_months"])
            lost = PERIOD_MONTHS / lifespan
            answer.append(
                retained(
                    row["attribute_value"],
                    row["customers"],
                    lost,
                    lifespan,
                    PERIOD_MONTHS,
                    lost - 0.05,
                    float(row["formula_clv"]),
                )
            )
    return answer


def retained(
    group: str,
    customers: Any,
    lost: float,
    lifespan: float,
    constant: float,
    better_lost: float,
    clv: float,
) -> Row:
    """Lifespan x loss is a constant; who loses none stays for the longest."""
    longest = LONGEST_MONTHS
    if better_lost > 0:
        longest = min(longest, constant / better_lost)
    gained = clv / lifespan * (longest - lifespan)
    return {
        "group_name": group,
        "customers": customers,
        "retention": 1 - lost,
        "lifespan_months": lifespan,
        "better_lifespan_months": longest,
        "clv": clv,
        "clv_gained": gained,
        "value_gained": float(customers) * gained,
    }


def which_plan_switches_grow(built: Built) -> list[Row]:
    rows = [
        row
        for row in built.expected["rpt_mrr_by_slice_monthly"]
        if row["slice_name"] in ("plan", "billing_interval")
        and row["is_complete_month"]
    ]
    months = sorted({row["revenue_month"] for row in rows})
    late, early = months[-12:], months[-24:-12]
    answer = []
    for (name, value), found in groups(rows, "slice_name", "slice_value"):
        by_month = {row["revenue_month"]: row for row in found}
        year = [by_month[month] for month in late if month in by_month]
        year_before = [by_month[month] for month in early if month in by_month]
        begun = by_month.get(late[0], {}).get("starting_mrr", 0)
        switched, before = total(year, "transfer_mrr"), None
        if len(early) == len(late):
            before = total(year_before, "transfer_mrr")
        ending = by_month[months[-1]]["ending_mrr"]
        if begun > 0 or ending > 0 or switched != 0:
            answer.append(
                {
                    "slice_name": name,
                    "slice_value": value,
                    "switched_mrr": switched,
                    "switched_mrr_before": before,
                    "switch_growth": None if before is None else switched - before,
                    "months_gained": sum(row["transfer_mrr"] > 0 for row in year),
                    "switch_rate": ratio(switched, begun),
                    "expansion_mrr": total(year, "expansion_mrr"),
                    "contraction_mrr": total(year, "contraction_mrr"),
                    "ending_mrr": ending,
                }
            )
    return answer


def which_products_make_loyal_customers(built: Built) -> list[Row]:
    named = {row["product_id"]: row for row in built.expected["dim_products"]}
    sold = [
        row
        for row in built.expected["rpt_product_profitability"]
        if row["customers"] >= 30 and row["units"] > 0
    ]
    sold.sort(key=lambda row: (row["net_revenue"] / row["units"], row["product_id"]))
    # Thirds that are as equal as can be, the first ones larger by one.
    whole, rest = divmod(len(sold), 3)
    ends = [0, *(whole * n + min(n, rest) for n in (1, 2, 3))]
    answer = []
    for third, (first, end) in enumerate(pairwise(ends), start=1):
        for row in sold[first:end]:
            peers = [peer for peer in sold[first:end] if peer is not row]
            loyal = sum(p["high_value_customer_share"] * p["customers"] for p in peers)
            usual = float(loyal) / total(peers, "customers")
            above = float(row["high_value_customer_share"]) - usual
            error = sqrt(usual * (1 - usual) / row["customers"])
            product = named[row["product_id"]]
            answer.append(
                {
                    "product_id": row["product_id"],
                    "product_name": product["product_name"],
                    "category": product["category"],
                    "customers": row["customers"],
                    "price_third": third,
                    "high_value_customer_share": row["high_value_customer_share"],
                    "peers_share": usual,
                    "share_above_peers": above,
                    "is_beyond_chance": abs(above) > 2 * error,
                    "margin_rate": row["margin_rate"],
                    "high_value_margin": row["gross_margin"]
                    * row["high_value_revenue_share"],
                }
            )
    return answer


def what_a_second_order_would_be_worth(built: Built) -> list[Row]:
    orders = [
        row
        for row in built.expected["fct_orders"]
        if not row["is_subscription_billing"]
    ]
    orders.sort(key=lambda row: (row["ordered_at"], row["order_id"]))
    buyers = [rows[:2] for _, rows in groups(orders, "customer_key")]
    seconds = [rows[1]["gross_margin"] for rows in buyers if len(rows) > 1]
    second = sum(seconds) / len(seconds)
    answer = []
    for name, (begins, ends) in WAITS.items():
        waiting, fates = [], []
        for rows in buyers:
            seen = (built.as_of - rows[0]["order_date"]).days
            took = None
            if len(rows) > 1:
                took = (rows[1]["order_date"] - rows[0]["order_date"]).days
            if took is None and begins <= seen and (ends is None or seen < ends):
                waiting.append(rows[0]["gross_margin"])
            if seen >= (ends or begins) and (took is None or took >= begins):
                fates.append(took is not None and (ends is None or took < ends))
        answer.append(
            {
                "days_waited": name,
                "one_time_buyers": len(waiting),
                "margin_of_first": ratio(sum(waiting), len(waiting)),
                "margin_of_second": second,
                "margin_if_all": second * len(waiting),
                "margin_if_a_tenth": second * len(waiting) / 10,
                "return_share": sum(fates) / len(fates) if len(fates) >= 30 else None,
            }
        )
    return answer


def what_price_rises_did(built: Built) -> list[Row]:
    paying = {
        row["revenue_month"]: row["starting_customers"]
        for row in built.expected["rpt_mrr_monthly"]
    }
    steps: Counter[tuple[date, float]] = Counter()
    for row in built.expected["fct_mrr_movements"]:
        if row["movement_type"] == "expansion":
            factor = round(row["mrr_after"] / row["mrr_before"], 3)
            steps[row["moved_date"].replace(day=1), factor] += 1
    rises = {
        month
        for (month, _), count in steps.items()
        if count >= 10 and count * 20 >= paying[month]
    }
    plans = [
        row
        for row in built.expected["rpt_mrr_by_slice_monthly"]
        if row["slice_name"] == "plan" and row["is_complete_month"]
    ]
    answer = []
    for (plan,), rows in groups(plans, "slice_value"):
        months = sorted(rows, key=lambda row: row["revenue_month"])
        for place, row in enumerate(months):
            if row["revenue_month"] in rises:
                before, after = months[max(0, place - 6) : place], months[place:][:6]
                answer.append(risen(plan, row, before, after))
    return answer


def risen(plan: str, row: Row, before: list[Row], after: list[Row]) -> Row:
    base, later_base = total(before, "starting_mrr"), total(after, "starting_mrr")
    usual = ratio(total(before, "expansion_mrr"), base)
    rate = ratio(row["expansion_mrr"], row["starting_mrr"])
    raised = lost = net = is_raised = None
    if usual is not None and rate is not None:
        usual_loss = ratio(losses(before), base)
        raised = total(after, "expansion_mrr") - usual * later_base
        lost = losses(after) - usual_loss * later_base
        net = raised + lost
        is_raised = float(rate) >= max(0.03, 2 * float(usual))
    return {
        "rise_month": row["revenue_month"],
        "plan_id": plan,
        "rise_rate": rate,
        "expansion_rate_before": usual,
        "is_raised": is_raised,
        "raised_mrr": raised,
        "lost_mrr": lost,
        "net_mrr": net,
        "churn_before": churn(before),
        "churn_after": churn(after),
    }


def losses(rows: Iterable[Row]) -> Any:
    return sum(row["churned_mrr"] + row["contraction_mrr"] for row in rows)


def churn(rows: list[Row]) -> Any:
    return ratio(total(rows, "churned_customers"), total(rows, "starting_customers"))


def groups(rows: Iterable[Row], *columns: str) -> list[tuple[tuple, list[Row]]]:
    found: dict[tuple, list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(row[column] for column in columns)].append(row)
    return list(found.items())


def total(rows: Iterable[Row], column: str) -> Any:
    return sum(row[column] for row in rows)


def ratio(numerator: Any, denominator: Any) -> Any:
    return numerator / denominator if denominator else None
