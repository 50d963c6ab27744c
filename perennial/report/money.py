"""Sections about money by month: headline numbers, the bridge, renewals."""

from perennial.headlines import average_of_payers
from perennial.report.content import Picture, Section, Table
from perennial.report.definition import Bridge, Headlines, Renewals
from perennial.report.pictures import lines, waterfall, waterfall_axis
from perennial.report.reading import Reading
from perennial.report.words import (
    amount,
    change,
    change_of_rate,
    count,
    many,
    month_name,
    one_line,
    rate,
    short_month,
)

NO_SUBSCRIPTIONS = "There are no subscriptions in this input."
MONTHS_SHOWN = 13
HEADLINE_MARTS = (
    "rpt_mrr_monthly",
    "rpt_churn_monthly",
    "rpt_platform_monthly",
    "fct_customer_lifetime_value",
)
CUT_OFF = "The picture's axis does not begin at 0: totals are cut off below."
PARTS = {
    "starting_mrr": "Start",
    "new_mrr": "New",
    "reactivation_mrr": "Reactivated",
    "expansion_mrr": "Expansion",
    "contraction_mrr": "Contraction",
    "churned_mrr": "Churned",
    "transfer_mrr": "Moved",
    "ending_mrr": "End",
}


def headline_numbers(reading: Reading, index: int, choice: Headlines) -> Section:
    """The numbers that people ask for first, with their change."""
    mrr = reading.by_month(
        """
        select
            revenue_month as month, ending_mrr, arr, ending_customers, arpa
        from marts.rpt_mrr_monthly
        where revenue_month in ($month, $before)
        """
    )
    churn = reading.by_month(
        """
        select
            revenue_month as month, customer_churn_rate, net_revenue_retention_12m
        from marts.rpt_churn_monthly
        where revenue_month in ($month, $before)
        """
    )
    orders = reading.by_month(
        """
        select
            revenue_month as month,
            sum(orders) as orders,
            sum(net_revenue) as net_revenue,
            sum(net_revenue) / nullif(sum(orders), 0) as average_order_value
        from marts.rpt_platform_monthly
        where revenue_month in ($month, $before)
        group by revenue_month
        """
    )
    numbers = (
        ("MRR", mrr, "ending_mrr", amount, change),
        ("ARR", mrr, "arr", amount, change),
        ("Active customers", mrr, "ending_customers", count, change),
        ("MRR per customer", mrr, "arpa", amount, change),
        ("Customer churn rate", churn, "customer_churn_rate", rate, change_of_rate),
        (
            *("Net revenue retention, 12 months", churn),
            *("net_revenue_retention_12m", rate, change_of_rate),
        ),
        ("Orders", orders, "orders", count, change),
        ("Order revenue, net", orders, "net_revenue", amount, change),
        ("Average order", orders, "average_order_value", amount, change),
    )
    table: list[tuple[str, ...]] = []
    for label, (now, before), column, shown, moved in numbers:
        if not now and not before:
            continue
        values = (now.get(column), before.get(column))
        table.append((label, shown(values[0]), shown(values[1]), moved(*values)))
    clv = average_of_payers(reading.connection)
    if clv is not None:
        table.append(("Average CLV, historical + predicted", amount(clv), "", ""))
    notes = [f"Average CLV: as of {reading.as_of}, over all who ever paid."]
    if not mrr[0]:
        notes.append(f"{_no_subscriptions(reading)} So there is no MRR and no churn.")
    if not orders[0]:
        notes.append(_no_orders(reading))
    headings = ("", short_month(reading.month), short_month(reading.before), "Change")
    return Section(
        name="headlines",
        title="Headline numbers",
        marts=HEADLINE_MARTS,
        says=_say_headlines(reading, mrr, orders),
        picture=_months(reading),
        tables=[Table(headings, table)] if table else [],
        notes=notes,
    )


