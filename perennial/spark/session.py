"""Sessions of Spark as the profile describes them, each error in words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from perennial.engines import EngineError, Target

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@contextmanager
def session_of(target: Target) -> Iterator["SparkSession"]:
    """A session with the settings that dbt's own has.

    Raises:
        EngineError: Spark is not installed, or does not start.
    """
    if target.credentials.method != "session":
        raise EngineError(
            f"the target {target.name} reaches Spark by {target.credentials.method}; "
            "perennial needs one with method: session"
        )
    try:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise EngineError(
            "pyspark is not installed; run make setup-spark, or pip install "
            "perennial[spark]"
        ) from error
    builder = SparkSession.builder.appName("perennial").enableHiveSupport()
    builder = builder.config("spark.ui.showConsoleProgress", "false")
    for name, value in target.credentials.server_side_parameters.items():
        builder = builder.config(name, value)
    try:
        spark = builder.getOrCreate()
    except (PySparkException, Py4JError, OSError) as error:
        raise EngineError(
            f"Spark does not start: {said(error)}; its settings are in "
            "spark-defaults.conf, in the folder that SPARK_CONF_DIR names"
        ) from error
    # Other processes change tables while this one runs; the catalog is asked anew.
    catalog = spark.conf.get("spark.sql.defaultCatalog", "spark_catalog")
    spark.conf.set(f"spark.sql.catalog.{catalog}.cache-enabled", "false")
    try:
        yield spark
    except (PySparkException, Py4JError) as error:
        raise EngineError(f"Spark says: {said(error)}") from error
    finally:
        spark.stop()


def stop_session() -> None:
    """Stop the session that something else has begun in this process."""
    try:
        from pyspark import SparkContext
    except ImportError:
        return
    # Spark tells of sessions of this thread only, and dbt has threads of its own.
    if context := SparkContext._active_spark_context:
        context.stop()


def said(error: Any) -> str:
    """The cause, without the trace of Java."""
    cause = getattr(error, "java_exception", None)
    text = str(cause.getMessage() if cause else error)
    return (text.strip().splitlines() or ["no cause given"])[0]
