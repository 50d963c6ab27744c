"""What a dbt build costs, step by step: CPU seconds of a process of its own.

One node at a time, so that what the process spends from the end of a node to the
end of the next one is the next one's.
"""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from speed_build import places


@dataclass
class Costs:
    """CPU seconds of a run, all threads."""

    # Python and the imports of dbt.
    imports: float = 0.0
    # Until the first node: reading the project, and the hooks before it.
    start: float = 0.0
    # Name of a node -> its kind and what it cost.
    nodes: dict[str, tuple[str, float]] = field(default_factory=dict)
    # Of the nodes and hooks: within DuckDB.
    duckdb: float = 0.0
    # After the last node: hooks, and the files that tell of the run.
    end: float = 0.0

    @property
    def total(self) -> float:
        """The whole process."""
        spent = sum(cost for _, cost in self.nodes.values())
        return self.imports + self.start + spent + self.end

    def of(self, name: str) -> float:
        """What a node cost."""
        return self.nodes[name][1]


def _costs_here(arguments: Sequence[str]) -> Costs:
    """Run dbt in this process."""
    from dbt.adapters.duckdb.environments.local import DuckDBCursorWrapper
    from dbt.cli.main import dbtRunner

    costs = Costs(imports=time.process_time())
    started: set[str] = set()
    last = costs.imports

    def see(event: Any) -> None:
        nonlocal last
        if event.info.name not in ("NodeStart", "NodeFinished"):
            return
        node, now = event.data.node_info, time.process_time()
        if event.info.name == "NodeStart":
            if not started:
                costs.start, last = now - last, now
            started.add(node.unique_id)
        elif node.unique_id in started:
            costs.nodes[node.node_name] = (node.resource_type, now - last)
            last = now

    execute = DuckDBCursorWrapper.execute

    def timed(self: Any, *given: Any) -> Any:
        before = time.process_time()
        try:
            return execute(self, *given)
        finally:
            costs.duckdb += time.process_time() - before

    DuckDBCursorWrapper.execute = timed
    result = dbtRunner(callbacks=[see]).invoke(
        ["--quiet", *arguments, "--threads", "1"]
    )
    assert result.success, result.exception
    costs.end = time.process_time() - last
    return costs


def costs_of(arguments: Sequence[str], scratch: Path) -> Costs:
    """Run dbt in a new process, which writes below `scratch` only.

    Args:
        arguments: of dbt, such as ["build"].
        scratch: the folder of its files.
    """
    os.environ.update(places(scratch))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_costs_here, arguments).result()
