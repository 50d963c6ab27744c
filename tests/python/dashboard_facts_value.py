"""What the Lifetime value, Acquisition and Products pages must show."""

from __future__ import annotations

from dashboard_facts import Fact, money

PAYING = """
from marts.fct_customer_lifetime_value as v
join marts.dim_customers as c using (customer_key)
where c.customer_status <> 'prospect'
"""
BY_GROUP = """
select
    replace(attribute_value, '_', ' '), customers, round(average_total_clv)
from marts.rpt_segment_value where attribute_name = '{}'
"""
# As its bar says it: the group, how many they are, and the mean.
GROUP = "{} ({}); Average total CLV: ${:,.0f}"
BACKTEST = """
select {} from marts.rpt_clv_backtest
where value_decile <> 'all' and model_name {} '%sbg%'
"""
# The months that the page names by default: all of 2025, the demo's last year.
YEAR = "spend_month between date '2025-01-01' and date '2025-12-01'"
PAID = f"""
from marts.rpt_cac_monthly
where {YEAR} and channel in (
    select channel from marts.rpt_cac_monthly group by 1 having sum(spend) > 0
)
"""
FACTS = [
    Fact(
        "lifetime_value",
        "average_total_clv",
        f"select round(avg(total_clv)), count(*) {PAYING}",
        lambda clv, customers: money(clv),
    ),
    Fact(
        "lifetime_value",
        "average_total_clv",
        f"select count(*) {PAYING}",
        "{:,} who ever paid",
    ),
    Fact(
        "lifetime_value--channel-social",
        "average_total_clv",
        f"select avg(total_clv) {PAYING} and c.acquisition_channel = 'social'",
        money,
    ),
    Fact(
        "lifetime_value",
        "average_historical_margin",
        f"select avg(historical_margin) {PAYING}",
        money,
    ),
    Fact(
        "lifetime_value",
        "average_predicted_clv",
        f"select avg(predicted_clv) {PAYING}",
        money,
    ),
    Fact(
        "lifetime_value",
        "median_total_clv",
        f"select median(total_clv) {PAYING}",
        money,
    ),
    Fact(
        "lifetime_value",
        "top_decile_share",
        f"""
        select sum(total_clv) filter (clv_decile = 10) / sum(total_clv) {PAYING}
        """,
        "{:.1%}",
    ),
    Fact(
        "lifetime_value",
        "value_distribution",
        f"""
        select count(*) {PAYING} and total_clv >= 200 and total_clv < 500
        """,
        "200+; Customers: {}",
    ),
    Fact(
        "lifetime_value",
        "value_by_decile",
        """
        select avg(historical_margin) from marts.fct_customer_lifetime_value
        where clv_decile is not null group by clv_decile
        """,
        money,
    ),
    Fact(
        "lifetime_value",
        "value_by_decile",
        """
        select avg(predicted_clv) from marts.fct_customer_lifetime_value
        where clv_decile is not null group by clv_decile
        """,
        money,
    ),
    Fact(
        "lifetime_value",
        "predicted_interval",
        """
        select avg(predicted_clv_high) from marts.fct_customer_lifetime_value
        where clv_decile is not null group by clv_decile
        """,
        money,
    ),
    *(
        Fact("lifetime_value", f"clv_by_{name}", BY_GROUP.format(name), GROUP)
        for name in ("segment", "channel", "platform", "country")
    ),
    Fact(
        "lifetime_value",
        "best_customers",
        """
        select customer_key from marts.fct_customer_lifetime_value
        order by total_clv desc limit 10
        """,
        "{}",
    ),
    Fact(
        "lifetime_value",
        "backtest_of_orders",
        BACKTEST.format("predicted_revenue", "not like"),
        money,
    ),
    Fact(
        "lifetime_value",
        "backtest_of_orders",
        BACKTEST.format("actual_revenue", "not like"),
        money,
    ),
    Fact(
        "lifetime_value",
        "backtest_of_renewals",
        BACKTEST.format("actual_revenue", "like"),
        money,
    ),
    Fact(
        "lifetime_value",
        "backtest_verdict",
        """
        select abs(100 * total_error_rate) from marts.rpt_clv_backtest
        where value_decile = 'all' and model_name not like '%sbg%'
        """,
        "{:.1f} % too many",
    ),
    Fact(
        "acquisition",
        "spend",
        f"select sum(spend) from marts.rpt_cac_monthly where {YEAR}",
        money,
    ),
    Fact(
        "acquisition",
        "new_customers",
        f"select sum(new_customers) from marts.rpt_cac_monthly where {YEAR}",
        "{:,}",
    ),
    Fact(
        "acquisition",
        "cac",
        f"""
        select sum(spend) / sum(new_customers)
        from marts.rpt_cac_monthly where {YEAR}
        """,
        "${:.2f}",
    ),
    Fact(
        "acquisition",
        "paid_cac",
        f"select sum(spend) / sum(new_customers) {PAID}",
        "${:.2f}",
    ),
    Fact(
        "acquisition",
        "paid_clv_to_cac",
        f"select sum(average_clv * new_customers) / sum(spend) {PAID}",
        "{:.2f}",
    ),
    Fact(
        "acquisition--months-all",
        "new_customers",
        "select sum(new_customers) from marts.rpt_cac_monthly",
        "{:,}",
    ),
    Fact(
        "acquisition",
        "cac_over_time",
        f"select sum(spend) / sum(new_customers) {PAID} group by spend_month",
        money,
    ),
    Fact(
        "acquisition",
        "channel_table",
        f"""
        select concat(
            count(cac_payback_months), ' of ', count(*) filter (spend > 0)
        ) {PAID} group by channel
        """,
        "{}",
    ),
    Fact(
        "acquisition",
        "payback_curve",
        """
        select sum(cumulative_margin_per_customer * cohort_size) / sum(cohort_size)
        from marts.rpt_retention_cohorts
        where
            cohort_month <= date '2025-01-01' and months_since_first < 12
        group by cohort_type, months_since_first
        """,
        money,
    ),
    Fact(
        "acquisition",
        "conversion_total",
        """
        select sum(sessions), sum(orders) from marts.rpt_platform_monthly
        where sessions > 0 and revenue_month >= date '2025-01-01'
        group by platform
        """,
        lambda sessions, orders: f"{orders:,.0f}",
    ),
    Fact(
        "products",
        "gross_margin",
        "select sum(gross_margin) from marts.rpt_product_profitability",
        money,
    ),
    Fact(
        "products",
        "margin_rate",
        """
        select sum(gross_margin) / sum(net_revenue)
        from marts.rpt_product_profitability
        """,
        "{:.1%}",
    ),
    Fact(
        "products",
        "units",
        "select sum(units) from marts.rpt_product_profitability",
        "{:,.0f}",
    ),
    Fact(
        "products",
        "high_value_revenue_share",
        """
        select sum(high_value_revenue_share * net_revenue) / sum(net_revenue)
        from marts.rpt_product_profitability
        """,
        "{:.1%}",
    ),
    Fact(
        "products--category-books",
        "gross_margin",
        """
        select sum(gross_margin)
        from marts.rpt_product_profitability
        join marts.dim_products using (product_id) where category = 'books'
        """,
        money,
    ),
    Fact(
        "products",
        "profit_by_product",
        """
        select product_name, gross_margin
        from marts.rpt_product_profitability
        join marts.dim_products using (product_id)
        order by gross_margin desc limit 12
        """,
        "{}; Gross margin: ${:,.0f}",
    ),
    Fact(
        "products",
        "weakest_table",
        """
        select product_name
        from marts.rpt_product_profitability
        join marts.dim_products using (product_id)
        order by margin_rate limit 8
        """,
        "{}",
    ),
]
