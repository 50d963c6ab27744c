"""The public marts a second time: slowly, obviously, without SQL.

Nothing here knows the models. It was written from the definitions alone
(docs/metrics.md), with the standard library alone, so that a number on which
both roads agree is right, or wrong for a reason that lies in the definition.
Only the models of predicted value take numpy and scipy, for what a person
would look up: gamma functions, Gauss's function and a search for an optimum.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

from .calculator import Facts, calculator
from .churn import churn_events, churn_monthly, churn_reasons_monthly
from .closed_months import closed_months
from .clv_renewals import fitted_survival
from .clv_values import (
    clv_backtest,
    clv_model_parameters,
    predict,
    with_predictions,
)
from .cohorts import retention_cohorts
from .customers import customers, known_customers
from .identity import customer_identities
from .inputs import Row, read_inputs, reconciliation, rejected_rows
from .invoiced import usable_periods
from .marketing import cac_monthly, spending
from .movements import Book, customer_months, movements, mrr_monthly
from .orders import orders, own_orders
from .platforms import platform_monthly
from .policies import Policies
from .products import dim_products, product_profitability
from .recognition import recognise
from .renewals import renewals_monthly, subscription_terms
from .revenue import payments
from .segment_value import Portfolio, segment_value
from .segments import customer_segments
from .slices import mrr_by_slice_monthly
from .subscriptions import Subscription, subscriptions
from .survival import subscription_survival
from .terms import row_status_day
from .trials import trials_monthly
from .upcoming import upcoming_renewals
from .value import lifetime_values, periods

__all__ = ["compute"]


def compute(folder: Path, as_of: date, **policies: Any) -> dict[str, list[Row]]:
    """Every mart of the reference, as seen at the end of the as-of day."""
    chosen = Policies(**policies)
    inputs = read_inputs(folder, as_of, chosen)
    identities = customer_identities(inputs, chosen)
    inputs.customer_keys = {r["customer_id"]: r["customer_key"] for r in identities}
    counted = orders(inputs, as_of, chosen)
    subs = subscriptions(inputs, chosen)
    periods_of = usable_periods(inputs, as_of)
    for sub in subs:
        sub.row_status_from = row_status_day(sub, as_of)
        sub.invoice_periods = periods_of.get(sub.subscription_id, [])
    book = by_customer(subs)
    recognise(book, as_of, chosen)
    known = known_customers(inputs)
    moves = movements(book, as_of)
    movers = {move["customer_key"] for move in moves}
    months = customer_months(book, moves, as_of)
    events = churn_events(book, moves, months)
    reasons = churn_reasons_monthly(events, months)
    monthly = mrr_monthly(months, as_of)
    terms = subscription_terms(book, as_of, chosen)
    renewals = renewals_monthly(terms, as_of)
    paid = payments(inputs, counted, subs, as_of, chosen)
    everybody = customers(known, counted, book, moves, as_of, chosen)
    segments = customer_segments(known, counted, inputs, as_of, chosen)
    values = lifetime_values(
        list(known), counted, paid, book, movers, segments, as_of, chosen
    )
    predicted = predict(counted, subs, terms, paid, as_of, chosen)
    values = with_predictions(values, everybody, predicted)
    spends = spending(inputs)
    own = own_orders(counted)
    shared = periods(own, as_of, chosen)
    portfolio = Portfolio(everybody, segments, values, own, shared)
    facts = Facts(counted, paid, everybody, monthly, spends, shared)
    return {
        "dim_customers": everybody,
        "dim_customer_identities": identities,
        "fct_orders": counted,
        "fct_customer_lifetime_value": values,
        "fct_mrr_movements": moves,
        "fct_customer_mrr": months,
        "rpt_mrr_monthly": monthly,
        "fct_churn_events": events,
        "rpt_churn_monthly": churn_monthly(monthly, reasons, months, moves, chosen),
        "rpt_churn_reasons_monthly": reasons,
        "fct_subscription_terms": terms,
        "rpt_renewals_monthly": renewals,
        "rpt_upcoming_renewals": upcoming_renewals(
            subs, terms, renewals, as_of, chosen
        ),
        "rpt_trials_monthly": trials_monthly(subs, as_of),
        "rpt_mrr_by_slice_monthly": mrr_by_slice_monthly(
            book, months, everybody, as_of
        ),
        "rpt_retention_cohorts": retention_cohorts(counted, paid, months, as_of),
        "rpt_subscription_survival": fitted_survival(
            subscription_survival(book, as_of), predicted.now.renewal_models
        ),
        "fct_customer_segments": segments,
        "dim_products": dim_products(inputs, counted),
        "rpt_platform_monthly": platform_monthly(inputs, counted, as_of),
        "rpt_product_profitability": product_profitability(inputs, counted, segments),
        "rpt_segment_value": segment_value(portfolio, chosen),
        "rpt_cac_monthly": cac_monthly(spends, everybody, values, paid, as_of),
        "rpt_clv_calculator": calculator(facts, as_of, chosen),
        "clv_model_parameters": clv_model_parameters(predicted),
        "rpt_clv_backtest": clv_backtest(predicted),
        "fct_rejected_rows": rejected_rows(inputs),
        "rpt_input_reconciliation": reconciliation(inputs),
        "rpt_closed_months": closed_months(monthly, paid, as_of),
    }


def by_customer(subs: list[Subscription]) -> Book:
    book: Book = defaultdict(list)
    for sub in subs:
        book[sub.customer_key].append(sub)
    return dict(book)
