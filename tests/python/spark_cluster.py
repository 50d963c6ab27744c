"""A Spark cluster of one machine: a master, two workers, Iceberg tables.

Everything listens on loopback and writes below one folder; the processes end
with the context, also after a failure. The catalog of the tables is in a
PostgreSQL, as it is where several clusters share one.

Run as a command it stays until it is interrupted:

    python tests/python/spark_cluster.py
"""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import postgres_cluster

WORKERS = 2
JDBC_DRIVER = Path("/usr/share/java/postgresql.jar")
CATALOG = "perennial"
PATIENCE_SECONDS = 60
# Java that starts and compiles quickly, and is not made to last. What it compiles
# has less room then, which a whole build fills: it gets as much as otherwise.
QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=240m"
# A handful of rows: one piece for each core, no second thoughts about a plan, and
# nothing compiled that takes longer than what it does.
FOR_FEW_ROWS = {
    "spark.driver.memory": "1g",
    "spark.executor.memory": "1g",
    "spark.default.parallelism": str(WORKERS),
    "spark.sql.shuffle.partitions": str(WORKERS),
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.driver.extraJavaOptions": QUICK_JAVA,
    "spark.executor.extraJavaOptions": QUICK_JAVA,
}


class SparkError(Exception):
    """Why there is no cluster, in words that say what to do."""


