"""Exchange rates: the latest one on or before a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

ONE = Decimal(1)


@dataclass(frozen=True)
class Rates:
    """Reporting units for one unit of a currency, by day."""

    reporting_currency: str
    by_currency: dict[str, dict[date, Decimal]]

    def currency(self, text: str | None) -> str:
        """An empty currency is the reporting one."""
        return (text or self.reporting_currency).upper()

    def on(self, currency: str, day: date | None) -> Decimal | None:
        """The rate of the day; None where there is none, never 1 instead."""
        if currency == self.reporting_currency:
            return ONE
        dated = self.by_currency.get(currency, {})
        known = [other for other in dated if day and other <= day]
        return dated[max(known)] if known else None
