"""MetricFlow in this process: what a metric is, as SQL, without its command line."""

from __future__ import annotations

from pathlib import Path

from metricflow.engine.metricflow_engine import (
    MetricFlowEngine,
    MetricFlowQueryRequest,
)
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantics.model.dbt_manifest_parser import (
    parse_manifest_from_dbt_generated_manifest,
)
from metricflow_semantics.model.semantic_manifest_lookup import (
    SemanticManifestLookup,
)


class SqlOnly:
    """Stands in for a database where nothing is asked, only written."""

    sql_engine_type = SqlEngine.DUCKDB
    sql_plan_renderer = DuckDbSqlPlanRenderer()


class SemanticLayer:
    """The metrics of one `semantic_manifest.json`."""

    def __init__(self, manifest: Path) -> None:
        text = manifest.read_text(encoding="utf-8")
        parsed = parse_manifest_from_dbt_generated_manifest(text)
        self._engine = MetricFlowEngine(SemanticManifestLookup(parsed), SqlOnly())

    def sql(self, metric: str, group_by: tuple[str, ...]) -> str:
        """The query of `mf query --metrics metric --group-by ...`."""
        request = MetricFlowQueryRequest.create(
            metric_names=[metric], group_by_names=group_by
        )
        return self._engine.explain(request).sql_statement.sql
