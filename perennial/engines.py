"""The targets of dbt's profile: which engine each names, and how to reach it.

The profile is read by dbt itself, so that files, variables and secrets are
found where `dbt build` finds them.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

# A password that dbt cannot render it takes as it is written.
UNSET_PASSWORD = re.compile(r"\{\{ *env_var\('(\w+)'\) *\}\}")


class EngineError(Exception):
    """Why an engine cannot be worked with, in one line that says what to do."""


@dataclass(frozen=True)
class Target:
    """One target of the profile."""

    name: str
    # duckdb, postgres, spark, or another adapter's word.
    engine: str
    # Before the names of the schemas that dbt builds in; see generate_schema_name.
    schema: str
    # The fields of dbt's adapter: host, port, user, password and the like.
    credentials: Any = field(repr=False)

    def schema_of(self, folder: str) -> str:
        """The schema in which dbt builds a folder of models, like marts."""
        return folder if self.engine == "duckdb" else f"{self.schema}_{folder}"


def read_target(name: str | None, variables: dict[str, object] | None = None) -> Target:
    """The target that dbt would take.

    Args:
        name: of the target; without it, the default of the profile.
        variables: of the build, for a profile that asks for some.

    Raises:
        EngineError: there is no such profile or target, what it needs is not
            given, or its adapter is not installed.
    """
    # Here, because dbt takes a second to load.
    from dbt.cli.flags import Flags
    from dbt.cli.types import Command
    from dbt.config.runtime import load_profile
    from dbt.flags import set_flags
    from dbt_common.context import set_invocation_context
    from dbt_common.exceptions import DbtBaseException

    shown = f"target {name}" if name else "default target"
    failed = f"the {shown} of dbt's profile cannot be used"
    try:
        set_invocation_context(os.environ)
        flags = Flags.from_dict(Command.DEBUG, {"target": name} if name else {})
        set_flags(flags)
        profile = load_profile(str(Path.cwd()), variables or {}, None, flags.TARGET)
    except DbtBaseException as error:
        raise EngineError(f"{failed}: {_in_words(error)}") from error
    except ImportError as error:
        raise EngineError(
            f"{failed}: {error}; run make setup-postgres or make setup-spark"
        ) from error
    password = str(getattr(profile.credentials, "password", ""))
    if variable := UNSET_PASSWORD.fullmatch(password):
        raise EngineError(
            f"{failed}: the environment variable {variable[1]} is not set; it may be "
            "empty where none is asked for"
        )
    return Target(
        profile.target_name,
        profile.credentials.type,
        profile.credentials.schema,
        profile.credentials,
    )


def find_other_engine(name: str | None) -> Target | None:
    """The target, unless it is DuckDB's: that needs no server and no profile.

    Args:
        name: of the target; without it, the default of the profile.

    Raises:
        EngineError: a target that was named, or is the default, cannot be used.
    """
    outputs, default = _read_outputs()
    kind = outputs.get(name or default)
    if kind == "duckdb" or (name is None and kind is None and "{{" not in default):
        return None
    target = read_target(name)
    return None if target.engine == "duckdb" else target


def commands_of(target: Target) -> Any:
    """The module with what the commands do on the target's engine.

    Raises:
        EngineError: nothing can be published on it.
    """
    # Here, because the client that each needs is optional.
    if target.engine == "postgres":
        from perennial.postgres import commands as postgres_commands

        return postgres_commands
    if target.engine == "spark":
        from perennial.spark import commands as spark_commands

        return spark_commands
    raise EngineError(
        f"the target {target.name} is of {target.engine}; DuckDB, PostgreSQL and Spark "
        "can be published on"
    )


def _read_outputs() -> tuple[dict[str, str], str]:
    """The engine of each target and the default, as written: dbt is slow to load."""
    folder = Path(os.environ.get("DBT_PROFILES_DIR") or Path.cwd())
    if not (folder / "profiles.yml").is_file():
        folder = Path.home() / ".dbt"
    profile_name = _read_yaml(Path("dbt_project.yml")).get("profile")
    profile = _read_yaml(folder / "profiles.yml").get(profile_name)
    if not isinstance(profile, Mapping):
        return {}, ""
    outputs = profile.get("outputs")
    kinds = {
        str(name): str(output.get("type"))
        for name, output in (outputs if isinstance(outputs, Mapping) else {}).items()
        if isinstance(output, Mapping)
    }
    return kinds, str(profile.get("target") or "default")


def _read_yaml(path: Path) -> Mapping[str, Any]:
    """A mapping, empty where the file says none: dbt says what is wrong with it."""
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return read if isinstance(read, Mapping) else {}


def _in_words(error: Exception) -> str:
    """What dbt says, in one line."""
    said = " ".join(str(error).split())
    if variable := re.search(r"Env var required but not provided: '(\w+)'", said):
        return f"the environment variable {variable[1]} is not set"
    if adapter := re.search(r"Could not find adapter type (\w+)", said):
        return (
            f"dbt-{adapter[1]} is not installed; run make setup-{adapter[1]}, or "
            f"pip install perennial[{adapter[1]}]"
        )
    return re.sub(r"^((Runtime|Compilation) Error )+", "", said)
