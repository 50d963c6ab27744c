"""What contenders start from: typed tables as Parquet, and the compiled models.

Run as a script, it takes both out of a build's work file and target folder,
so that the process that measures stays small.
"""

import argparse
import json
import shutil
from pathlib import Path

import duckdb
from speed_questions import QUESTIONS

RELATIONS = "relations.json"


def typed(folder: Path, table: str) -> Path:
    """The Parquet file of a typed table, which all contenders read."""
    return folder / "typed" / f"{table}.parquet"


def answer_of(folder: Path, question: str) -> Path:
    """The Parquet file of the checked answer, which the floor writes again."""
    return folder / "answers" / f"{question}.parquet"


def model_sql(folder: Path, model: str) -> str:
    """The SQL of a model as dbt compiled it."""
    return (folder / "models" / f"{model}.sql").read_text(encoding="utf-8")


def relations(folder: Path) -> dict[str, str]:
    """Model -> how the compiled SQL names its table in `work`."""
    return json.loads((folder / RELATIONS).read_text(encoding="utf-8"))


def take_out(work_file: Path, target: Path, folder: Path) -> None:
    """Copy what the questions need from a build into a folder.

    Args:
        work_file: work.duckdb of a build; compiled SQL names it `work`.
        target: dbt's target folder of the same build.
        folder: where typed tables and models are put.
    """
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    nodes = {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    inputs = sorted({name for one in QUESTIONS.values() for name in one.inputs})
    models = sorted({name for one in QUESTIONS.values() for name in one.models})
    for name in ("typed", "models", "answers"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(work_file), read_only=True) as connection:
        for name in inputs:
            relation = nodes[name]["relation_name"]
            connection.execute(f"copy {relation} to '{typed(folder, name)}'")
    for name in models:
        path = nodes[name]["original_file_path"]
        compiled = target / "compiled/perennial" / path
        shutil.copy(compiled, folder / "models" / f"{name}.sql")
    names = {name: nodes[name]["relation_name"] for name in {*inputs, *models}}
    (folder / RELATIONS).write_text(json.dumps(names), encoding="utf-8")


def main() -> None:
    """Read the command line and copy."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("build", type=Path, help="folder of work.duckdb and target")
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    build = arguments.build
    take_out(build / "work.duckdb", build / "target", arguments.folder)


if __name__ == "__main__":
    main()
