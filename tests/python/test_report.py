"""Mailed reports: their numbers, pages and definitions, and what goes wrong."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT
from report_desk import SMALL, Desk, Page, rows_of_text

DEFAULT = (PROJECT / "reports/customer_value.yml").read_text(encoding="utf-8")
NAME = "customer_value"


@pytest.fixture(scope="module")
def desk(published_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The committed report of the demo, written."""
    made = Desk(tmp_path_factory.mktemp("desk"), published_folder / "published.duckdb")
    made.define(NAME, DEFAULT)
    result = made.run()
    assert result.exit_code == 0, result.output
    assert result.stdout == (
        f"report {NAME}: site/reports/{NAME}, of December 2025, build "
        f"{build_of(published_folder)}\n"
    )
    return made


@pytest.fixture
def blank(published_folder: Path, tmp_path: Path) -> Desk:
    """A desk of the demo without a report."""
    return Desk(tmp_path, published_folder / "published.duckdb")


@pytest.fixture(scope="module")
def marts(published_folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file."""
    with duckdb.connect(
        str(published_folder / "published.duckdb"), read_only=True
    ) as connection:
        yield connection


def build_of(folder: Path) -> str:
    with duckdb.connect(str(folder / "published.duckdb"), read_only=True) as marts:
        ((build_id,),) = marts.execute(
            "select build_id from marts.build_info"
        ).fetchall()
    return build_id[:8]


@pytest.fixture
def desk_of(published_folder: Path, tmp_path: Path) -> Callable[..., Desk]:
    """Makes a desk of the demo, some of its tables emptied and the rest changed."""

    def made(*tables: str, then: str = "") -> Desk:
        published = tmp_path / "changed.duckdb"
        shutil.copy(published_folder / "published.duckdb", published)
        with duckdb.connect(str(published)) as copy:
            for table in tables:
                copy.execute(f"delete from marts.{table}")
            copy.execute(then)
        (tmp_path / "desk").mkdir()
        return Desk(tmp_path / "desk", published)

    return made


# ---------------------------------------------------------------------- numbers

MONTH, BEFORE = "date '2025-12-01'", "date '2025-11-01'"
MONEY = "format('{{:,.2f}}', cast(round({}, 2) as decimal(18, 2))::double)"
SHARE = "format('{{:.1f}} %', 100 * {})"
COUNT = "format('{{:,}}', cast({} as bigint))"


def shown(sql: str, how: str, value: str) -> str:
    return sql.replace("VALUE", how.format(value))


def of_both_months(mart: str, column: str, value: str, how: str) -> str:
    return shown(
        f"select VALUE from marts.{mart} where {column} in ({MONTH}, {BEFORE}) "
        f"group by {column} order by {column} desc",
        how,
        value,
    )


MRR_MONTHS = ("rpt_mrr_monthly", "revenue_month")
CHURN = ("rpt_churn_monthly", "revenue_month")
ORDERS = """
    select VALUE from marts.fct_orders
    where not is_subscription_billing and order_date >= date '2025-11-01'
    group by date_trunc('month', order_date) order by min(order_date) desc
"""
HEADLINES = {
    "MRR": of_both_months(*MRR_MONTHS, "sum(ending_mrr)", MONEY),
    "ARR": of_both_months(*MRR_MONTHS, "12 * sum(ending_mrr)", MONEY),
    "Active customers": of_both_months(*MRR_MONTHS, "sum(ending_customers)", COUNT),
    "MRR per customer": of_both_months(
        *MRR_MONTHS, "sum(ending_mrr) / sum(ending_customers)", MONEY
    ),
    "Customer churn rate": of_both_months(
        *CHURN, "sum(churned_customers) / sum(starting_customers)", SHARE
    ),
    "Net revenue retention, 12 months": of_both_months(
        *CHURN, "sum(net_revenue_retention_12m)", SHARE
    ),
    "Orders": shown(ORDERS, COUNT, "count(*)"),
    "Order revenue, net": shown(ORDERS, MONEY, "sum(net_revenue)"),
    "Average order": shown(ORDERS, MONEY, "sum(net_revenue) / count(*)"),
    "Average CLV, historical + predicted": shown(
        "select VALUE from marts.fct_customer_lifetime_value where customer_key in"
        " (select customer_key from marts.dim_customers"
        " where first_paid_date is not null)",
        MONEY,
        "avg(total_clv)",
    ),
}
BRIDGE = {
    label: of_both_months(*MRR_MONTHS, f"sum({column})", MONEY)
    for label, column in (
        ("Start", "starting_mrr"),
        ("New", "new_mrr"),
        ("Reactivated", "reactivation_mrr"),
        ("Expansion", "expansion_mrr"),
        ("Contraction", "contraction_mrr"),
        ("Churned", "churned_mrr"),
        ("End", "ending_mrr"),
    )
}


def row_of(desk: Desk, label: str) -> list[str]:
    (row,) = [row for row in rows_of_text(desk.text(NAME)) if row[0] == label]
    return row


@pytest.mark.parametrize("label", [*HEADLINES, *BRIDGE])
def test_numbers_by_month_are_those_of_the_marts(label, desk, marts):
    expected = [
        value for (value,) in marts.execute((HEADLINES | BRIDGE)[label]).fetchall()
    ]
    assert row_of(desk, label)[1:][: len(expected)] == expected


def test_changes_are_those_of_the_two_months(desk, marts):
    for label in HEADLINES:
        row = row_of(desk, label)
        if len(row) < 4:
            continue
        now, before = (float(cell.rstrip("% ").replace(",", "")) for cell in row[1:3])
        is_rate = "%" in row[1]
        change = now - before if is_rate else (now - before) / before * 100
        assert float(row[3].split()[0]) == pytest.approx(change, abs=0.11), label
        assert row[3].endswith("points" if is_rate else "%")


LISTS = {
    "best customers": f"""
        select customer_key, {MONEY.format("historical_margin")},
            {MONEY.format("predicted_clv")},
            format('{{:,.0f}} to {{:,.0f}}', predicted_clv_low::double,
                predicted_clv_high::double),
            {MONEY.format("total_clv")}
        from marts.fct_customer_lifetime_value
        order by total_clv desc limit 5
    """,
    "at-risk customers": f"""
        with ending as (
            select customer_key, min(term_end_date) as ends_on, sum(mrr_due) as mrr_due
            from marts.rpt_upcoming_renewals where is_cancel_requested group by all
        )
        select customer_key,
            case when ends_on is not null
                then 'cancelled: ' || {MONEY.format("mrr_due")} || ' MRR ends '
                    || ends_on
                else 'no order for ' || recency_days || ' days; still a buyer with '
                    || {SHARE.format("probability_alive")} end,
            {MONEY.format("historical_margin")}
        from marts.fct_customer_lifetime_value
        left join ending using (customer_key)
        left join marts.fct_customer_segments using (customer_key)
        left join marts.dim_customers using (customer_key)
        where ends_on is not null or (current_mrr = 0 and customer_status = 'active'
            and probability_alive < 0.5)
        order by historical_margin desc limit 5
    """,
    "products": f"""
        select product_name, {COUNT.format("units")}, {MONEY.format("net_revenue")},
            {MONEY.format("gross_margin")}, {SHARE.format("margin_rate")},
            {SHARE.format("high_value_customer_share")}
        from marts.rpt_product_profitability join marts.dim_products using (product_id)
        order by gross_margin desc limit 5
    """,
    "conversion": f"""
        select platform, {COUNT.format("sessions")}, {COUNT.format("orders")},
            {SHARE.format("orders / sessions")},
            {MONEY.format("net_revenue / orders")}
        from marts.rpt_platform_monthly
        where revenue_month = {MONTH} and sessions is not null order by orders desc
    """,
    "renewals": f"""
        select strftime(min(term_end_date), '%b %Y'), count(*)::varchar,
            {MONEY.format("sum(mrr_due)")}, {MONEY.format("sum(expected_mrr)")},
            {SHARE.format("sum(expected_mrr) / sum(mrr_due)")},
            (count(*) filter (where is_cancel_requested))::varchar
        from marts.rpt_upcoming_renewals
        group by date_trunc('month', term_end_date) order by min(term_end_date)
    """,
    "rejected rows": """
        select table_name, reasons, count(*)::varchar
        from marts.fct_rejected_rows group by all
        order by count(*) desc, table_name, reasons limit 5
    """,
}


@pytest.mark.parametrize("what", LISTS)
def test_lists_are_those_of_the_marts_in_their_order(what, desk, marts):
    expected = [list(row) for row in marts.execute(LISTS[what]).fetchall()]
    assert expected
    rows = rows_of_text(desk.text(NAME))
    if what == "conversion":
        # The change against the month before stands between.
        rows = [[*row[:4], *row[5:]] for row in rows]
    first = rows.index(expected[0])
    assert rows[first : first + len(expected)] == expected


def test_the_customers_at_risk_are_counted_beyond_those_listed(desk, marts):
    ((cancelled,),) = marts.execute(
        "select count(distinct customer_key) from marts.rpt_upcoming_renewals"
        " where is_cancel_requested"
    ).fetchall()
    ((quiet,),) = marts.execute(
        "select count(*) from marts.fct_customer_lifetime_value"
        " join marts.dim_customers using (customer_key)"
        " where probability_alive < 0.5 and current_mrr = 0"
        " and customer_status = 'active' and customer_key not in ("
        "select customer_key from marts.rpt_upcoming_renewals"
        " where is_cancel_requested)"
    ).fetchall()
    assert cancelled and quiet > 100
    assert (
        f"may be lost: {cancelled} cancelled, {quiet} seem to have stopped ordering."
        in desk.text(NAME)
    )


def test_the_reconciliation_is_that_of_the_mart(desk, marts):
    ((raw, accepted, rejected, after),) = marts.execute(
        "select sum(raw_rows), sum(accepted_rows), sum(rejected_rows),"
        " sum(after_as_of_rows) from marts.rpt_input_reconciliation"
    ).fetchall()
    assert (
        f"{raw:,} rows read = {accepted:,} accepted + {rejected:,} rejected + "
        f"{after:,} after the as-of date" in desk.text(NAME)
    )


def test_the_page_says_what_the_text_says(desk):
    page = Page(desk.file(NAME, "html").read_text(encoding="utf-8"))
    text = desk.text(NAME)
    assert page.cells == rows_of_text(text)
    on_one_line = " ".join(text.split())
    missing = [one for one in page.texts if " ".join(one.split()) not in on_one_line]
    # Left over are the styles for phones and print.
    assert [one for one in missing if "@media" not in one] == []
    assert len(page.alts) == 3
    assert "ending" not in page.alts[1]
    assert "33,811.26" in page.alts[1]


def test_each_section_names_its_marts_and_all_are_public(desk, marts):
    named = re.findall(r"^Source: (.*)$", desk.text(NAME), re.MULTILINE)
    assert len(named) == DEFAULT.count("\n  - ")
    public = {
        f"marts.{name}"
        for (name,) in marts.execute(
            "select table_name from information_schema.tables"
            " where table_schema = 'marts'"
        ).fetchall()
    }
    assert {mart for line in named for mart in line.split(", ")} <= public


def test_the_same_published_file_gives_the_same_report(desk, blank):
    blank.define(NAME, DEFAULT)
    assert blank.run().exit_code == 0
    for ending in ("html", "txt", "pdf"):
        assert (
            blank.file(NAME, ending).read_bytes()
            == desk.file(NAME, ending).read_bytes()
        )
    mails = [
        re.sub(rb"Date: .*\r\n", b"", one.file(NAME, "eml").read_bytes())
        for one in (blank, desk)
    ]
    assert mails[0] == mails[1]


# ------------------------------------------------------------------------- pages


def parts_of_pdf(content: bytes) -> bytes:
    """A PDF with all that is packed in it unpacked."""
    found = [content]
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.S):
        try:
            found.append(zlib.decompress(packed))
        except zlib.error:
            continue
    return b"\n".join(found)


def text_of_pdf(content: bytes) -> str:
    """What a PDF shows, as far as its fonts tell which letter each sign is."""
    unpacked = parts_of_pdf(content)
    letters = [
        {
            int(sign, 16): bytes.fromhex(letter.decode()).decode("utf-16-be")
            for block in re.findall(rb"beginbfchar(.*?)endbfchar", unicode_map, re.S)
            for sign, letter in re.findall(rb"<(\w+)> <(\w+)>", block)
        }
        for unicode_map in re.findall(rb"begincmap(.*?)endcmap", unpacked, re.S)
    ]
    written = []
    for line in re.findall(rb"\[([^\]]*)\] ?TJ", unpacked):
        signs = "".join(sign.decode() for sign in re.findall(rb"<(\w+)>", line))
        codes = [int(signs[at : at + 4], 16) for at in range(0, len(signs), 4)]
        written += ["".join(font.get(code, "") for code in codes) for font in letters]
    return "\n".join(written)


def test_the_pdf_is_one_page_of_a4_and_shows_the_headline(desk):
    content = desk.file(NAME, "pdf").read_bytes()
    unpacked = parts_of_pdf(content)
    assert len(re.findall(rb"/Type /Page\b", unpacked)) == 1
    (box,) = re.findall(rb"/MediaBox \[([^\]]*)\]", unpacked)
    assert [float(side) for side in box.split()] == pytest.approx(
        [0, 0, 595.28, 841.89], abs=0.1
    )
    shown = text_of_pdf(content)
    assert "33,811.26" in shown
    assert row_of(desk, "ARR")[1] in shown


@pytest.mark.parametrize("width", [640, 390])
def test_the_page_opens_in_chromium_without_error_or_request(desk, browser, width):
    page = browser.running.new_page(viewport={"width": width, "height": 800})
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda one: asked.append(one.url))
    page.goto(desk.file(NAME, "html").as_uri())
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
    assert page.get_by_text("33,811.26").count() >= 2


def test_texts_of_the_data_are_escaped_and_stay_on_one_line(desk_of):
    evil = "<script>alert(1)</script>\n\nFrom nobody & more"
    desk = desk_of(
        then="""
            update marts.dim_products set product_name = $evil;
            update marts.rpt_platform_monthly set platform = $evil || platform;
            update marts.fct_rejected_rows set reasons = $evil;
            update marts.build_info set accepted_audits = $evil;
            update marts.dim_customers set customer_key = $evil || customer_key;
            update marts.fct_customer_segments
                set customer_key = $evil || customer_key;
            update marts.fct_customer_lifetime_value
                set customer_key = $evil || customer_key;
        """.replace("$evil", "'" + evil.replace("\n", "' || chr(10) || '") + "'"),
    )
    desk.define(NAME, DEFAULT)
    assert desk.run().exit_code == 0
    page = desk.file(NAME, "html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 10
    assert not re.search(r"^From nobody", desk.text(NAME), re.MULTILINE)
    assert "<script>alert(1)</script> From nobody & more" in desk.text(NAME)


# ------------------------------------------------------------------ empty states

SUBSCRIPTION_MARTS = (
    *("rpt_mrr_monthly", "rpt_mrr_by_slice_monthly", "rpt_churn_monthly"),
    *("rpt_upcoming_renewals", "fct_customer_mrr", "fct_mrr_movements"),
)
ORDER_MARTS = ("rpt_platform_monthly", "rpt_product_profitability", "fct_orders")


def test_a_report_of_orders_only_says_what_there_is_not(desk_of):
    desk = desk_of(*SUBSCRIPTION_MARTS)
    desk.define(NAME, DEFAULT)
    assert desk.run().exit_code == 0
    text = desk.text(NAME)
    assert "There are no subscriptions in this input." in text
    assert "No subscription comes to renew in the 90 days after 2025-12-31." in text
    assert "Order revenue is" in text
    assert "MRR is" not in text
    assert not re.search(r"\bnone +none\b|nan|None", text)


def test_a_report_of_subscriptions_only_says_what_there_is_not(desk_of):
    desk = desk_of(*ORDER_MARTS)
    desk.define(NAME, DEFAULT)
    assert desk.run().exit_code == 0
    text = desk.text(NAME)
    assert "There are no orders in this input" in text
    assert "No sold product is known." in text
    assert "No order and no session is known of December 2025." in text
    assert "MRR is 33,811.26" in text
    assert not re.search(r"\bnone +none\b|nan|None", text)


# ------------------------------------------------------------- what may be chosen


def test_a_report_is_of_the_month_and_of_the_slice_that_it_names(blank, marts):
    blank.define(
        "plus",
        """\
title: Plus
period: 2025-06
sections:
  - name: bridge
    plan: plus
  - name: best_customers
    customers: 2
    plan: plus
    channel: [organic, social]
""",
    )
    result = blank.run("plus")
    assert result.exit_code == 0, result.output
    text = blank.text("plus")
    ((start, moved, end),) = marts.execute(
        "select starting_mrr, transfer_mrr, ending_mrr"
        " from marts.rpt_mrr_by_slice_monthly where slice_name = 'plan'"
        " and slice_value = 'plus' and revenue_month = '2025-06-01'"
    ).fetchall()
    rows = {row[0]: row[1] for row in rows_of_text(text)}
    assert (rows["Start"], rows["Moved"], rows["End"]) == (
        *(f"{start:,.2f}", f"{moved:,.2f}", f"{end:,.2f}"),
    )
    best = [
        key
        for (key,) in marts.execute(
            "select customer_key from marts.fct_customer_lifetime_value"
            " join marts.dim_customers using (customer_key)"
            " where current_plan_id = 'plus'"
            " and acquisition_channel in ('organic', 'social')"
            " order by total_clv desc limit 2"
        ).fetchall()
    ]
    assert [key for key in rows if key.startswith("files:")] == best
    assert "Best customers, channel organic, social, plan plus" in text


def test_a_running_month_is_called_so(desk_of):
    desk = desk_of(
        then="update marts.build_info set as_of_date = '2025-12-15'",
    )
    desk.define("last")
    desk.define("running", SMALL.replace("sections", "period: 2025-12\nsections"))
    assert desk.run().exit_code == 0
    assert desk.text("last").startswith("Board, November 2025\n")
    assert desk.text("running").startswith("Board, December 2025 (running)\n")


def test_the_first_month_has_nothing_before_it(blank, marts):
    blank.define(
        "first",
        """\
title: First
period: 2023-01
sections:
  - headlines
  - bridge
  - {name: best_customers, customers: 1}
  - {name: products, products: 1}
""",
    )
    assert blank.run("first").exit_code == 0
    text = blank.text("first")
    ((mrr,),) = marts.execute(
        "select ending_mrr from marts.rpt_mrr_monthly"
        " where revenue_month = (select min(revenue_month) from marts.rpt_mrr_monthly)"
    ).fetchall()
    assert ["MRR", f"{mrr:,.2f}", "none"] in rows_of_text(text)
    assert f"MRR rose by {mrr:,.2f} in January 2023, to {mrr:,.2f}." in text
    # It starts at 0, and so does the axis.
    assert "axis does not begin at 0" not in text
    assert "The best customer has a lifetime value of" in text
    assert "earned most; it has brought" in text


def test_products_that_cost_more_than_they_brought_did_not_earn_most(desk_of):
    desk = desk_of(
        then="update marts.rpt_product_profitability"
        " set gross_margin = -abs(gross_margin)",
    )
    desk.define("losses", SMALL.replace("headlines", "products"))
    assert desk.run().exit_code == 0
    assert "No product has earned anything; these 5 have brought -" in desk.text(
        "losses"
    )


def test_mrr_that_did_not_move_is_told_so(desk_of):
    desk = desk_of(
        then="update marts.rpt_mrr_monthly set starting_mrr = ending_mrr",
    )
    desk.define("still", SMALL.replace("headlines", "bridge"))
    assert desk.run().exit_code == 0
    assert "MRR stayed at 33,811.26 in December 2025." in desk.text("still")
    assert "axis does not begin at 0" in desk.text("still")


def test_what_is_expected_of_renewals_is_unknown_where_no_rate_is(desk_of):
    desk = desk_of(
        then="update marts.rpt_upcoming_renewals set expected_mrr = null"
        " where not is_cancel_requested",
    )
    desk.define("young", SMALL.replace("headlines", "renewals"))
    assert desk.run().exit_code == 0
    text = desk.text("young")
    assert "no term has come due yet that tells how much of it stays." in text
    # The cancelled ones alone are known, and would look like all of it.
    assert ["All", "530", "28,190.16", "unknown", "6"] in rows_of_text(text)


MISTAKES = {
    "unknown key": (
        "title: A\nsectons: [bridge]\n",
        "line 2: 'sectons' is unknown; a report has title, subject",
    ),
    "unknown section": (
        "title: A\nsections:\n  - headlines\n  - bridges\n",
        "line 4: section 'bridges' is unknown; there are headlines, bridge",
    ),
    "unknown choice": (
        "title: A\nsections:\n  - name: renewals\n    chanel: web\n",
        "line 4: 'chanel' is unknown; the section renewals has name, plan",
    ),
    "unknown value": (
        "title: A\nsections:\n  - headlines\n  - name: renewals\n    plan: gold\n",
        "line 5: there is no plan 'gold' in marts.rpt_upcoming_renewals; there are "
        "basic, plus, pro",
    ),
    "two slices": (
        "title: A\nsections:\n  - {name: bridge, plan: plus, country: US}\n",
        "line 3: the bridge is cut by one of plan",
    ),
    "too many": (
        "title: A\nsections:\n  - name: products\n    products: 500\n",
        "line 4: sections 1 products is not between 1 and 20",
    ),
    "a word for a number": (
        "title: A\nsections:\n  - name: products\n    products: five\n",
        "line 4: sections 1 products is no whole number",
    ),
    "no sections": ("title: A\n", "line 1: sections is missing; give it"),
    "empty sections": ("title: A\nsections: []\n", "line 2: sections is empty"),
    "a period that is none": (
        "title: A\nperiod: last year\nsections: [bridge]\n",
        "line 2: period is neither last_complete_month nor a month like 2025-11",
    ),
    "a period before all calendars": (
        "title: A\nperiod: '0001-01'\nsections: [bridge]\n",
        "line 2: period is neither last_complete_month nor a month like 2025-11",
    ),
    "a period to come": (
        "title: A\nperiod: 2026-01\nsections: [bridge]\n",
        "line 2: period 2026-01 is after 2025-12-31",
    ),
    "another header in the title": (
        'title: "A\\r\\nBcc: eve@example.com"\nsections: [bridge]\n',
        "line 1: title holds a line break or a control character",
    ),
    "another header in the subject": (
        'title: A\nsubject: "B\\nBcc: eve@example.com"\nsections: [bridge]\n',
        "line 2: subject holds a line break or a control character",
    ),
    "another header in a recipient": (
        'title: A\nrecipients:\n  - a@example.com\n  - "b@example.com\\nBcc: '
        'eve@example.com"\nsections: [bridge]\n',
        "line 4: recipients 2 is no e-mail address",
    ),
    "two recipients in one": (
        "title: A\nrecipients: ['a@example.com, eve@example.com']\n"
        "sections: [bridge]\n",
        "line 2: recipients 1 is no e-mail address",
    ),
    "a subject with other braces": (
        "title: A\nsubject: '{title.__class__}'\nsections: [bridge]\n",
        "line 2: subject holds something else in braces than {title}, {month}, {as_of}",
    ),
    "a subject with a width": (
        "title: A\nsubject: '{title:{title}}'\nsections: [bridge]\n",
        "line 2: subject holds something else in braces than {title}, {month}, {as_of}",
    ),
    "a subject with a conversion": (
        "title: A\nsubject: '{title!z}'\nsections: [bridge]\n",
        "line 2: subject holds something else in braces than {title}, {month}, {as_of}",
    ),
    "an address with a dot too many": (
        "title: A\nrecipients: [a..eve@example.com]\nsections: [bridge]\n",
        "line 2: recipients 1 is no e-mail address",
    ),
    "a key twice": (
        "title: A\nsections: [bridge]\ntitle: B\n",
        "line 3: 'title' is there twice",
    ),
    "an address as a key": (
        "title: A\nrecipients:\n  eve@example.com: yes\nsections: [bridge]\n",
        "line 2: recipients is no list",
    ),
    "an address as an unknown key": (
        "title: A\neve@example.com: yes\nsections: [bridge]\n",
        "line 2: a name is unknown; a report has title",
    ),
    "no YAML": ("title: A\n  sections: [eve@example.com\n", "line 2: this is no YAML"),
    "nothing": ("", "line 1: give it title, subject"),
    "not UTF-8": ("title: \xff", "it is no UTF-8"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_definition_is_named_with_its_line(mistake, blank):
    text, words = MISTAKES[mistake]
    encoding = "latin-1" if mistake == "not UTF-8" else "utf-8"
    (blank.folder / "reports/wrong.yml").write_bytes(text.encode(encoding))
    result = blank.run("wrong")
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("Error: reports/wrong.yml")
    assert words in result.stderr
    assert "eve" not in result.output
    assert not (blank.folder / "site").exists()


def test_a_report_that_fails_does_not_stop_the_others(blank):
    blank.define("a_wrong", "title: A\n")
    blank.define("b_right")
    blank.define("c_wrong", "title: C\n")
    result = blank.run()
    assert result.exit_code == 1
    assert [line.split(",")[0] for line in result.stderr.splitlines()] == [
        "Error: reports/a_wrong.yml",
        "Error: reports/c_wrong.yml",
    ]
    assert "report b_right: site/reports/b_right" in result.stdout
    assert blank.file("b_right", "eml").exists()


# ------------------------------------------------------------- what may be missing


def assert_one_sentence(result, *words: str) -> None:
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert len(result.stderr.splitlines()) == 1, result.stderr
    for word in words:
        assert word in result.stderr


def test_a_report_that_is_not_there_is_an_error_that_lists_those_that_are(blank):
    blank.define("board")
    assert_one_sentence(
        blank.run("../secrets"), "no report '../secrets'", "there are board"
    )


def test_no_report_at_all_is_an_error(blank):
    assert_one_sentence(blank.run(), "there is no report", "reports holds no .yml")


def test_without_a_published_file_there_is_no_report(blank):
    blank.define("board")
    blank.environment["PERENNIAL_PUBLISHED_FILE"] = "warehouse/none.duckdb"
    assert_one_sentence(blank.run(), "none.duckdb is not there", "perennial build")


def test_of_a_damaged_published_file_there_is_no_report(blank):
    blank.define("board")
    damaged = blank.folder / "warehouse/damaged.duckdb"
    damaged.write_text("no database " * 1000)
    blank.environment["PERENNIAL_PUBLISHED_FILE"] = str(damaged)
    assert_one_sentence(blank.run(), "is no DuckDB file", "perennial rollback")


def test_of_an_older_version_there_is_no_report(desk_of):
    desk = desk_of(
        then="drop table marts.rpt_churn_monthly",
    )
    desk.define("board")
    assert_one_sentence(
        desk.run(), "report board:", "rpt_churn_monthly", "build and publish it anew"
    )


def test_a_folder_that_cannot_be_written_is_named(blank):
    blank.define("board")
    (blank.folder / "taken").write_text("a file")
    assert_one_sentence(blank.run("--output", "taken"), "cannot write to taken/board")


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("css_inline", "css-inline, which is not installed; make setup-bi"),
        ("weasyprint", "weasyprint, which is not installed; make setup-bi"),
        ("vl_convert", "vl-convert, which is not installed; make setup-bi"),
    ],
)
def test_what_is_not_installed_is_named(module, words, blank, monkeypatch):
    from perennial.report import pictures

    pictures._draw.cache_clear()
    blank.define("board")
    monkeypatch.setitem(sys.modules, module, None)
    assert_one_sentence(blank.run(), words)


def test_a_machine_without_pango_is_told_what_to_install(blank, monkeypatch):
    class NoPango:
        def find_spec(self, name, path=None, target=None):
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")

    blank.define("board")
    for name in [name for name in sys.modules if name.startswith("weasyprint")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [NoPango(), *sys.meta_path])
    assert_one_sentence(blank.run(), "Pango", "apt-get install libpango-1.0-0")


def test_the_other_commands_load_nothing_of_it():
    outcome = subprocess.run(
        [
            *(sys.executable, "-c"),
            "import sys, perennial.cli;"
            "print([name for name in sys.modules if name.split('.')[0] in"
            " ('pydantic', 'weasyprint', 'css_inline', 'vl_convert')"
            " or name.startswith('perennial.report')])",
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert outcome.stdout == "[]\n"