@dataclass(frozen=True)
class SparkCluster:
    """A running cluster, and what a program needs to find it."""

    folder: Path
    master: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which Spark, and so dbt, finds the cluster."""
        return {
            "SPARK_CONF_DIR": str(self.folder / "conf"),
            "SPARK_LOCAL_IP": "127.0.0.1",
            # Python of the machine may be another one than that of the tests.
            "PYSPARK_PYTHON": sys.executable,
        }

    @property
    def event_logs(self) -> Path:
        """Where Spark writes down what each application did."""
        return self.folder / "events"


@contextmanager
def started(
    folder: Path,
    postgres: Mapping[str, str],
    settings: Mapping[str, str] = FOR_FEW_ROWS,
    worker_memory: str = "1536m",
) -> Iterator[SparkCluster]:
    """Start a master and its workers.

    Args:
        folder: takes settings, logs and the tables; everyone may read it.
        postgres: the PERENNIAL_POSTGRES_ variables of the catalog's database.
        settings: of Spark, for the size of the data.
        worker_memory: what each of the workers may give away.
    """
    jars = [_iceberg_jar(), _jdbc_driver()]
    for name in ("conf", "events", "warehouse", "local"):
        (folder / name).mkdir(parents=True)
    port, page_port = _free_port(), _free_port()
    cluster = SparkCluster(folder, f"spark://127.0.0.1:{port}")
    _write_settings(cluster, jars, postgres, settings)
    with ExitStack() as running:
        address = ("--host", "127.0.0.1")
        running.enter_context(
            _process(
                cluster,
                "master",
                *("org.apache.spark.deploy.master.Master", *address),
                *("--port", str(port), "--webui-port", str(page_port)),
            )
        )
        _wait_for_workers(page_port, 0)
        for number in range(WORKERS):
            running.enter_context(
                _process(
                    cluster,
                    f"worker-{number}",
                    *("org.apache.spark.deploy.worker.Worker", *address),
                    *("--cores", "1", "--memory", worker_memory, "--webui-port", "0"),
                    *("--work-dir", str(folder / f"worker-{number}")),
                    cluster.master,
                )
            )
        _wait_for_workers(page_port, WORKERS)
        yield cluster


def _write_settings(
    cluster: SparkCluster,
    jars: list[Path],
    postgres: Mapping[str, str],
    settings: Mapping[str, str],
) -> None:
    """Write the file in which a user names cluster and catalog, too."""
    database = "/".join(
        (
            f"{postgres['PERENNIAL_POSTGRES_HOST']}"
            f":{postgres['PERENNIAL_POSTGRES_PORT']}",
            postgres["PERENNIAL_POSTGRES_DATABASE"],
        )
    )
    catalog = f"spark.sql.catalog.{CATALOG}"
    paths = ":".join(map(str, jars))
    all_settings = {
        "spark.master": cluster.master,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": cluster.folder / "local",
        "spark.ui.enabled": "false",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": cluster.event_logs.as_uri(),
        "spark.driver.extraClassPath": paths,
        "spark.executor.extraClassPath": paths,
        "spark.sql.extensions": (
            "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
        ),
        "spark.sql.defaultCatalog": CATALOG,
        catalog: "org.apache.iceberg.spark.SparkCatalog",
        f"{catalog}.type": "jdbc",
        f"{catalog}.uri": f"jdbc:postgresql://{database}",
        f"{catalog}.jdbc.user": postgres["PERENNIAL_POSTGRES_USER"],
        f"{catalog}.jdbc.password": postgres["PERENNIAL_POSTGRES_PASSWORD"],
        # The older schema of the catalog's own tables knows no views.
        f"{catalog}.jdbc.schema-version": "V1",
        f"{catalog}.warehouse": (cluster.folder / "warehouse").as_uri(),
        **settings,
    }
    lines = [f"{name} {value}\n" for name, value in all_settings.items()]
    conf = cluster.folder / "conf"
    (conf / "spark-defaults.conf").write_text("".join(lines))
    (conf / "log4j2.properties").write_text(
        "rootLogger.level = error\n"
        "rootLogger.appenderRef.stderr.ref = stderr\n"
        "appender.stderr.type = Console\n"
        "appender.stderr.name = stderr\n"
        "appender.stderr.target = SYSTEM_ERR\n"
        "appender.stderr.layout.type = PatternLayout\n"
        "appender.stderr.layout.pattern = %d %p %c: %m%n\n"
    )


@contextmanager
def _process(cluster: SparkCluster, name: str, *command: str) -> Iterator[None]:
    """One daemon of the cluster, in a group with the executors it starts."""
    with (cluster.folder / f"{name}.log").open("w") as log:
        process = subprocess.Popen(
            [_spark_home() / "bin/spark-class", *command],
            env={
                **os.environ,
                **cluster.environment,
                "SPARK_DAEMON_MEMORY": "256m",
                "SPARK_DAEMON_JAVA_OPTS": QUICK_JAVA,
            },
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask a daemon and what it started to end; who does not is killed."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
            process.wait(timeout=10)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def _wait_for_workers(page_port: int, count: int) -> None:
    """Wait until the master answers and knows so many workers."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        page = http.client.HTTPConnection("127.0.0.1", page_port, timeout=5)
        try:
            page.request("GET", "/json/")
            if json.load(page.getresponse())["aliveworkers"] >= count:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            page.close()
        time.sleep(0.2)
    raise SparkError(f"no Spark master with {count} workers on port {page_port}")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _spark_home() -> Path:
    if not shutil.which("java"):
        raise SparkError(
            "no Java found, on which Spark runs; install it: "
            "apt-get install openjdk-17-jre-headless"
        )
    return _package("pyspark")


def _iceberg_jar() -> Path:
    jars = _package("snowpark_connect_deps_iceberg") / "jars"
    (jar,) = jars.glob("iceberg-spark-runtime-3.5_2.12-*.jar")
    return jar


def _package(name: str) -> Path:
    """The folder of an installed package, without importing it."""
    found = importlib.util.find_spec(name)
    if not found or not found.submodule_search_locations:
        raise SparkError(f"no package {name} found; install it: make setup-spark")
    return Path(found.submodule_search_locations[0])


def _jdbc_driver() -> Path:
    if not JDBC_DRIVER.exists():
        raise SparkError(
            f"no {JDBC_DRIVER} found, by which the catalog reaches PostgreSQL; "
            "install it: apt-get install libpostgresql-jdbc-java"
        )
    return JDBC_DRIVER


def main() -> None:
    """Run a cluster until it is interrupted, and print its environment."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with (
        contextlib.suppress(KeyboardInterrupt),
        postgres_cluster.running() as postgres,
        tempfile.TemporaryDirectory(prefix="perennial_spark_") as folder,
        started(Path(folder) / "spark", postgres.environment) as cluster,
    ):
        for name, value in cluster.environment.items():
            print(f"export {name}={shlex.quote(value)}", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
