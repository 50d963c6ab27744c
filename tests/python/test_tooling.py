"""The tooling keeps its promises: pins, installation, targets."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests import mutations

ROOT = Path(__file__).parents[2]
# Each file of pins, and the extras of pyproject.toml that it is for.
EXTRAS = {
    "requirements.txt": (),
    "requirements-bi.txt": ("bi",),
    "requirements-postgres.txt": ("postgres",),
    "requirements-spark.txt": ("spark",),
    "requirements-dev.txt": ("bench", "bi", "dev", "postgres", "spark"),
}
REQUIREMENTS = tuple(EXTRAS)
TARGETS = (
    *("build", "test", "check", "dashboards", "diff", "docs", "lint", "format"),
    *("demo", "lock", "clean", "help", "licences", "mutations", "report", "serve"),
    *("setup", "setup-bi", "setup-postgres", "setup-spark", "setup-dev"),
    *("bench", "test-postgres", "test-spark", "torture"),
)

# Written in two halves, so that this file does not hold what it looks for.
INDEX_ADDRESS = re.compile(
    "|".join(
        (
            r"https?://\S+/" + r"simple\b",
            "pypi" + r"\.org",
            "python" + "hosted",
            "npm" + r"js\.org",
        )
    )
)

# Stands for python3 and, once "installed", for .venv/bin/python.
FAKE_PYTHON = """#!/bin/sh
echo "$*" >> "$LOG"
case "$*" in
    "-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *runs*) echo runs ;;
esac
"""


def read_pins(file_name):
    """Map each pinned name to its requirement lines: a pin may differ by platform."""
    pins, joined = {}, (ROOT / file_name).read_text().replace("\\\n", " ")
    for line in filter(None, map(str.strip, joined.splitlines())):
        requirement = Requirement(line.split(" --hash=")[0])
        pins.setdefault(canonicalize_name(requirement.name), []).append(
            (requirement, re.findall(r"--hash=sha256:[0-9a-f]{64}\b", line))
        )
    return pins


def direct_dependencies(file_name):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = list(project["dependencies"])
    for extra in EXTRAS[file_name]:
        listed += project["optional-dependencies"][extra]
    return [Requirement(text) for text in listed]


def project_files():
    """Every file that is in the commit or would be."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
    files = (ROOT / name for name in listing.stdout.split("\0") if name)
    return [file for file in files if file.is_file()]


def pinned_version(requirement):
    (specifier,) = requirement.specifier
    assert specifier.operator == "==", f"{requirement} is not a pin"
    return specifier.version


@pytest.mark.parametrize("file_name", REQUIREMENTS)
def test_every_direct_dependency_is_pinned_within_its_range(file_name):
    pins = read_pins(file_name)
    for wanted in direct_dependencies(file_name):
        found = pins.get(canonicalize_name(wanted.name))
        assert found, f"{wanted.name} is not in {file_name}: run make lock"
        for requirement, _ in found:
            assert pinned_version(requirement) in wanted.specifier, (
                f"{requirement} is not {wanted}: run make lock"
            )


@pytest.mark.parametrize("file_name", REQUIREMENTS)
def test_every_pin_has_hashes(file_name):
    for name, found in read_pins(file_name).items():
        for _, hashes in found:
            assert hashes, f"{name} has no hash in {file_name}"


@pytest.mark.parametrize(
    "file_name", [name for name in REQUIREMENTS if name != "requirements-dev.txt"]
)
def test_the_tests_run_on_the_versions_that_users_get(file_name):
    tested = read_pins("requirements-dev.txt")
    for name, found in read_pins(file_name).items():
        versions = {pinned_version(requirement) for requirement, _ in found}
        assert versions == {
            pinned_version(requirement) for requirement, _ in tested.get(name, [])
        }, f"{name} differs between the two files: run make lock"


def test_no_file_names_a_package_index():
    for file in project_files():
        content = file.read_bytes().decode("utf-8", errors="replace")
        found = INDEX_ADDRESS.search(content)
        assert not found, f"{file.relative_to(ROOT)} holds {found.group()}"


@pytest.mark.parametrize("file_name", REQUIREMENTS)
def test_requirements_hold_no_option_for_the_installer(file_name):
    lines = (ROOT / file_name).read_text().splitlines()
    assert not [line for line in lines if line.startswith("-")]


def make(*arguments, folder=ROOT, **environment):
    # A make that runs these tests must not hand its own flags down.
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=folder,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


