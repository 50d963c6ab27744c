"""What the Revenue pages must show."""

from __future__ import annotations

from dashboard_facts import Fact, money, percent

LAST = """
select {0} from marts.rpt_mrr_monthly where is_complete_month
order by revenue_month desc limit 1
"""
LAST_YEAR = """
from (
    select * from marts.rpt_mrr_monthly
    order by revenue_month desc limit 12
)
"""


FACTS = [
    Fact("revenue", "mrr", LAST.format("ending_mrr"), "${:,.0f}"),
    Fact("revenue", "arr", LAST.format("arr"), "${:,.0f}"),
    Fact("revenue", "customers", LAST.format("ending_customers"), "{:,}"),
    Fact("revenue", "arpa", LAST.format("arpa"), "${:,.2f}"),
    Fact("revenue", "quick_ratio", LAST.format("quick_ratio"), "{:.2f}"),
    *(
        Fact("revenue", "month_bridge", LAST.format(f"{column}"), money)
        for column in (
            *("new_mrr", "reactivation_mrr", "expansion_mrr"),
            *("contraction_mrr", "churned_mrr", "net_new_mrr"),
        )
    ),
    *(
        Fact("revenue", "period_bridge", f"select {column} {LAST_YEAR}", money)
        for column in (
            *("min_by(starting_mrr, revenue_month)", "sum(new_mrr)"),
            *("sum(reactivation_mrr)", "sum(expansion_mrr)", "sum(contraction_mrr)"),
            *("sum(churned_mrr)", "max_by(ending_mrr, revenue_month)"),
        )
    ),
    Fact(
        "revenue",
        "mrr_over_time",
        f"select revenue_month, ending_mrr {LAST_YEAR}",
        "{:%b %Y}; MRR: ${:,.0f}",
    ),
    Fact(
        "revenue--months-36",
        "arr_over_time",
        "select revenue_month, arr from marts.rpt_mrr_monthly",
        "{:%b %Y}; ARR: ${:,.0f}",
    ),
    Fact(
        "revenue--plan-plus",
        "mrr",
        """
        select ending_mrr from marts.rpt_mrr_by_slice_monthly
        where slice_name = 'plan' and slice_value = 'plus'
        order by revenue_month desc limit 1
        """,
        "${:,.0f}",
    ),
    Fact(
        "revenue--plan-plus",
        "month_bridge",
        """
        select transfer_mrr from marts.rpt_mrr_by_slice_monthly
        where slice_name = 'plan' and slice_value = 'plus'
        order by revenue_month desc limit 1
        """,
        money,
    ),
    Fact(
        "revenue",
        "quick_ratio_over_time",
        f"select revenue_month, quick_ratio {LAST_YEAR}",
        "{:%b %Y}; Gained ÷ lost: {:.2f}",
    ),
    Fact(
        "revenue",
        "retention_over_time",
        """
        select now.revenue_month, net_revenue_retention_12m
        from marts.rpt_churn_monthly as now
        join marts.rpt_mrr_monthly as before
            on before.revenue_month = now.revenue_month - interval 12 month
        where before.ending_customers >= 10
        """,
        lambda month, rate: (
            f"{month:%b %Y}; NRR; 0; Of MRR a year before: {percent(rate)}"
        ),
    ),
]
