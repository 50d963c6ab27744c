"""What is told of the months that are over: MRR, customers and net revenue."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

from .inputs import Row
from .months import is_complete, month_of
from .numbers import ZERO
from .revenue import Payment

Told = dict[tuple[date, str], Decimal]


def closed_months(
    monthly: list[Row], payments: list[Payment], as_of: date
) -> list[Row]:
    """MRR and customers at each month's end, and all money of its days.

    A month without a payment, not even one of 0, has no net revenue to tell.
    """
    told: Told = defaultdict(lambda: ZERO)
    for row in monthly:
        told[row["revenue_month"], "mrr"] = row["ending_mrr"]
        told[row["revenue_month"], "customers"] = Decimal(row["ending_customers"])
    for payment in payments:
        told[month_of(payment.day), "net_revenue"] += payment.revenue
    return [
        {"closed_month": month, "metric_name": name, "metric_value": value}
        for (month, name), value in told.items()
        if is_complete(month, as_of)
    ]
