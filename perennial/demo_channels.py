"""What the demo's shop knows besides its customers: spend, visits, rates."""

from datetime import date, timedelta
from itertools import pairwise

from perennial.demo_draws import Draws
from perennial.demo_shop import DAY_COUNT, FIRST_DAY, LAST_DAY, SEASON, Row, money

# Cents a week in the middle of the three years: campaigns are paid weekly.
WEEKLY_SPEND = {"paid_search": 26000, "social": 17000}
# Cents a month, and in which currency: a tool, and a network in Europe.
MONTHLY_SPEND = {"email": (9000, "USD"), "partner": (28000, "EUR")}
# Visits a day in the middle of the three years; nobody counts the store's.
DAILY_SESSIONS = {"web": 190, "ios": 75, "android": 62}
WEEKDAYS = (1.05, 1.0, 0.95, 0.95, 0.9, 1.05, 1.1)

# US dollars for one unit of the currency, in ten-thousandths, by half-year.
# The weeks between are on straight lines: the same for every seed, so that
# the story in euros can be followed by hand.
RATE_POINTS = {
    "EUR": (10650, 10900, 11040, 10820, 10350, 11510, 11740),
    "GBP": (12080, 12700, 12730, 12640, 12510, 13720, 13460),
}
RATE_DAYS = (
    date(2022, 12, 26),
    date(2023, 7, 3),
    date(2024, 1, 1),
    date(2024, 7, 1),
    date(2024, 12, 30),
    date(2025, 6, 30),
    date(2025, 12, 29),
)


def make_marketing_spend(seed: int) -> list[Row]:
    """Spend by day and paid channel; it grows as the shop does."""
    rows: list[Row] = []
    for channel, usual in WEEKLY_SPEND.items():
        draws = Draws(seed, f"{channel}/spend")
        for day in _days_in_steps(date(2023, 1, 2), 7):
            cents = usual * _growth(day) * _season(day) * draws.uniform(0.85, 1.15)
            rows.append(_spend_row(day, channel, cents, "USD"))
    for channel, (usual, currency) in MONTHLY_SPEND.items():
        draws = Draws(seed, f"{channel}/spend")
        for day in (day for day in _days_in_steps(FIRST_DAY, 1) if day.day == 1):
            cents = usual * _growth(day) * draws.uniform(0.95, 1.05)
            rows.append(_spend_row(day, channel, cents, currency))
    return sorted(rows, key=lambda row: (row["spend_date"], row["channel"]))


def make_platform_sessions(seed: int) -> list[Row]:
    """Visits by day and platform."""
    streams = {
        platform: Draws(seed, f"{platform}/sessions") for platform in DAILY_SESSIONS
    }
    rows: list[Row] = []
    for day in _days_in_steps(FIRST_DAY, 1):
        for platform, usual in DAILY_SESSIONS.items():
            level = usual * _growth(day) * _season(day) * WEEKDAYS[day.weekday()]
            visits = int(level * streams[platform].uniform(0.8, 1.2))
            rows.append(
                {
                    "session_date": day.isoformat(),
                    "platform": platform,
                    "sessions": str(visits),
                }
            )
    return rows


def make_exchange_rates() -> list[Row]:
    """A rate for every Monday; each holds until the next."""
    rows: list[Row] = []
    for currency, points in RATE_POINTS.items():
        levels = pairwise(points)
        for (since, until), (first, last) in zip(
            pairwise(RATE_DAYS), levels, strict=True
        ):
            weeks = (until - since).days // 7
            rows += [
                _rate_row(
                    since + timedelta(days=7 * week),
                    currency,
                    first + (last - first) * week // weeks,
                )
                for week in range(weeks)
            ]
        rows.append(_rate_row(RATE_DAYS[-1], currency, points[-1]))
    return sorted(rows, key=lambda row: (row["rate_date"], row["currency"]))


def _days_in_steps(first: date, step: int) -> list[date]:
    count = (LAST_DAY - first).days // step + 1
    return [first + timedelta(days=step * number) for number in range(count)]


def _growth(day: date) -> float:
    """From a half to one and a half of the usual, as customers arrive."""
    return 0.5 + (day - FIRST_DAY).days / DAY_COUNT


def _season(day: date) -> float:
    return SEASON[day.month - 1]


def _spend_row(day: date, channel: str, cents: float, currency: str) -> Row:
    return {
        "spend_date": day.isoformat(),
        "channel": channel,
        "amount": money(int(cents)),
        "currency": currency,
    }


def _rate_row(day: date, currency: str, level: int) -> Row:
    return {
        "rate_date": day.isoformat(),
        "currency": currency,
        "rate": f"{level // 10000}.{level % 10000:04d}",
    }
