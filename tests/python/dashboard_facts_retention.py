"""What the Retention pages must show."""

from __future__ import annotations

from dashboard_facts import Fact

LAST = """
select {0} from marts.rpt_churn_monthly where is_complete_month
order by revenue_month desc limit 1
"""
RATE = "{:.1%}"
FACTS = [
    Fact("retention", "customer_churn", LAST.format("customer_churn_rate"), RATE),
    Fact("retention", "gross_churn", LAST.format("gross_revenue_churn_rate"), RATE),
    Fact("retention", "net_churn", LAST.format("net_revenue_churn_rate"), RATE),
    Fact(
        "retention",
        "yearly_churn",
        LAST.format("annualised_customer_churn_rate"),
        RATE,
    ),
    Fact(
        "retention",
        "what_happened",
        LAST.format("churned_customers, starting_customers"),
        "{} of {} customers left",
    ),
    Fact(
        "retention",
        "why",
        """
        select replace(churn_reason, '_', ' '), sum(churned_customers)
        from marts.rpt_churn_reasons_monthly
        where
            churn_type = 'voluntary'
            and revenue_month > (
                select max(revenue_month) - interval 12 month
                from marts.rpt_churn_monthly
            )
        group by 1
        """,
        "{}; Customers: {}",
    ),
    Fact(
        "retention",
        "cohort_map",
        """
        select months_since_first, cohort_month, retention_rate
        from marts.rpt_retention_cohorts
        where
            cohort_type = 'subscriptions' and is_mature
            and cohort_month >= (
                select max(cohort_month) - interval 23 month
                from marts.rpt_retention_cohorts
            )
        """,
        "{}; {:%b %Y}; Retention Rate: {:.0%}",
    ),
    Fact(
        "retention--plan-pro",
        "survival_curves",
        """
        select survival_rate from marts.rpt_subscription_survival
        where plan_id = 'pro' and at_risk >= 5
        """,
        "{:.0%}",
    ),
    Fact(
        "retention",
        "renewals_by_interval",
        """
        select renewal_rate from marts.rpt_renewals_monthly
        where billing_interval = 'year' and is_complete_month
        order by renewal_month desc limit 12
        """,
        "{:.0%}",
    ),
    Fact(
        "retention",
        "ahead",
        """
        select sum(mrr_due) from marts.rpt_upcoming_renewals
        group by date_trunc('week', term_end_date)
        """,
        "${:,.0f}",
    ),
    Fact(
        "retention",
        "next_up",
        """
        select customer_key from marts.rpt_upcoming_renewals
        where is_cancel_requested
        """,
        "{}",
    ),
]
