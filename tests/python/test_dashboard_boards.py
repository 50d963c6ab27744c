"""What the boards say where there is nothing to draw."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from browser import Browser, started
from conftest import PROJECT

from perennial.dashboards import build_site
from perennial.dashboards import choices as choices_module
from perennial.dashboards.drawing import environment

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
NOBODY = """
delete from marts.fct_customer_lifetime_value;
delete from marts.dim_customers;
delete from marts.rpt_segment_value;
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started() as running:
        yield running


@pytest.fixture
def published(published_folder: Path, tmp_path: Path) -> Path:
    """A published file that may be changed."""
    return Path(shutil.copy(published_folder / "published.duckdb", tmp_path))


def project_of(tmp_path: Path, *boards: str) -> Path:
    """A dct project with some of the boards."""
    project = tmp_path / "dashboards"
    shutil.copytree(PROJECT / "dashboards", project)
    for path in (project / "charts").glob("*.yml"):
        if path.stem not in ("meta", *boards):
            path.unlink()
    return project


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


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("nobody", 'There is no customer with the key "nobody"'),
        ("files:o'hara", 'There is no customer with the key "files:o'),
        ("files:c0053", "17,318"),
    ],
)
def test_a_customer_is_found_by_key_and_an_unknown_key_is_told(
    key: str, said: str, published: Path, tmp_path: Path, browser: Browser
) -> None:
    page = tmp_path / "customer.html"
    outcome = subprocess.run(
        [
            *(sys.executable, "-c", "from dbt_charts.cli.main import app; app()"),
            *("render", "charts/customer.yml", "--format", "html", "--no-cache"),
            *("--project-dir", ".", "--var", f"customer_key={key}"),
            *("--output", str(page)),
        ],
        cwd=project_of(tmp_path, "customer"),
        env=environment(published),
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    with browser.open(page) as opened:
        assert opened.problems == []
        assert said in " ".join(opened.page.locator("svg text").all_text_contents())
