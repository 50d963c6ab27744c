"""The command line: what only Python can do, each with a clear error."""

import os
from pathlib import Path

import click

from perennial import __version__
from perennial.check import CheckError, check_folder, format_check
from perennial.contract import ContractError
from perennial.demo import DEFAULT_SEED, write_demo
from perennial.headlines import HeadlinesError, format_headlines, read_headlines

DEMO_FOLDER = Path("data/demo")
WORK_FILE = Path("warehouse/work.duckdb")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="perennial")
def main() -> None:
    """What the dbt project perennial needs and SQL can't do.

    The marts themselves are built by dbt: dbt build
    """


@main.command()
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=DEMO_FOLDER,
    show_default=True,
    help="Folder to write to; made if it is not there.",
)
@click.option(
    "--seed",
    type=int,
    default=DEFAULT_SEED,
    show_default=True,
    help="Another seed is another shop; the named customers stay.",
)
def demo(output: Path, seed: int) -> None:
    """Write the demo's input files: three years of a small shop.

    The same seed gives the same bytes on every machine. Files of the same
    names in the folder are replaced.

    \b
    Example:
      perennial demo --output my_shop --seed 7
      dbt build --vars '{input_path: my_shop}'
    """
    try:
        row_counts = write_demo(output, seed)
    except OSError as error:
        raise click.ClickException(
            f"cannot write the demo to {output}: {error.strerror}; "
            "name a folder that can be written with --output"
        ) from error
    for table, count in row_counts.items():
        click.echo(f"{output / f'{table}.csv'}  {count} rows")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
def check(folder: Path) -> None:
    """Tell what FOLDER holds of the input tables, before it is built.

    For each table: its files, the columns found, missing and unused, rows and
    dates. At the end stands the dbt command, with a mapping (input_columns)
    of the names that look like missing columns. Nothing is written.

    The exit code is 1 when a build of the files as they are would fail: a
    required column is missing, a file is none of the tables or unreadable.

    \b
    Example:
      perennial check my_shop
    """
    try:
        found = check_folder(folder)
    except (CheckError, ContractError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(format_check(found))
    if not found.can_be_built:
        raise SystemExit(1)


@main.command()
def headlines() -> None:
    """Print MRR, ARR, active customers, churn and CLV of the last build.

    Reads the work file: warehouse/work.duckdb, or the file that the
    environment variable PERENNIAL_WORK_FILE names.

    \b
    Example:
      dbt build
      perennial headlines
    """
    work_file = Path(os.environ.get("PERENNIAL_WORK_FILE") or WORK_FILE)
    try:
        click.echo(format_headlines(read_headlines(work_file)))
    except HeadlinesError as error:
        raise click.ClickException(str(error)) from error


@main.command()
@click.option("--target", help="Target of the profile; without it, its default.")
@click.option("--vars", "variables", help="Variables of the build, as dbt takes them.")
def fit(target: str | None, variables: str | None) -> None:
    """Fit the models of predicted value where the engine runs no Python models.

    dbt builds what they are fitted to, and writes what was fitted to the table
    fitted.clv_models of the target. The dbt build that follows scores with it.
    DuckDB needs none of this: there the fit is part of dbt build.

    Give the variables that the build is given: a build that finds the fit of
    another history stops, and says so.

    \b
    Example:
      perennial fit --target postgres
      dbt build --target postgres
    """
    # Here, because dbt and scipy take a second that no other command needs.
    from perennial.fitting import FitError, fit_through_dbt

    options = [
        *(("--target", target) if target else ()),
        *(("--vars", variables) if variables else ()),
    ]
    try:
        fitted = fit_through_dbt(options)
    except FitError as error:
        raise click.ClickException(str(error)) from error
    for model in fitted:
        click.echo(
            f"{model.cut_name}  {model.model_name}  {model.group_name}  "
            f"{model.status}: {model.reason}"
        )
