"""What the boards say where there is nothing to draw."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import duckdb
import pytest
from browser import Browser
from dashboard_projects import project_of

from perennial.dashboards import build_site
from perennial.dashboards import choices as choices_module

# What an input brings that has orders of a few weeks and nothing else.
NOTHING_BUT_ORDERS = """
delete from marts.rpt_cac_monthly;
delete from marts.rpt_product_profitability;
delete from marts.dim_products;
update marts.rpt_platform_monthly set sessions = null, conversion_rate = null;
delete from marts.rpt_closed_months;
delete from marts.fct_rejected_rows;
delete from marts.rpt_clv_backtest
where value_decile <> 'all' or model_name like '%sbg%';
update marts.rpt_clv_backtest set
    model_name = 'none', value_decile = 'all', backtest_status = 'skipped',
    backtest_reason = 'No backtest: the history is too short.', cut_date = null,
    predicted_orders = null, actual_orders = null, predicted_revenue = null,
    actual_revenue = null, total_error_rate = null, naive_predicted_orders = null,
    held_out_days = null;
"""
# Ids that somebody could give to users, and a key with an address in it as the
# unified layer tells it. Two differ by case alone, two in their end.
ODD_KEYS = (
    "files:a/b\\c",
    "files:../../etc",
    'files:o\'hara "the" & co',
    "files:100%25 #1?x=y",
    "files:é ☃ 客户",
    "<script>document.title = 'taken'</script>",
    "</option></select><img src=x onerror=\"document.title = 'taken'\">",
    "files:~email:f5b8fb60",
    "files:Ab",
    "files:aB",
    f"files:{'x' * 400}1",
    f"files:{'x' * 400}2",
)
NOBODY = """
delete from marts.fct_customer_lifetime_value;
delete from marts.dim_customers;
delete from marts.rpt_segment_value;
"""


@pytest.fixture
def published(published_folder: Path, tmp_path: Path) -> Path:
    """A published file that may be changed."""
    return Path(shutil.copy(published_folder / "published.duckdb", tmp_path))


def shown(site: Path, board: str, browser: Browser) -> dict[str, str]:
    """What each chart of a page says, on a desk; without complaints."""
    with browser.open(site / f"{board}.html") as opened:
        assert opened.problems == []
        return {chart: " ".join(said) for chart, said in opened.charts().items()}


def test_what_an_input_does_not_bring_is_said_in_a_sentence(
    published: Path, tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choices_module, "MOST_PAGES", 1)
    with duckdb.connect(published) as connection:
        connection.execute(NOTHING_BUT_ORDERS)
    boards = ("lifetime_value", "acquisition", "products", "data_quality")
    site = tmp_path / "site"
    build_site(published, site, project_of(tmp_path, *boards))

    value = shown(site, "lifetime_value", browser)
    assert "No backtest: the history is too short" in value["backtest_verdict"]
    assert "backtest_of_orders" not in value
    assert "backtest_of_renewals" not in value
    acquisition = shown(site, "acquisition", browser)
    assert "No marketing_spend was brought" in acquisition["no_spend"]
    assert "No platform_sessions were brought" in acquisition["no_sessions"]
    assert set(acquisition) == {"no_spend", "no_sessions"}
    products = shown(site, "products", browser)
    assert "No order_items were brought" in products["no_products"]
    assert set(products) == {"no_products"}
    quality = shown(site, "data_quality", browser)
    assert "No row was rejected" in quality["no_rejected"]
    assert "No month has closed yet" in quality["no_closed"]
    assert "No closed month has been told another way" in quality["no_restatements"]


def test_a_customer_of_any_key_has_a_page_with_a_safe_name(
    published: Path, tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choices_module, "MOST_PAGES", len(ODD_KEYS))
    with duckdb.connect(published) as connection:
        connection.execute("delete from marts.dim_customers")
        connection.execute("delete from marts.fct_customer_lifetime_value")
        for place, key in enumerate(ODD_KEYS):
            # Four of each status have pages.
            connection.execute(
                "insert into marts.dim_customers by name select ? as customer_key, "
                "? as customer_status",
                [key, ("active", "churned", "lapsed")[place % 3]],
            )
            connection.execute(
                "insert into marts.fct_customer_lifetime_value by name "
                "select ? as customer_key, ? as total_clv",
                [key, 1000 - place],
            )
    site = tmp_path / "site"
    build_site(published, site, project_of(tmp_path, "customer"))
    names = {page.name for page in site.glob("customer*.html")}
    assert len({name.lower() for name in names}) == len(ODD_KEYS)
    for name in names:
        assert re.fullmatch(r"[a-z0-9_.~-]{1,200}\.html", name), name
    shown_keys = set()
    for name in names:
        with browser.open(site / name) as opened:
            assert opened.problems == [], name
            assert opened.page.title() == "Customer · perennial"
            options = opened.page.locator("option").all()
            assert {one.get_attribute("value") for one in options} == names
            assert {one.text_content() for one in options} == set(ODD_KEYS)
            chosen = opened.page.locator("option[selected]")
            assert chosen.get_attribute("value") == name
            shown_keys.add(chosen.text_content())
            key = "".join(opened.charts()["key"])
            assert key.startswith(str(chosen.text_content())[:8]), key
    assert shown_keys == set(ODD_KEYS)


def test_without_customers_the_pages_of_value_say_so(
    published: Path, tmp_path: Path, browser: Browser
) -> None:
    with duckdb.connect(published) as connection:
        connection.execute(NOBODY)
    site = tmp_path / "site"
    build_site(published, site, project_of(tmp_path, "lifetime_value", "customer"))
    value = shown(site, "lifetime_value", browser)
    assert "Nobody has paid yet" in value["nobody"]
    assert set(value) == {"nobody"}
    customer = shown(site, "customer", browser)
    assert "There is no customer in this file yet" in customer["unknown_key"]
    assert set(customer) == {"unknown_key"}


def test_a_page_has_the_currency_of_the_build_and_the_name_of_its_input(
    published: Path, tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choices_module, "MOST_PAGES", 1)
    with duckdb.connect(published) as connection:
        connection.execute(
            """
            update marts.build_info set policies = replace(
                policies,
                '"reporting_currency": "USD"', '"reporting_currency": "EUR"'
            ),
            input_name = ?
            """,
            [f"/home/somebody/{'x' * 90}"],
        )
        (mrr,) = connection.execute(
            "select max_by(ending_mrr, revenue_month) from marts.rpt_mrr_monthly"
        ).fetchone()
    site = tmp_path / "site"
    build_site(published, site, project_of(tmp_path, "revenue"))
    revenue = shown(site, "revenue", browser)
    assert f"EUR\u00a0{mrr:,.0f}" in revenue["mrr"]
    assert "$" not in str(revenue)
    start = (site / "index.html").read_text(encoding="utf-8")
    assert "amounts in EUR" in start
    assert f"input {'x' * 90}" in start
    assert "somebody" not in start
    with browser.open(site / "revenue.html", width=390) as opened:
        assert not opened.scrolls_sideways()
