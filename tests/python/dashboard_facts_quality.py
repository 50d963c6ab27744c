"""What the Data quality and Customer pages must show."""

from __future__ import annotations

from dashboard_facts import Fact, money

# The customer of the page without a choice.
BEST = """
(
    select customer_key from marts.fct_customer_lifetime_value
    order by total_clv desc, customer_key limit 1
)
"""
VALUE = "select {} from marts.fct_customer_lifetime_value where customer_key = " + BEST
FACTS = [
    Fact(
        "data_quality",
        "as_of_date",
        "select as_of_date from marts.build_info",
        "{:%-d %b %Y}",
    ),
    Fact(
        "data_quality",
        "raw_rows",
        "select sum(raw_rows) from marts.rpt_input_reconciliation",
        "{:,}",
    ),
    Fact("data_quality", "raw_rows", "select 'all accounted for'", "{}"),
    Fact(
        "data_quality",
        "rejected_rows",
        "select count(*) from marts.fct_rejected_rows",
        "{:,}",
    ),
    Fact(
        "data_quality",
        "restatements_kpi",
        "select count(distinct restated_month) from marts.rpt_restatements",
        "{:,}",
    ),
    Fact(
        "data_quality",
        "build_table",
        "select build_id from marts.build_info",
        "{}",
    ),
    Fact(
        "data_quality",
        "reconciliation_table",
        """
        select sum(accepted_rows) from marts.rpt_input_reconciliation
        group by table_name
        """,
        "{:,}",
    ),
    Fact(
        "data_quality",
        "amounts_table",
        """
        select accepted_amount from marts.rpt_input_reconciliation
        where currency <> '' and raw_amount <> 0
        """,
        "{:,.0f}",
    ),
    Fact(
        "data_quality",
        "reasons_chart",
        """
        select
            replace(regexp_extract(reasons, '^[a-z_]+'), '_', ' '), count(*)
        from marts.fct_rejected_rows group by 1
        """,
        "{}; Rows rejected: {}",
    ),
    Fact(
        "data_quality",
        "closed_table",
        """
        select metric_value from marts.rpt_closed_months
        where metric_name = 'customers' order by closed_month desc limit 12
        """,
        "{:,.0f}",
    ),
    Fact("customer", "key", f"select {BEST}", "{}"),
    Fact("customer", "total_clv", VALUE.format("total_clv"), money),
    Fact("customer", "historical_margin", VALUE.format("historical_margin"), money),
    Fact("customer", "predicted_clv", VALUE.format("predicted_clv"), money),
    Fact(
        "customer",
        "predicted_clv",
        VALUE.format("round(predicted_clv_low), round(predicted_clv_high)"),
        "80 % range: {:,.0f} to {:,.0f}",
    ),
    Fact(
        "customer",
        "current_mrr",
        f"select current_mrr from marts.dim_customers where customer_key = {BEST}",
        "${:,.2f}",
    ),
    Fact(
        "customer",
        "movements_table",
        f"""
        select movement_type from marts.fct_mrr_movements
        where customer_key = {BEST}
        """,
        "{}",
    ),
    Fact(
        "customer",
        "terms_table",
        f"""
        select renewal_status from marts.fct_subscription_terms
        where customer_key = {BEST}
        """,
        "{}",
    ),
    Fact(
        "customer",
        "orders_table",
        f"select order_id from marts.fct_orders where customer_key = {BEST}",
        "{}",
    ),
]
