"""The command line: what only Python can do, each with a clear error."""

import functools
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from perennial import __version__
from perennial.audits import Accepted
from perennial.build import BuildError, read_variables, run_build
from perennial.check import CheckError, check_folder, format_check
from perennial.contract import ContractError
from perennial.demo import DEFAULT_SEED, write_demo
from perennial.engines import EngineError, commands_of, find_other_engine
from perennial.export import (
    ExportError,
    export_mart,
    export_mart_to_file,
    text_stream,
)
from perennial.failures import Commands
from perennial.headlines import HeadlinesError, format_headlines, read_headlines
from perennial.kept import KeptError, format_kept, list_kept, roll_back
from perennial.lock import LockError, locked
from perennial.page_folder import PageFolderError
from perennial.places import Places, PlacesError, find_places
from perennial.publish import publish_build
from perennial.publishing import PublishError, again_when_you_like, public_tables
from perennial.stops import StopError, stoppable
from perennial.warehouse import WarehouseError

DEMO_FOLDER = Path("data/demo")
# Where somebody looks who has just built.
NEXT = "Next: make dashboards, or the questions in README.md"
DASHBOARDS_FOLDER = Path("site/dashboards")
DEFAULT_PORT = 8710
DOCS_FOLDER = Path("site/docs")
# What building, publishing and reading say in words of their own.
EXPECTED = (
    BuildError,
    ContractError,
    EngineError,
    ExportError,
    HeadlinesError,
    KeptError,
    LockError,
    PageFolderError,
    PlacesError,
    PublishError,
    StopError,
    WarehouseError,
)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="perennial")
def main() -> None:
    """What the dbt project perennial needs and SQL can't do.

    The marts themselves are built by dbt; perennial build runs it. The exit
    code is 0 when done, 1 after a failure, 2 for a wrong call, 130 when stopped
    by Ctrl-C.

    \b
    Example:
      perennial build
      perennial headlines
    """


