"""All models at once: what they make of data that no model fits, and the table.

The degenerate inputs say which method each gets. Whatever comes in: no
exception, no warning, no number that is not one, and a sentence of reason.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterator

import duckdb
import numpy as np
import pytest
from clv_customers import simulate, simulate_values

from perennial.clv.fit import Columns, fit_models
from perennial.clv.rows import COLUMNS, Rows

# Frequency, recency, age; paid frequency, mean value: one row per customer.
NOBODY = np.empty((0, 5))
SENTENCE = re.compile(r"[A-Z0-9][^\n]*\.")


@pytest.fixture(autouse=True)
def warnings_are_errors() -> Iterator[None]:
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        yield


def usual(customers: int = 600, seed: int = 1) -> np.ndarray:
    """Customers as the models assume them."""
    rng = np.random.default_rng(seed)
    x, recency, age = simulate(
        customers, rng, 0.6, 25.0, 0.8, 2.5, days=600, whole_days=True
    )
    means = simulate_values(x, rng, 5.0, 3.5, 40.0)
    return np.stack([x, recency, age, x, means], axis=1)


def with_values(customers: np.ndarray, means: object) -> np.ndarray:
    changed = customers.copy()
    changed[:, 4] = np.where(changed[:, 3] > 0, means, 0)
    return changed


def never_gone() -> np.ndarray:
    """Everyone bought on the day of the cut: no dropout to be seen."""
    rng = np.random.default_rng(8)
    age = rng.integers(100, 600, 400).astype(float)
    x = 1 + rng.poisson(rng.gamma(1.5, 1 / 60, 400) * age).astype(float)
    means = simulate_values(x, rng, 5.0, 3.5, 40.0)
    return np.stack([x, age, age, x, means], axis=1)


def repeated(customer: tuple[float, ...], times: int) -> np.ndarray:
    return np.tile(np.array([customer], float), (times, 1))


def giant() -> np.ndarray:
    """One who has bought on each of 5,000 days, among usual customers."""
    return np.concatenate([usual(), [[5000, 5000, 5001, 5000, 9.5]]])


def few_repeaters() -> np.ndarray:
    once = repeated((0, 0, 200, 0, 0), 500)
    return np.concatenate([once, repeated((2, 90, 200, 2, 31), 19)])


def unpaid() -> np.ndarray:
    """Usual orders, of which none brings money."""
    customers = usual()
    customers[:, 3:] = 0
    return customers


def huge() -> np.ndarray:
    """Frequencies of a million: two clocks, not people."""
    rng = np.random.default_rng(3)
    x = np.round(10 ** rng.uniform(5, 6, 50))
    return np.stack([x, x + 5, x + 9, x, rng.gamma(9, 2, 50)], axis=1)


def regular() -> np.ndarray:
    """Everyone buys every tenth day: more alike than chance would have it."""
    age = 10.0 * np.arange(20, 60)
    x = age / 10
    return np.stack([x, age, age, x, 20 + np.arange(40) % 7], axis=1)


def same_day() -> np.ndarray:
    """All came on the cut day: no time has passed."""
    return repeated((0, 0, 0, 0, 0), 300)


def all_ages_zero_with_repeats() -> np.ndarray:
    """Impossible from days, but the fit must not care."""
    return repeated((1, 0, 0, 1, 10), 40)


DEGENERATE = {
    "empty": (NOBODY, "none", "none"),
    "one customer, once": (repeated((0, 0, 90, 0, 0), 1), "pooled_rate", "shrunk_mean"),
    "one customer": (repeated((3, 80, 90, 3, 12), 1), "pooled_rate", "shrunk_mean"),
    "two customers": (repeated((3, 80, 90, 3, 12), 2), "pooled_rate", "shrunk_mean"),
    "all buy once": (repeated((0, 0, 300, 0, 0), 900), "pooled_rate", "shrunk_mean"),
    "all on the cut day": (same_day(), "pooled_rate", "shrunk_mean"),
    "all ages zero": (all_ages_zero_with_repeats(), "pooled_rate", "shrunk_mean"),
    "constant spend": (with_values(usual(), 25.0), "bg_nbd", "shrunk_mean"),
    "one giant buyer": (giant(), "bg_nbd", "gamma_gamma"),
    "no dropout": (never_gone(), "nbd", "gamma_gamma"),
    "dead after one repeat": (
        repeated((1, 3, 900, 1, 12), 500),
        "pooled_rate",
        "shrunk_mean",
    ),
    "19 repeaters": (few_repeaters(), "pooled_rate", "shrunk_mean"),
    "no order paid": (unpaid(), "bg_nbd", "none"),
    "huge frequencies": (huge(), "nbd", "shrunk_mean"),
    "identical customers": (
        repeated((4, 100, 200, 4, 12), 300),
        "pooled_rate",
        "shrunk_mean",
    ),
    "clockwork": (regular(), "pooled_rate", "shrunk_mean"),
    "enormous spends": (
        with_values(usual(), usual()[:, 4] * 1e14),
        "bg_nbd",
        "gamma_gamma",
    ),
    "tiny spends": (
        with_values(usual(), usual()[:, 4] * 1e-6),
        "bg_nbd",
        "gamma_gamma",
    ),
    "one spends a billion": (
        with_values(usual(), np.where(np.arange(600) == 3, 1e9, usual()[:, 4])),
        "bg_nbd",
        "shrunk_mean",
    ),
    "usual customers": (usual(), "bg_nbd", "gamma_gamma"),
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_each_input_gets_the_method_that_it_can_carry(name: str) -> None:
    customers, orders, order_value = DEGENERATE[name]

    table = fit_customers(customers, first=0 if order_value == "none" else 15)

    assert statuses(table) == {"orders": orders, "order_value": order_value}
    assert_sound(table)


def test_a_cut_that_is_skipped_has_no_rows() -> None:
    cuts = {**one_cut(), "skip_reason": np.array(["The history is short."], object)}

    table = fit_models(cuts, *counted(usual()), no_renewals())

    assert [len(table[name]) for name in COLUMNS] == [0] * len(COLUMNS)


def test_only_the_cut_of_today_has_ranges() -> None:
    table = fit_customers(usual(), cut_name="backtest")

    assert not {"range", "range_grid", "range_frequency"} & set(table["output_name"])


def test_each_frequency_has_nodes_whose_weights_sum_to_one() -> None:
    customers = usual()
    table = fit_customers(customers)

    is_node = table["output_name"] == "node"
    for rule in ("near", "far"):
        mine = is_node & (table["item_name"] == rule)
        frequency = table["frequency"][mine]
        assert set(frequency) == set(customers[:, 0])
        sums = np.bincount(frequency.astype(int), table["value"][mine])
        assert sums[sums > 0] == pytest.approx(1)


def test_the_order_of_the_rows_given_does_not_matter() -> None:
    cells, values = counted(usual())
    table = fit_models(one_cut(), cells, values, no_renewals())
    mixed = fit_models(one_cut(), backwards(cells), backwards(values), no_renewals())

    for name in COLUMNS:
        np.testing.assert_array_equal(table[name], mixed[name])


def test_duckdb_reads_what_is_missing_as_null() -> None:
    rows = Rows()
    rows.add(cut_name="as_of", value=[1.0, np.nan, np.inf], frequency=[1, 2, 3])
    columns = rows.to_columns()
    with duckdb.connect() as connection:
        connection.register("fitted", columns)
        read = connection.sql(
            "select cut_name, note, frequency, position, value from fitted"
        ).fetchall()

    assert read == [
        ("as_of", None, 1, None, 1.0),
        ("as_of", None, 2, None, None),
        ("as_of", None, 3, None, None),
    ]


def test_masked_columns_of_duckdb_are_understood() -> None:
    with duckdb.connect() as connection:
        cuts = connection.sql(
            "select 'as_of' as cut_name, cast(null as varchar) as skip_reason,"
            " 365.0::double as horizon_days, 1825.0::double as lifetime_days"
        ).fetchnumpy()

    table = fit_models(cuts, *counted(usual()), no_renewals())

    assert statuses(table) == {"orders": "bg_nbd", "order_value": "gamma_gamma"}


def test_rows_refuse_what_is_no_column_and_what_does_not_match() -> None:
    with pytest.raises(TypeError, match="valeu"):
        Rows().add(valeu=1.0)
    with pytest.raises(ValueError, match="different lengths"):
        Rows().add(value=[1.0, 2.0], position=[1, 2, 3])


# What the tests above are made of


def fit_customers(
    customers: np.ndarray, cut_name: str = "as_of", first: int = 15
) -> Columns:
    cells, values = counted(customers, cut_name, first)
    return fit_models(one_cut(cut_name), cells, values, no_renewals())


def counted(
    customers: np.ndarray, cut_name: str = "as_of", first: int = 15
) -> tuple[Columns, Columns]:
    """The two tables of cells, as SQL counts them; so many first purchases."""
    cells, count = np.unique(customers[:, :3], axis=0, return_counts=True)
    paid = customers[customers[:, 3] > 0, 3:]
    values, value_count = np.unique(paid, axis=0, return_counts=True)
    kinds = ["repeat"] * len(values)
    if first and len(customers):
        values = np.concatenate([values, [[1, 20.0]]])
        value_count = np.append(value_count, first)
        kinds.append("first")
    return (
        {
            "cut_name": np.full(len(cells), cut_name, object),
            "frequency": cells[:, 0],
            "recency_days": cells[:, 1],
            "age_days": cells[:, 2],
            "customer_count": count,
        },
        {
            "cut_name": np.full(len(values), cut_name, object),
            "purchase_kind": np.array(kinds, object),
            "purchase_count": values[:, 0],
            "mean_value": values[:, 1],
            "customer_count": value_count,
        },
    )


def one_cut(name: str = "as_of") -> Columns:
    return {
        "cut_name": np.array([name], object),
        "skip_reason": np.array([None], object),
        "horizon_days": np.array([365.0]),
        "lifetime_days": np.array([1825.0]),
    }


def no_renewals() -> Columns:
    texts = dict.fromkeys(("cut_name", "plan_id", "term_name"), np.empty(0, object))
    numbers = ("renewal_number", "due", "lost", "starts", "term_length_days")
    return {**texts, **dict.fromkeys(numbers, np.empty(0))}


def backwards(columns: Columns) -> Columns:
    return {name: values[::-1] for name, values in columns.items()}


def statuses(table: Columns) -> dict[str, str]:
    is_status = table["output_name"] == "status"
    return dict(
        zip(table["model_name"][is_status], table["item_name"][is_status], strict=True)
    )


def assert_sound(table: Columns) -> None:
    """A number in every row, and a sentence with every status."""
    assert np.all(np.isfinite(table["value"]))
    assert np.all(table["value"][table["output_name"] != "parameter"] >= 0)
    for note in table["note"][table["output_name"] == "status"]:
        assert SENTENCE.fullmatch(note)
    for name in ("argument", "level", "standard_error"):
        assert not any(map(math.isinf, table[name]))
