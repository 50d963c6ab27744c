"""What is installed is what is asked for, and under a licence that is known."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from test_tooling import REQUIREMENTS, direct_dependencies, read_pins

from tests import licences

ROOT = Path(__file__).parents[2]
MACHINES = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "mac": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    "windows": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLACES = [(machine, python) for machine in MACHINES for python in PYTHONS]


def holds(marker: Marker | None, place: tuple[str, str], extra: str = "") -> bool:
    """Whether a requirement with this marker is one on that machine and Python."""
    machine, python = place
    there = {
        **default_environment(),
        **MACHINES[machine],
        "python_version": python,
        "python_full_version": f"{python}.0",
        "extra": extra,
    }
    return marker is None or marker.evaluate(there)


@cache
def requirements_of(name: str) -> tuple[Requirement, ...]:
    """What an installed package asks for; one of another machine asks nothing."""
    try:
        return tuple(Requirement(text) for text in requires(name) or [])
    except PackageNotFoundError:
        return ()


def closure(direct: list[Requirement], place: tuple[str, str]) -> dict[str, set[str]]:
    """Every package that is needed there, and the versions it is asked for in."""
    needed: dict[str, set[str]] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [one for one in direct if holds(one.marker, place)]
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        needed.setdefault(name, set()).add(str(wanted.specifier))
        for extra in {"", *wanted.extras}:
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            waiting += [
                one for one in requirements_of(name) if holds(one.marker, place, extra)
            ]
    return needed


# ------------------------------------------------------------------------ lock


@pytest.mark.parametrize("place", PLACES, ids="-".join)
@pytest.mark.parametrize("file_name", REQUIREMENTS)
def test_the_pins_are_what_pyproject_needs_and_nothing_else(file_name, place):
    needed = closure(direct_dependencies(file_name), place)
    pinned = {
        name
        for name, pins in read_pins(file_name).items()
        if any(holds(requirement.marker, place) for requirement, _ in pins)
    }
    assert (sorted(set(needed) - pinned), sorted(pinned - set(needed))) == ([], []), (
        f"{file_name}: pins that are missing, pins that nothing needs: run make lock"
    )


@pytest.mark.parametrize("file_name", REQUIREMENTS)
def test_each_pin_is_a_version_that_all_who_need_it_take(file_name):
    needed = closure(direct_dependencies(file_name), ("linux", "3.11"))
    pins = read_pins(file_name)
    refused = [
        f"{name} {asked}: {requirement}"
        for name, wanted in needed.items()
        for asked in wanted
        for requirement, _ in pins.get(name, [])
        for one in requirement.specifier
        if holds(requirement.marker, ("linux", "3.11"))
        and not Requirement(f"{name}{asked}").specifier.contains(one.version)
    ]
    assert refused == []


def test_the_lock_is_made_for_the_python_that_pyproject_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={PYTHONS[0]}"
    assert f"--python-version {PYTHONS[0]} " in (ROOT / "Makefile").read_text()


# -------------------------------------------------------------------- licences

PINNED = licences.pinned_names()
OPTIONAL = [
    (file_name, name)
    for file_name in licences.OPTIONAL_PARTS
    for name in licences.optional_names(file_name)
]


def test_the_licences_are_listed_as_the_installed_packages_tell_them():
    assert licences.DOCUMENT.read_text("utf-8") == licences.document(), (
        "docs/licences.md is not the installation: run make licences"
    )


def test_each_package_that_is_installed_to_run_has_its_licence():
    assert set(PINNED) == set(read_pins("requirements.txt"))
    needed, *parts = re.split(r"\n## ", licences.DOCUMENT.read_text("utf-8"))
    assert re.findall(r"^\| ([a-z0-9-]+) \|", needed, re.M)[1:] == sorted(PINNED)
    for file_name, part in zip(licences.OPTIONAL_PARTS, parts, strict=True):
        names = [name for its_file, name in OPTIONAL if its_file == file_name]
        assert set(PINNED + names) == set(read_pins(file_name))
        assert re.findall(r"^\| ([a-z0-9-]+) \|", part, re.M)[1:] == sorted(names)


@pytest.mark.parametrize("name", PINNED)
def test_each_run_time_dependency_may_be_one(name):
    assert licences.is_allowed(licences.licence_of(name)[0])


@pytest.mark.parametrize(("file_name", "name"), OPTIONAL)
def test_each_optional_dependency_may_be_one_or_is_an_exception(file_name, name):
    if name not in licences.EXCEPTIONS:
        assert licences.is_allowed(licences.licence_of(name)[0])


def test_only_the_optional_part_has_exceptions_and_none_that_is_not_needed():
    assert set(licences.EXCEPTIONS) <= {name for _, name in OPTIONAL}
    for name in licences.EXCEPTIONS:
        with pytest.raises(licences.UnknownLicenceError):
            licences.licence_of(name)


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 OR GPL-2.0-or-later", True),
        ("Apache-2.0 AND GPL-2.0-or-later", False),
        ("BSD-3-Clause AND MIT", True),
        ("GPL-3.0-only", False),
        ("LGPL-2.1-or-later", False),
        ("AGPL-3.0-only", False),
        ("(MIT OR GPL-3.0-only) AND MIT", False),
        ("", False),
    ],
)
def test_what_would_bind_the_project_is_no_dependency(expression, allowed):
    assert licences.is_allowed(expression) is allowed


def test_a_package_that_is_not_there_has_no_licence():
    with pytest.raises(licences.UnknownLicenceError, match="not installed"):
        licences.licence_of("perennial-is-no-dependency-of-itself")


def test_scipy_carries_what_the_page_says_of_it():
    texts = licences.licence_texts(licences.distribution("scipy"))
    assert "GCC-exception" in texts
    assert "LGPL" in texts