def _say_headlines(reading: Reading, mrr: tuple, orders: tuple) -> str:
    parts = []
    for label, (now, before), column in (
        ("MRR", mrr, "ending_mrr"),
        ("order revenue", orders, "net_revenue"),
    ):
        if now.get(column) is None:
            continue
        value = f"{label} is {amount(now[column])}"
        moved = change(now[column], before.get(column))
        parts.append(f"{value} ({moved})" if moved else value)
    if not parts:
        return f"Nothing was paid or ordered in {reading.month_in_words}."
    said = "; ".join(parts)
    return (
        f"{said[0].upper()}{said[1:]}"
        f" in {reading.month_in_words}, change against {month_name(reading.before)}."
    )


def _months(reading: Reading) -> Picture | None:
    """MRR and order revenue of the last months, as far as there are such."""
    queries = {
        "MRR": """
            select revenue_month as month, ending_mrr as value
            from marts.rpt_mrr_monthly
            where revenue_month <= $month
            order by month desc
            limit $months
        """,
        "Order revenue": """
            select revenue_month as month, sum(net_revenue) as value
            from marts.rpt_platform_monthly
            where revenue_month <= $month
            group by revenue_month
            order by month desc
            limit $months
        """,
    }
    series = {}
    for label, sql in queries.items():
        found = reading.rows(sql, month=reading.month, months=MONTHS_SHOWN)
        if len(found) > 1:
            series[label] = [
                (row["month"].isoformat(), float(row["value"] or 0))
                for row in reversed(found)
            ]
    if not series:
        return None
    spoken = "; ".join(
        f"{label} from {points[0][1]:,.2f} in {points[0][0][:7]} to "
        f"{points[-1][1]:,.2f} in {points[-1][0][:7]}"
        for label, points in series.items()
    )
    return lines(
        "months",
        f"Line chart by month, {reading.build.policy('reporting_currency')}: {spoken}.",
        f"{' and '.join(series)}, {reading.build.policy('reporting_currency')}",
        series,
    )


def bridge(reading: Reading, index: int, choice: Bridge) -> Section:
    """Why MRR moved: picture and table, of all or of one slice."""
    slices = [
        (name, column, value)
        for name, column, value in (
            ("plan", "plan", choice.plan),
            ("billing_interval", "billing_interval", choice.billing_interval),
            ("channel", "channel", choice.channel),
            ("country", "country", choice.country),
        )
        if value
    ]
    if len(slices) > 1:
        raise reading.written.error(
            ("sections", index, slices[1][0]),
            "the bridge is cut by one of plan, billing_interval, channel and "
            "country, not by two",
        )
    mart, sliced, values = "rpt_mrr_monthly", "", {}
    if slices:
        ((name, _, value),) = slices
        mart = "rpt_mrr_by_slice_monthly"
        known = f"case slice_name when '{name}' then slice_value end"
        reading.check(index, choice, name, mart, known)
        sliced = "and slice_name = $slice_name and slice_value = $slice_value"
        values = {"slice_name": name, "slice_value": value}
    now, before = reading.by_month(
        f"""
        select revenue_month as month, columns('_mrr$'), ending_customers
        from marts.{mart}
        where revenue_month in ($month, $before) {sliced}
        """,
        **values,
    )
    of = (
        f", {slices[0][0].replace('_', ' ')} {one_line(slices[0][2])}" if slices else ""
    )
    title = f"MRR bridge{of}"
    if not now:
        return Section("bridge", title, (mart,), _no_subscriptions(reading))
    parts = {
        column: label
        for column, label in PARTS.items()
        if column in now and (column != "transfer_mrr" or now[column] is not None)
    }
    rows = [
        (label, amount(now[column]), amount(before.get(column)))
        for column, label in parts.items()
    ]
    moved = now["ending_mrr"] - now["starting_mrr"]
    end = amount(now["ending_mrr"])
    went = (
        f"{'rose' if moved > 0 else 'fell'} by {amount(abs(moved))} "
        f"in {reading.month_in_words}, to {end}"
        if moved
        else f"stayed at {end} in {reading.month_in_words}"
    )
    spoken = ", ".join(
        f"{label.lower()} {amount(now[column])}" for column, label in parts.items()
    )
    currency = reading.build.policy("reporting_currency")
    steps = [
        (label, float(now[column]), column in ("starting_mrr", "ending_mrr"))
        for column, label in parts.items()
    ]
    return Section(
        name="bridge",
        title=title,
        marts=(mart,),
        says=f"MRR {went}.",
        picture=waterfall(
            "bridge",
            f"Waterfall of MRR in {reading.month_in_words}, {currency}: {spoken}.",
            currency,
            steps,
        ),
        tables=[
            Table(
                ("", short_month(reading.month), short_month(reading.before)),
                rows,
                has_total=True,
            )
        ],
        notes=[CUT_OFF] if waterfall_axis(steps)[0] else [],
    )


