"""Sections about what is sold, and where."""

from perennial.report.content import Section, Table
from perennial.report.definition import Conversion, Products
from perennial.report.reading import Reading
from perennial.report.words import (
    amount,
    change_of_rate,
    count,
    month_name,
    one_line,
    rate,
    short_month,
)

NOTHING_EARNED = "No product has earned anything"


def products(reading: Reading, index: int, choice: Products) -> Section:
    """The products that earned most, over all time."""
    marts = ("rpt_product_profitability", "dim_products")
    categories = reading.check(index, choice, "category", "dim_products", "category")
    found = reading.rows(
        """
        with

        earned as (
            select
                profit.*,
                product.product_name,
                sum(profit.gross_margin) over () as margin_of_all
            from marts.rpt_product_profitability as profit
            left join marts.dim_products as product
                on profit.product_id = product.product_id
            where
                len($categories) = 0
                or list_contains($categories, product.category)
        )

        select *
        from earned
        where units > 0
        order by gross_margin desc nulls last, product_id
        limit $products
        """,
        categories=categories,
        products=choice.products,
    )
    of = f", category {', '.join(map(one_line, categories))}" if categories else ""
    title = f"Most profitable products{of}"
    if not found:
        sold = "No product of these was sold." if of else "No sold product is known."
        return Section("products", title, marts, sold)
    rows = [
        (
            one_line(row["product_name"] or row["product_id"]),
            count(row["units"]),
            amount(row["net_revenue"]),
            amount(row["gross_margin"]),
            rate(row["margin_rate"]),
            rate(row["high_value_customer_share"]),
        )
        for row in found
    ]
    margin = sum((row["gross_margin"] or 0) for row in found)
    has_earned = (found[0]["gross_margin"] or 0) > 0
    leader = f"{rows[0][0]} earned most" if has_earned else NOTHING_EARNED
    share = ""
    if found[0]["margin_of_all"] and found[0]["margin_of_all"] > 0:
        share = f", {float(margin / found[0]['margin_of_all']) * 100:.1f} % of all"
    return Section(
        name="products",
        title=title,
        marts=marts,
        says=f"{leader}; {_these(len(rows))} brought {amount(margin)} margin{share}.",
        tables=[
            Table(("Product", "Units", "Revenue", "Margin", "Rate", "High-value"), rows)
        ],
        notes=[
            f"All time, to {reading.as_of}; high-value: share of its buyers who are "
            "high-value customers."
        ],
    )


def _these(products: int) -> str:
    return "it has" if products == 1 else f"these {products} have"


def conversion(reading: Reading, index: int, choice: Conversion) -> Section:
    """Sessions and orders by platform, with the rate of the month before."""
    mart = "rpt_platform_monthly"
    platforms = reading.check(index, choice, "platform", mart, "platform")
    found = reading.rows(
        f"""
        select
            now.platform,
            now.sessions,
            now.orders,
            now.conversion_rate,
            now.average_order_value,
            before.conversion_rate as rate_before
        from marts.{mart} as now
        left join marts.{mart} as before
            on
                now.platform = before.platform
                and before.revenue_month = $before
        where
            now.revenue_month = $month
            and (len($platforms) = 0 or list_contains($platforms, now.platform))
        order by now.orders desc, now.platform
        """,
        month=reading.month,
        before=reading.before,
        platforms=platforms,
    )
    of = f", {', '.join(map(one_line, platforms))}" if platforms else ""
    title = f"Conversion by platform{of}"
    if not found:
        return Section(
            *("conversion", title, (mart,)),
            f"No order and no session is known of {month_name(reading.month)}.",
        )
    rows = [
        (
            one_line(row["platform"]),
            count(row["sessions"]) if row["sessions"] is not None else "unknown",
            count(row["orders"]),
            rate(row["conversion_rate"]) if row["conversion_rate"] is not None else "",
            change_of_rate(row["conversion_rate"], row["rate_before"]),
            amount(row["average_order_value"]),
        )
        for row in found
    ]
    rated = [row for row in found if row["conversion_rate"] is not None]
    if rated:
        best = max(rated, key=lambda row: row["conversion_rate"])
        says = (
            f"Best in {reading.month_in_words}: {one_line(best['platform'])}, where "
            f"{rate(best['conversion_rate'])} of the sessions became orders."
        )
    else:
        says = (
            f"No sessions are known of {reading.month_in_words}, so that there is no "
            "conversion rate; these are the orders."
        )
    return Section(
        name="conversion",
        title=title,
        marts=(mart,),
        says=says,
        tables=[
            Table(
                (
                    *("Platform", "Sessions", "Orders", "Conversion"),
                    *(f"vs {short_month(reading.before)}", "Average order"),
                ),
                rows,
            )
        ],
    )
