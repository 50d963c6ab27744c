"""The choices a user can make, with the defaults of dbt_project.yml."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

# What each preset says of the disputed choices; what it does not name is as in
# the default.
DEFAULT_CHOICES: dict[str, Any] = {
    "mrr_statuses": ("active", "past_due"),
    "mrr_discounts": "recurring",
    "churn_recognition": "ended_at",
    "reactivation_after": "any_gap",
    "churn_rate_basis": "start",
    "fx_rate_policy": "subscription_start",
    "net_churn_includes_reactivation": True,
}
PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    "stripe": {
        "churn_recognition": "cancel_requested_at",
        "churn_rate_basis": "start_plus_new",
    },
    "chartmogul": {"mrr_discounts": "all"},
    "profitwell": {"mrr_discounts": "all", "fx_rate_policy": "version_start"},
    "recurly": {"mrr_discounts": "all", "reactivation_after": "full_month"},
}


@dataclass(frozen=True)
class Policies:
    """One field for each variable that changes a number."""

    order_grain: str = "order"
    full_snapshot: bool = False
    reporting_timezone: str = "UTC"
    source_timezone: str | None = None
    inclusive_end_dates: bool = False
    reporting_currency: str = "USD"
    revenue_includes_shipping: bool = False
    default_gross_margin: Decimal = Decimal(1)
    subscription_gross_margin: Decimal | None = None
    lapsed_after_days: int = 365
    high_value_full_price_share: Decimal = Decimal("0.5")
    high_value_period_months: int = 12
    clv_period_months: int = 3
    max_lifetime_months: int = 60
    clv_horizon_months: int = 12
    annual_discount_rate: Decimal = Decimal("0.1")
    # Of the history, held out for the backtest.
    backtest_share: float = 0.3333333333333333
    churn_window_months: int = 6
    monthly_overheads: Decimal | None = None
    clv_calculator_overrides: dict[str, Any] = field(default_factory=dict)
    count_refunded_orders: bool = True
    match_customers_by_email: bool = True
    max_match_rounds: int = 10
    reactivation_grace_days: int = 0
    renewal_grace_days: int = 0
    renewal_match: str = "subscription"
    renewal_horizon_days: int = 90
    # None for what the preset says.
    metric_preset: str = "default"
    mrr_statuses: Sequence[str] | None = None
    mrr_discounts: str | None = None
    churn_recognition: str | None = None
    reactivation_after: str | None = None
    churn_rate_basis: str | None = None
    fx_rate_policy: str | None = None
    net_churn_includes_reactivation: bool | None = None

    def __post_init__(self) -> None:
        preset = DEFAULT_CHOICES | PRESETS[self.metric_preset]
        for name, choice in preset.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, choice)
        if self.reactivation_after == "full_month" and self.reactivation_grace_days:
            message = "a gap is counted in full months or in days, not in both"
            raise ValueError(message)

    @property
    def zone(self) -> ZoneInfo:
        """Where days and months are cut."""
        return ZoneInfo(self.reporting_timezone)

    @property
    def source_zone(self) -> ZoneInfo:
        """Where a time without an offset is read."""
        return ZoneInfo(self.source_timezone or self.reporting_timezone)

    @property
    def subscription_margin(self) -> Decimal:
        if self.subscription_gross_margin is None:
            return self.default_gross_margin
        return self.subscription_gross_margin