def accept_options(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command overrule audits; what it overrules is one value."""
    options = (
        click.option(
            "--accept-shrink",
            is_flag=True,
            help="An input may have lost rows, or all of them.",
        ),
        click.option(
            "--accept-as-of",
            is_flag=True,
            help="The build may be as of an earlier day, or begun earlier.",
        ),
        click.option(
            "--accept-restatement",
            metavar="REASON",
            help="Closed months may change; the reason is kept with them.",
        ),
        click.option(
            "--accept-lost-history",
            is_flag=True,
            help="The history file may be another one than before.",
        ),
        click.option(
            "--accept-input",
            is_flag=True,
            help="The build may be of another input.",
        ),
    )

    @functools.wraps(command)
    def with_accepted(**given: Any) -> None:
        names = ("shrink", "as_of", "restatement", "lost_history", "input")
        accepted = Accepted(**{name: given.pop(f"accept_{name}") for name in names})
        if accepted.restatement is not None and not accepted.restatement.strip():
            raise click.BadParameter(
                "give the reason in words", param_hint="--accept-restatement"
            )
        command(accepted=accepted, **given)

    for option in reversed(options):
        with_accepted = option(with_accepted)
    return with_accepted


def say(text: str, is_error: bool = False) -> None:
    """Print what is done; that nobody reads it any more does not undo it."""
    try:
        click.echo(text, err=is_error)
    except OSError:
        # What is still in the buffer would fail again at the end.
        stream = sys.stderr if is_error else sys.stdout
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def show_headlines(places: Places) -> None:
    """Print the headlines of what is published."""
    click.echo(format_headlines(read_headlines(places.published)))


def show_headlines_of_published(places: Places) -> None:
    """Print them after a publish, which is done whether they can be read or not."""
    try:
        say(format_headlines(read_headlines(places.published)))
    except EXPECTED as error:
        say(f"warning: published, but there are no headlines: {error}", is_error=True)


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


@main.command(short_help="Tell what FOLDER holds of the input tables, before a build.")
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
@click.option(
    "--input",
    "input_folder",
    metavar="FOLDER",
    help="Folder of your own files; without it, what --vars says, else the demo.",
)
@click.option("--as-of", metavar="DAY", help="Day like 2025-12-31 to be seen from.")
@click.option("--vars", "variables", help="Variables of the build, as dbt takes them.")
@click.option("--target", help="Target of the profile; without it, its default.")
@accept_options
def build(
    input_folder: str | None,
    as_of: str | None,
    variables: str | None,
    target: str | None,
    accepted: Accepted,
) -> None:
    """Build the marts, publish them and print the headlines.

    dbt builds into the work file. Only a build without any error, that passes
    the audits, takes the place of the published file, in one step: readers
    never see a part of it. Until then, and after a failure, they see the last
    one. A second build at the same time is refused.

    On PostgreSQL and Spark it reads what perennial load has brought, or a source
    has, fits predicted value first, and publishes into the schema marts.

    \b
    Example:
      perennial build --input my_shop --as-of 2025-12-31
    """
    began = time.monotonic()
    try:
        if other := find_other_engine(target):
            if input_folder:
                raise BuildError(
                    f"{other.engine} reads no files: load the folder with perennial "
                    "load, and name the schema with --vars '{input_schema: raw}'"
                )
            given = read_variables(variables, None, as_of)
            commands_of(other).publish(other, accepted, say, given)
            say(f"\nDone in {time.monotonic() - began:.0f} s.")
            return
        places = find_places()
        tables = public_tables(Path())
        given = read_variables(variables, input_folder, as_of)
        with locked(places):
            with stoppable(again_when_you_like(given)) as stop:
                since = run_build(places, given, target, say)
                publish_build(
                    *(places, tables, accepted, say), since, before_replace=stop.close
                )
            show_headlines_of_published(places)
            say(f"\nDone in {time.monotonic() - began:.0f} s. {NEXT}")
    except EXPECTED as error:
        raise click.ClickException(str(error)) from error


@main.command(short_help="Publish what dbt left in the work file, with headlines.")
@click.option("--target", help="Target of the profile; without it, its default.")
@accept_options
def publish(target: str | None, accepted: Accepted) -> None:
    """Publish what dbt build left in the work file, and print the headlines.

    The last step of perennial build, for who runs dbt by hand. It stops when
    the build is not whole, and when an audit finds that an input shrank, the
    as-of date moved back, closed months changed, the history was lost or the
    input is another one; the options overrule an audit, and build_info of the
    published file tells of it.

    On PostgreSQL the marts are copied into the schema marts, in one transaction,
    and the role bi_reader may read them. PERENNIAL_PUBLIC_SCHEMA and
    PERENNIAL_POSTGRES_READER name others. On Spark nothing is copied: a tag
    keeps the snapshot of each mart, and marts.published_builds names the build.

    \b
    Example:
      dbt build
      perennial publish
    """
    try:
        if other := find_other_engine(target):
            commands_of(other).publish(other, accepted, say)
            return
        places = find_places()
        tables = public_tables(Path())
        with locked(places):
            with stoppable(again_when_you_like(None)) as stop:
                publish_build(places, tables, accepted, say, before_replace=stop.close)
            show_headlines_of_published(places)
    except EXPECTED as error:
        raise click.ClickException(str(error)) from error


@main.command(short_help="Publish a kept build again.")
@click.argument("build_name", metavar="[BUILD]", required=False)
@click.option(
    "--list", "is_list", is_flag=True, help="Show the builds and change none."
)
@click.option("--target", help="Target of the profile; without it, its default.")
def rollback(build_name: str | None, is_list: bool, target: str | None) -> None:
    """Publish a kept build again: BUILD, or the one before the present.

    BUILD is the start of a build id. The present file is kept too, so that the
    way forward is the same command with its id. Work file and history stay as
    they are: the next perennial build publishes the newest state again.

    \b
    Example:
      perennial rollback --list
      perennial rollback 5454b732
    """
    try:
        if other := find_other_engine(target):
            commands = commands_of(other)
            if is_list:
                click.echo(format_kept(commands.list_kept(other)))
            else:
                published, warnings = commands.roll_back(other, build_name)
                say(f"published: {published}")
                for warning in warnings:
                    say(f"warning: published, but {warning}", is_error=True)
            return
        places = find_places()
        if is_list:
            click.echo(format_kept(list_kept(places)))
            return
        with locked(places):
            chosen = roll_back(
                places, build_name, functools.partial(say, is_error=True)
            )
            say(f"published: {chosen.build.build_id[:8]} in {places.shown}")
            show_headlines_of_published(places)
    except EXPECTED as error:
        raise click.ClickException(str(error)) from error


@main.command(short_help="Print MRR, ARR, customers, churn and CLV as published.")
def headlines() -> None:
    """Print MRR, ARR, active customers, churn and CLV of what is published.

    Reads the published file: warehouse/published.duckdb, or the file that the
    environment variable PERENNIAL_PUBLISHED_FILE names.

    \b
    Example:
      perennial build
      perennial headlines
    """
    try:
        show_headlines(find_places())
    except EXPECTED as error:
        raise click.ClickException(str(error)) from error


@main.command(short_help="Write a public table as CSV, safe for spreadsheets.")
@click.argument("mart")
@click.option(
    "--output",
    type=click.Path(path_type=Path, allow_dash=True),
    default=Path("-"),
    help="File to write to; without it, or with -, standard output.",
)
def export(mart: str, output: Path) -> None:
    """Write MART of the published file as CSV, safe to open in a spreadsheet.

    UTF-8 with a header; dates are ISO, an empty cell is null. A text that a
    spreadsheet would take for a formula gets a leading apostrophe. The file is
    there in full or not at all.

    \b
    Example:
      perennial export dim_customers --output customers.csv
    """
    try:
        published = find_places().published
        if str(output) != "-":
            count = export_mart_to_file(published, mart, output)
            click.echo(f"{output}  {count} rows")
            return
        with text_stream(click.get_binary_stream("stdout")) as stream:
            export_mart(published, mart, stream)
    except EXPECTED as error:
        raise click.ClickException(str(error)) from error
    except BrokenPipeError:
        # Whoever read it has enough, like head; click ends quietly.
        raise
    except OSError as error:
        raise click.ClickException(
            f"cannot write to standard output: {error.strerror}"
        ) from error


@main.command(short_help="Tell what changed in public numbers since a commit.")
@click.argument("base")
@click.option(
    "--head",
    metavar="REF",
    help="The commit to look at; without it, the working tree as it is.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write to; without it, standard output.",
)
def diff(base: str, head: str | None, output: Path | None) -> None:
    """Tell what changed in public numbers and columns since the commit BASE.

    Both states are built on the demo, in a temporary folder that is removed at
    the end; your files, warehouse and history are not touched. The answer is
    Markdown, fit for a pull request. The exit code is 0 whether or not numbers
    differ: that they do is often the purpose.

    \b
    Example:
      perennial diff main
      perennial diff v0.1.0 --head main --output changes.md
    """
    # Here, because no other command needs it.
    from perennial.diff.review import review_change
    from perennial.diff.states import DiffError

    words = "nothing was compared, and what was built is removed"
    try:
        with stoppable(words):
            page = review_change(
                Path.cwd(), base, head, functools.partial(say, is_error=True)
            )
        if output is None:
            say(page.rstrip("\n"))
        else:
            output.write_text(page, encoding="utf-8")
            say(f"written: {output}", is_error=True)
    except (DiffError, *EXPECTED) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(
            f"cannot write {error.filename or output}: {error.strerror}"
        ) from error


@main.command(short_help="Draw the dashboards of what is published, for the disk.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=DASHBOARDS_FOLDER,
    show_default=True,
    help="Folder of the site; what an earlier run wrote there is replaced.",
)
def dashboards(output: Path) -> None:
    """Draw the dashboards of what is published: a folder that opens from disk.

    Start with index.html. The folder needs no server and no network; copy it to
    wherever people look. It is replaced only when every page is drawn.

    \b
    Example:
      perennial build
      perennial dashboards
    """
    # Here, because the parts that it needs are optional.
    from perennial.dashboards import DashboardsError, build_site

    try:
        with stoppable("the dashboards are as they were"):
            site = build_site(find_places().published, output)
    except (DashboardsError, *EXPECTED) as error:
        raise click.ClickException(str(error)) from error
    for warning in site.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(
        f"{output / 'index.html'}  {site.pages} pages of {site.boards} boards, "
        f"{site.size / 1e6:.1f} MB, {site.seconds:.1f} s"
    )


@main.command(short_help="Serve the dashboards on this machine, with live filters.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port on this machine; where it is taken, the next free one.",
)
def serve(port: int) -> None:
    """Serve the dashboards on this machine, with filters that ask the file.

    Every page shows what is published at that moment, without a restart. Only
    this machine can open it. Ctrl+C ends it.

    \b
    Example:
      perennial serve --port 8800
    """
    # Here, because the parts that it needs are optional.
    from perennial.dashboards import DashboardsError, serve_boards

    try:
        raise SystemExit(serve_boards(find_places().published, port))
    except (DashboardsError, *EXPECTED) as error:
        raise click.ClickException(str(error)) from error


@main.command(short_help="Write one folder of docs that opens from disk.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=DOCS_FOLDER,
    show_default=True,
    help="Folder to write to; docs that are there are replaced.",
)
@click.option("--vars", "variables", help="Variables of the build, as dbt takes them.")
def docs(output: Path, variables: str | None) -> None:
    """Write one folder of docs, which opens from disk without any network.

    Tables with keys and relations, dbt docs, lineage by column, metrics, the
    last backtest, decisions and guides, behind one start page. As-of date,
    build and backtest are those of the published file; of the work file only
    the shapes of the tables are read. Folder and files are replaced together,
    when all of them are written.

    \b
    Example:
      perennial build
      perennial docs
    """
    # Here, because the parts that it needs are optional.
    from perennial.docs_site import DocsError, build_docs

    try:
        with stoppable("the docs are as they were"):
            sizes = build_docs(find_places(), output, variables, say)
    except (DocsError, *EXPECTED) as error:
        raise click.ClickException(str(error)) from error
    megabytes = sum(sizes.values()) / 1_000_000
    say(f"{output / 'index.html'}  {len(sizes)} files, {megabytes:.1f} MB")


@main.command(short_help="Write the customer-value reports, and mail them if asked.")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("site/reports"),
    show_default=True,
    help="Folder to write to: a folder in it for each report.",
)
@click.option("--send", "is_sent", is_flag=True, help="Mail it to its recipients too.")
def report(names: tuple[str, ...], output: Path, is_sent: bool) -> None:
    """Write the customer-value report NAME, or all of reports/, as a mail.

    A report is a small YAML in reports/: its sections, filters and recipients.
    Written are the mail (.eml) and what is in it: .html, .txt and .pdf, one
    page. Every number is from the published file.

    With --send it is handed to the mail server that the environment names:
    PERENNIAL_SMTP_HOST, _PORT, _TLS (starttls, tls or none), _USER, _PASSWORD,
    and PERENNIAL_REPORT_FROM. A report that fails does not stop the others; the
    exit code is 1 then.

    \b
    Example:
      perennial report
      perennial report customer_value --send
    """
    # Here, because no other command needs what it loads.
    from perennial.report.problem import ReportError
    from perennial.report.run import run_reports

    try:
        failures = run_reports(find_places(), names, output, is_sent, say)
    except (*EXPECTED, ReportError) as error:
        raise click.ClickException(str(error)) from error
    for failure in failures:
        say(f"Error: {failure}", is_error=True)
    if failures:
        raise SystemExit(1)


@main.command(short_help="Load FOLDER into PostgreSQL or Spark, as text.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--target", required=True, help="Target of the profile, like postgres.")
@click.option(
    "--schema",
    default="raw",
    show_default=True,
    help="Schema of the tables; made if it is not there.",
)
@click.option("--vars", "variables", help="Variables of the build, as dbt takes them.")
@click.option(
    "--staging-folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="For Spark: a folder that all workers see under this path.",
)
def load(
    folder: Path,
    target: str,
    schema: str,
    variables: str | None,
    staging_folder: Path | None,
) -> None:
    """Load the files of FOLDER into tables that dbt build reads on the target.

    The files are read as every build reads them, and refused for the same
    reasons. What is in them stays text; each row brings its file and line, and
    so does each line that cannot be split: rejected rows are the same on every
    engine. Columns are mapped here (input_columns); the build that follows may
    be given the same variables.

    The tables of the schema are replaced, and those that FOLDER does not have
    are dropped. Nothing that was not loaded is touched.

    \b
    Example:
      perennial load my_shop --target postgres
      dbt build --target postgres --vars '{input_schema: raw}'
    """
    # Here, because no other command needs what it loads.
    from perennial.engines import EngineError
    from perennial.loading import LoadError, load_folder

    began = time.monotonic()
    try:
        given = read_variables(variables, None, None)
        words = "nothing was loaded. Load again when you like"
        with stoppable(words) as stop:
            loaded = load_folder(
                *(folder.expanduser(), target, schema, given, staging_folder, say),
                before_commit=stop.close,
            )
    except (EngineError, LoadError, *EXPECTED) as error:
        raise click.ClickException(str(error)) from error
    for table in loaded:
        say(f"  {table.name:<24}{table.in_words}")
    seconds = time.monotonic() - began
    options = f"--target {target} --vars '{{input_schema: {schema}}}'"
    say(
        f"\nLoaded into the schema {schema} in {seconds:.0f} s. Next:\n"
        f"  perennial fit {options}\n"
        f"  dbt build {options}"
    )


@main.command(short_help="Fit predicted value where the engine runs no Python.")
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