# ------------------------------------------------------------------- workflows

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
STEPS = [
    step
    for path in WORKFLOWS
    for job in yaml.safe_load(path.read_text())["jobs"].values()
    for step in job["steps"]
]


def test_each_make_target_that_a_workflow_names_exists():
    named = {
        target
        for step in STEPS
        for targets in re.findall(r"\bmake ((?:[a-z-]+ ?)+)", step.get("run", ""))
        for target in targets.split()
    }
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert "diff" in named
    assert named - known == set()


def test_each_action_of_a_workflow_is_pinned_to_a_version_and_of_github():
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert used
    assert [one for one in used if not re.fullmatch(r"actions/[a-z-]+@v\d+", one)] == []


def test_a_pull_request_shows_what_it_changes_in_public_numbers():
    (step,) = [step for step in STEPS if "make diff" in step.get("run", "")]
    assert step["env"]["BASE"] == "${{ github.event.pull_request.base.sha }}"
    assert 'cat "$OUTPUT" >> "$GITHUB_STEP_SUMMARY"' in step["run"]
    depths = [step.get("with", {}).get("fetch-depth") for step in STEPS]
    assert 0 in depths, "without its history there is no commit to compare with"


def test_no_workflow_writes_what_others_say_into_a_script():
    """What a pull request is called is a value of its author, not of ours."""
    assert [step["run"] for step in STEPS if "${{" in step.get("run", "")] == []


def test_make_alone_lists_every_target_with_what_it_does():
    listing = make()
    assert listing.returncode == 0, listing.stderr
    described = dict(line.split(None, 1) for line in listing.stdout.splitlines()[1:])
    assert set(described) == set(TARGETS)


@pytest.fixture
def installer(tmp_path):
    """A checkout whose python3 only notes down what it is asked to do."""
    for name in ("Makefile", *REQUIREMENTS):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / "fake-python"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    log = tmp_path / "log"

    def installs(target):
        log.write_text("")
        done = make(target, f"PYTHON={python}", folder=tmp_path, LOG=str(log))
        assert done.returncode == 0, done.stderr
        return [line for line in log.read_text().splitlines() if " pip install" in line]

    return installs


def test_diff_without_a_base_says_how_to_name_one(installer, tmp_path):
    # In a checkout of its own: a make that finds no Python clears the environment.
    installer("setup")
    log = str(tmp_path / "log")
    refused = make("diff", "BASE=", folder=tmp_path, LOG=log)
    assert refused.returncode != 0
    assert "make diff BASE=main" in refused.stderr


def test_the_first_setup_installs_by_hash_and_the_second_nothing(installer):
    (first,) = installer("setup")
    assert "--require-hashes" in first
    assert first.endswith(" requirements.txt")
    assert installer("setup") == []


def test_what_only_dashboards_need_is_installed_for_them_alone(installer):
    (installed,) = installer("setup")
    assert installed.endswith(" requirements.txt")
    (installed,) = installer("setup-bi")
    assert installed.endswith(" requirements-bi.txt")
    assert installer("setup") == []


def test_build_after_test_installs_nothing(installer):
    (installed,) = installer("setup-dev")
    assert installed.endswith(" requirements-dev.txt")
    assert installer("setup-bi") == []
    assert installer("setup") == []
    assert installer("setup-dev") == []


def test_a_changed_pin_is_installed_and_a_new_timestamp_is_not(installer, tmp_path):
    installer("setup")
    requirements = tmp_path / "requirements.txt"
    requirements.touch()
    assert installer("setup") == []
    requirements.write_text(requirements.read_text() + "\n")
    assert len(installer("setup")) == 1


def test_an_environment_whose_python_is_gone_is_made_again(installer, tmp_path):
    installer("setup")
    (tmp_path / ".venv/bin/python").unlink()
    assert len(installer("setup")) == 1


def test_a_python_without_venv_is_one_sentence(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in REQUIREMENTS:
        (tmp_path / name).touch()
    python = tmp_path / "bare-python"
    python.write_text('#!/bin/sh\ncase "$*" in *ensurepip*) exit 1 ;; esac\n')
    python.chmod(0o755)
    refused = make("setup", f"PYTHON={python}", folder=tmp_path)
    assert refused.returncode != 0
    assert "install python3-venv" in refused.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize(
    "mutation", mutations.MUTATIONS, ids=lambda mutation: mutation.name
)
def test_a_mutation_finds_what_it_breaks(mutation: mutations.Mutation) -> None:
    text = (ROOT / mutation.file).read_text(encoding="utf-8")
    assert text.count(mutation.old) == 1
