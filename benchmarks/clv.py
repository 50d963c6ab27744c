"""Time predicted lifetime value against `lifetimes`, and check its forecasts.

Simulated customers with three years of daily purchases. Both sides get the
same table of frequency, recency, age and mean value in the same process: fit
both models, score every customer, value the next 12 months. Printed are CPU
seconds, their ratio, the peak memory of the project's side (in a process of
its own) and both sets of parameters.

With --forecast instead: what was forecast and what came, on the purchases of
CDNOW and the Complete Journey, beside other models.

Example: python benchmarks/clv.py --customers 100000
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import warnings
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from cdnow import CdnowError
from clv_lifetimes import Purchases, Scores, Summary, optimum, predict, score, simulate
from clv_ours import EXPECTED, TARGET, CompileError, Ours, compile_models, find_models
from complete_journey import JourneyError
from order_models import (
    DATA,
    Split,
    by_decile,
    fit_pareto,
    load_purchases,
    measure,
    predict_naive,
    split_at,
)

# Above this many customers the optimum of lifetimes' likelihood is not sought:
# its Hessian by autograd takes gigabytes.
MOST_FOR_OPTIMUM = 200_000
LAST_DAY = "2024-12-30"


def start(folder: Path, customers: int) -> Ours:
    """Compile the models, simulate, and put the orders into a work file."""
    models = compile_models(folder, {"as_of_date": LAST_DAY, "backtest_share": 0})
    ours = Ours(folder / "work.duckdb", models)
    ours.put(simulate(customers))
    return ours


def compare(customers: int, has_lifetimes: bool) -> None:
    """Print the table for so many customers."""
    print(f"{customers:,} customers, 3 years                           CPU seconds")
    with tempfile.TemporaryDirectory() as name:
        ours = start(Path(name), customers)
        whole = ours.run()
        _print_steps(whole)
        _print_line("orders to scores, all horizons and ranges", sum(whole.values()))
        _print_line("  of it only for ranges", ours.seconds_of_ranges(whole))
        _print_line("  of it all months, of customers alive", whole[EXPECTED])
        summary, everything = ours.summary(), ours.scores()
        steps = ours.run_like_lifetimes()
        same = sum(steps.values())
        _print_line("fit, score and 12-month CLV of the table", same)
        _print_steps(steps)
        unwritten = same - steps[TARGET] + ours.seconds_of_handing_over()
        _print_line("the same, as arrays instead of a table", unwritten)
        ours.connection.close()
        _print_line("peak memory, orders to scores, MB", measure_peak(Path(name)))
    if has_lifetimes:
        theirs = score(summary)
        for step, seconds in theirs.seconds.items():
            _print_line(f"  lifetimes: {step}", seconds)
        total = sum(theirs.seconds.values())
        _print_line("lifetimes, the same", total)
        _print_line("ratio", total / same)
        _print_line("ratio, as arrays", total / unwritten)
        print_agreement(summary, everything, theirs)


def _print_steps(steps: dict[str, float]) -> None:
    for step, seconds in steps.items():
        if seconds >= 0.005:
            _print_line(f"  {step}", seconds)


def _print_line(text: str, number: float) -> None:
    print(f"{text:48} {number:8.2f}", flush=True)


def measure_peak(folder: Path) -> float:
    """Run the models again in a process of their own; its peak in MB."""
    outcome = subprocess.run(
        [sys.executable, __file__, "--run", str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(outcome.stdout)


def run_alone(folder: Path) -> None:
    """Run the compiled models of a work file; print the peak memory in MB."""
    Ours(folder / "work.duckdb", find_models(folder)).run()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def print_agreement(summary: Summary, ours: Scores, theirs: Scores) -> None:
    """Parameters side by side, and how far predictions are apart."""
    columns = {"ours": ours.parameters, "lifetimes": theirs.parameters}
    if len(summary.age) <= MOST_FOR_OPTIMUM:
        columns["its optimum"] = optimum(summary, theirs.parameters)
    print(f"{'parameter':12}" + "".join(f"{name:>16}" for name in columns))
    for name in theirs.parameters:
        print(f"{name:12}" + "".join(f"{one[name]:16.9f}" for one in columns.values()))
    print("largest difference of the predictions to ours, as a share")
    for head, parameters in columns.items():
        scores = vars(predict(summary, parameters))
        apart = ", ".join(
            f"{name} {np.max(np.abs(scores[name] / vars(ours)[name] - 1)):.1e}"
            for name in ("probability_alive", "expected_orders", "expected_value")
        )
        print(f"  lifetimes with the parameters of {head}: {apart}")
    whole = theirs.clv.sum() / ours.clv.sum() - 1
    print(f"12-month CLV in sum: {whole:+.2%} (its months have 30 days)")


def forecast(name: str) -> None:
    """Print what the last half and third of a data set's history brought.

    Ours are the expected orders of the cut `backtest`, as the models give
    them. lifetimes' Pareto/NBD is not finite for customers with about a
    hundred purchases: its row is of the others, and below stands the same
    model by quadrature.
    """
    customer, day = load_purchases(name)
    for share in (1 / 2, 1 / 3):
        split = split_at(customer, day, 1 - share)
        actual = split.first + split.last
        models = {
            "perennial": _forecast_ours(customer, day, share),
            **_forecast_lifetimes(split),
            "Pareto/NBD": fit_pareto(split).both,
            "naive x / T": predict_naive(split).both,
        }
        days = split.first_days + split.last_days
        print(
            f"\n{name}: {len(actual):,} customers, {days} days after {split.cut_date}"
        )
        print(f"{'':24} {'orders':>9} {'total':>8} {'MAE':>8} {'RMSE':>8}")
        print(f"{'actual':24} {actual.sum():9,.0f}")
        for model, predicted in models.items():
            known = np.isfinite(predicted)
            total, mae, rmse = measure(predicted[known], actual[known])
            missing = (~known).sum()
            print(
                f"{model:24} {predicted[known].sum():9,.0f} {total:+8.2%} "
                f"{mae:8.4f} {rmse:8.4f}"
                + (f"   not finite for {missing} customers" if missing else "")
            )
        print("predicted/actual orders per customer, by tenth of the forecast")
        for model, predicted in models.items():
            if np.isfinite(predicted).all():
                tenths = by_decile(predicted, actual)
                print(
                    f"{model:24} "
                    + " ".join(f"{mine:.2f}/{real:.2f}" for mine, real in tenths)
                )


def _forecast_ours(customer: np.ndarray, day: np.ndarray, share: float) -> np.ndarray:
    """Expected orders until the last day, per customer in order of number."""
    first_day, last_day = (
        (date(1970, 1, 1) + timedelta(days=int(edge)))
        for edge in (day.min(), day.max())
    )
    with tempfile.TemporaryDirectory() as name:
        policies = {"as_of_date": str(last_day), "backtest_share": share}
        ours = Ours(Path(name) / "work.duckdb", compile_models(Path(name), policies))
        cents = np.full(len(day), 100)
        purchases = Purchases(customer, day - day.min(), cents)
        ours.put(purchases, first_day, last_day)
        ours.run()
        numbers, expected = ours.forecasts()
        ours.connection.close()
    return expected[np.argsort(numbers)]


def _forecast_lifetimes(split: Split) -> dict[str, np.ndarray]:
    from lifetimes import ModifiedBetaGeoFitter, ParetoNBDFitter

    columns = split.frequency, split.recency, split.age
    forecasts = {}
    for name, fitter in (
        ("lifetimes MBG/NBD", ModifiedBetaGeoFitter()),
        ("lifetimes Pareto/NBD", ParetoNBDFitter()),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitter.fit(*columns)
            forecasts[name] = np.asarray(
                fitter.conditional_expected_number_of_purchases_up_to_time(
                    split.first_days + split.last_days, *columns
                )
            )
    return forecasts


def main() -> int:
    """Run the command line; returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument(
        "--without-lifetimes", action="store_true", help="time the project only"
    )
    parser.add_argument(
        "--forecast", action="store_true", help="forecasts on real purchases instead"
    )
    parser.add_argument("--data", choices=DATA, action="append")
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    try:
        if arguments.run:
            run_alone(arguments.run)
        elif arguments.forecast:
            for name in arguments.data or DATA:
                forecast(name)
        else:
            compare(arguments.customers, not arguments.without_lifetimes)
    except (CdnowError, JourneyError, CompileError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
