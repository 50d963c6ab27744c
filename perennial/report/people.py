"""Sections about customers: each by its key, never by name or address."""

from typing import Any

from perennial.report.content import Picture, Section, Table
from perennial.report.definition import AtRiskCustomers, BestCustomers, Customers
from perennial.report.pictures import bars
from perennial.report.reading import Reading
from perennial.report.words import amount, many, one_line, rate

FILTERS = {
    "channel": "acquisition_channel",
    "platform": "platform",
    "country": "country",
    "plan": "current_plan_id",
}


def _chosen(
    reading: Reading, index: int, choice: Customers
) -> tuple[str, dict[str, Any], str]:
    """The condition of the filters, its values, and the filters in words."""
    conditions, values, words = ["true"], {}, []
    for name, column in FILTERS.items():
        given = reading.check(index, choice, name, "dim_customers", column)
        if given:
            conditions.append(f"list_contains(${name}, customer.{column})")
            values[name] = given
            words.append(f"{name} {', '.join(map(one_line, given))}")
    return " and ".join(conditions), values, "".join(f", {word}" for word in words)


def best_customers(reading: Reading, index: int, choice: BestCustomers) -> Section:
    """Who is worth most, historical and predicted."""
    condition, values, of = _chosen(reading, index, choice)
    marts = ("fct_customer_lifetime_value", "dim_customers")
    found = reading.rows(
        f"""
        with

        valued as (
            select
                value.customer_key,
                value.historical_margin,
                value.predicted_clv,
                value.predicted_clv_low,
                value.predicted_clv_high,
                value.total_clv,
                sum(value.total_clv) over () as clv_of_all
            from marts.fct_customer_lifetime_value as value
            inner join marts.dim_customers as customer
                on value.customer_key = customer.customer_key
            where customer.first_paid_date is not null and {condition}
        )

        select *
        from valued
        where total_clv > 0
        order by total_clv desc, customer_key
        limit $customers
        """,
        customers=choice.customers,
        **values,
    )
    title = f"Best customers{of}"
    if not found:
        return Section(
            *("best_customers", title, marts),
            "No customer of these has a lifetime value above 0.",
        )
    top = sum(row["total_clv"] for row in found)
    share = ""
    if found[0]["clv_of_all"] > 0:
        share = f", {float(top / found[0]['clv_of_all']) * 100:.1f} % of all"
    rows = [
        (
            one_line(row["customer_key"]),
            amount(row["historical_margin"]),
            amount(row["predicted_clv"]),
            _range(row["predicted_clv_low"], row["predicted_clv_high"]),
            amount(row["total_clv"]),
        )
        for row in found
    ]
    return Section(
        name="best_customers",
        title=title,
        marts=marts,
        says=f"{_the_best(len(found))} a lifetime value of {amount(top)}{share}.",
        picture=_deciles(reading, condition, values),
        tables=[
            Table(("Customer", "So far", "Predicted", "Range", "Lifetime value"), rows)
        ],
        notes=[
            f"As of {reading.as_of}. So far: margin of what was paid. Predicted: that "
            f"of the next {reading.build.policy('clv_horizon_months')} months, and the "
            "range between its 10 % and 90 % quantiles."
        ],
    )


def _the_best(customers: int) -> str:
    return (
        "The best customer has"
        if customers == 1
        else f"The best {customers} customers have"
    )