def renewals(reading: Reading, index: int, choice: Renewals) -> Section:
    """Which terms end in the days ahead, and how much of them may stay."""
    mart = "rpt_upcoming_renewals"
    plans = reading.check(index, choice, "plan", mart, "plan_id")
    *found, total = reading.rows(
        f"""
        select
            cast(date_trunc('month', term_end_date) as date) as month,
            count(*) as subscriptions,
            sum(mrr_due) as mrr_due,
            -- A sum of some of them would look like a bad rate.
            case
                when count(expected_mrr) = count(*) then sum(expected_mrr)
            end as expected_mrr,
            count(*) filter (where is_cancel_requested) as cancelled
        from marts.{mart}
        where len($plans) = 0 or list_contains($plans, plan_id)
        group by rollup (month)
        order by month nulls last
        """,
        plans=plans,
    )
    of = f", plan {', '.join(map(one_line, plans))}" if plans else ""
    title = f"Renewals ahead{of}"
    days = reading.build.policy("renewal_horizon_days")
    ahead = f"the {days} days after {reading.as_of}" if days else "the days ahead"
    if not found:
        return Section(
            "renewals", title, (mart,), f"No subscription comes to renew in {ahead}."
        )
    stays = (
        "no term has come due yet that tells how much of it stays"
        if total["expected_mrr"] is None
        else f"{amount(total['expected_mrr'])} is expected to stay"
    )
    rows = [
        (
            label,
            count(row["subscriptions"]),
            amount(row["mrr_due"]),
            "unknown" if row["expected_mrr"] is None else amount(row["expected_mrr"]),
            rate(row["expected_mrr"] / row["mrr_due"])
            if row["mrr_due"] and row["expected_mrr"] is not None
            else "",
            count(row["cancelled"]),
        )
        for label, row in (
            *((short_month(row["month"]), row) for row in found),
            ("All", total),
        )
    ]
    return Section(
        name="renewals",
        title=title,
        marts=(mart,),
        says=f"{many(total['subscriptions'], 'subscription')} with "
        f"{amount(total['mrr_due'])} MRR come to renew in {ahead}; {stays}.",
        tables=[
            Table(
                (
                    *("Due in", "Terms", "MRR due", "MRR expected"),
                    *("Rate", "Cancelled"),
                ),
                rows,
                has_total=True,
            )
        ],
        notes=[
            "Each subscription once, with the term that is open. Rate: share of the "
            "MRR that is expected; cancelled: known not to renew."
        ],
    )


def _no_subscriptions(reading: Reading) -> str:
    (months,) = reading.rows("select count(*) as months from marts.rpt_mrr_monthly")
    if months["months"]:
        return f"No subscription is known of {month_name(reading.month)}."
    return NO_SUBSCRIPTIONS


def _no_orders(reading: Reading) -> str:
    (months,) = reading.rows(
        "select count(*) as months from marts.rpt_platform_monthly"
    )
    if months["months"]:
        return f"No order is known of {month_name(reading.month)}."
    return "There are no orders in this input, beside those that bill subscriptions."