def _deciles(
    reading: Reading, condition: str, values: dict[str, Any]
) -> Picture | None:
    """Lifetime value by tenth of the customers, as far as there are tenths."""
    found = reading.rows(
        f"""
        select
            value.clv_decile as decile,
            sum(value.total_clv) as clv,
            sum(value.total_clv) / nullif(sum(sum(value.total_clv)) over (), 0)
                as share
        from marts.fct_customer_lifetime_value as value
        inner join marts.dim_customers as customer
            on value.customer_key = customer.customer_key
        where value.clv_decile is not null and {condition}
        group by decile
        order by decile desc
        """,
        **values,
    )
    if len(found) < 2:
        return None
    currency = reading.build.policy("reporting_currency")
    spoken = ", ".join(f"{row['decile']}: {amount(row['clv'])}" for row in found)
    return bars(
        "deciles",
        f"Bars of lifetime value by decile of customers, {currency}: {spoken}.",
        ("Decile of customers by lifetime value, 10 is the best", f"CLV, {currency}"),
        [(str(row["decile"]), float(row["clv"]), rate(row["share"])) for row in found],
    )


def _range(low: Any, high: Any) -> str:
    if low is None or high is None:
        return ""
    return f"{low:,.0f} to {high:,.0f}"


def at_risk_customers(reading: Reading, index: int, choice: AtRiskCustomers) -> Section:
    """Who is about to be lost: a known end, or long without an order."""
    condition, values, of = _chosen(reading, index, choice)
    marts = (
        *("fct_customer_segments", "rpt_upcoming_renewals"),
        *("fct_customer_lifetime_value", "dim_customers"),
    )
    found = reading.rows(
        f"""
        with

        ending as (
            select
                customer_key,
                min(term_end_date) as ends_on,
                sum(mrr_due) as mrr_due
            from marts.rpt_upcoming_renewals
            where is_cancel_requested
            group by customer_key
        ),

        at_risk as (
            select
                customer.customer_key,
                value.historical_margin,
                ending.ends_on,
                ending.mrr_due,
                value.probability_alive,
                segment.recency_days
            from marts.dim_customers as customer
            inner join marts.fct_customer_lifetime_value as value
                on customer.customer_key = value.customer_key
            inner join marts.fct_customer_segments as segment
                on customer.customer_key = segment.customer_key
            left join ending
                on customer.customer_key = ending.customer_key
            where
                (
                    ending.customer_key is not null
                    or (
                        value.probability_alive < 0.5
                        and customer.customer_status = 'active'
                        and customer.current_mrr = 0
                    )
                )
                and {condition}
        )

        select
            *,
            count(*) over () as customers,
            count(*) filter (where ends_on is not null) over () as customers_ending,
            sum(historical_margin) over () as margin_of_all
        from at_risk
        order by historical_margin desc nulls last, customer_key
        limit $customers
        """,
        customers=choice.customers,
        **values,
    )
    title = f"At-risk customers{of}"
    if not found:
        return Section(
            *("at_risk_customers", title, marts),
            "No customer of these is at risk: no cancelled subscription ends in the "
            "days ahead, and no customer seems to have stopped ordering.",
        )
    all_of_them = found[0]
    quiet = all_of_them["customers"] - all_of_them["customers_ending"]
    says = (
        f"{many(all_of_them['customers'], 'customer')} with "
        f"{amount(all_of_them['margin_of_all'])} margin so far may be lost: "
        f"{all_of_them['customers_ending']:,} cancelled, {quiet:,} seem to have "
        "stopped ordering."
    )
    rows = [
        (one_line(row["customer_key"]), _why(row), amount(row["historical_margin"]))
        for row in found
    ]
    return Section(
        name="at_risk_customers",
        title=title,
        marts=marts,
        says=says,
        tables=[Table(("Customer", "Why", "Margin so far"), rows, wordy=(1,))],
        notes=[
            "Seem to have stopped ordering: without a subscription, not lapsed yet, "
            "and by their own rhythm of orders still buyers with less than 50 % "
            "(probability_alive). Shown are those that brought most."
        ],
    )


def _why(row: dict[str, Any]) -> str:
    if row["ends_on"]:
        return f"cancelled: {amount(row['mrr_due'])} MRR ends {row['ends_on']}"
    return (
        f"no order for {many(row['recency_days'], 'day')}; "
        f"still a buyer with {rate(row['probability_alive'])}"
    )
