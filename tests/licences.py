"""Writes docs/licences.md: under which licence each dependency of users is.

The licence is read from what the installed package says of itself, and told in
the identifiers of SPDX. A test holds the document against the installation, so
a changed pin with another licence, or with none, is noticed.

Usage: `make licences`, in an environment of requirements-dev.txt.
"""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parents[1]
DOCUMENT = PROJECT / "docs/licences.md"

# What may be among the dependencies. Of `A OR B` one has to be here, of `A AND B`
# both. MPL, in both versions, binds who changes files of that package, and nobody
# else; GPL, LGPL and AGPL are left out on purpose.
ALLOWED = {
    *("0BSD", "Apache-2.0", "Artistic-1.0-Perl", "BSD-2-Clause", "BSD-3-Clause"),
    *("CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-1.1", "MPL-2.0"),
    *("PSF-2.0", "Unlicense", "Zlib"),
}
# What says no licence, or is not installed where this runs: licence and why it may
# be there all the same. Only of the optional part, which users choose to install.
EXCEPTIONS = {
    "brotlicffi": ("MIT", "only PyPy installs it; told by its package page"),
    "psycopg2-binary": (
        "LGPL-3.0-or-later",
        "with exceptions; dbt-postgres talks to the server through it. It binds who "
        "changes or passes on the package itself",
    ),
    "dbtlabs-vortex": (
        "none stated",
        "the client of dbt-charts for usage statistics, by the same publisher; our "
        "commands turn these off",
    ),
    "uuid": (
        "none stated",
        "needed by dbtlabs-vortex; the module of Python's own library as of 2006, "
        "which Python's own hides",
    ),
}

# The field `License` is free text: these are the texts that say exactly one.
FIELDS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache-2": "Apache-2.0",
    "Apache-2.0": "Apache-2.0",
    "http://www.apache.org/licenses/LICENSE-2.0": "Apache-2.0",
    "BSD-3-Clause": "BSD-3-Clause",
    "MIT": "MIT",
    "MIT License": "MIT",
    "MPL-2.0": "MPL-2.0",
}
# A classifier names a family; where it has versions, the licence file shows
# which one, by a phrase that only this one has.
CLASSIFIERS = {
    "Apache Software License": (("Version 2.0", "Apache-2.0"),),
    "Artistic License": (("Aggregation of this Package", "Artistic-1.0-Perl"),),
    "BSD License": (
        ("Neither the name", "BSD-3-Clause"),
        ("Redistributions of source code", "BSD-2-Clause"),
    ),
    "GNU General Public License (GPL)": (("", "GPL-2.0-or-later"),),
    "GNU General Public License v2 or later (GPLv2+)": (("", "GPL-2.0-or-later"),),
    "GNU Lesser General Public License v2 or later (LGPLv2+)": (
        ("", "LGPL-2.0-or-later"),
    ),
    "ISC License (ISCL)": (("", "ISC"),),
    "MIT License": (("", "MIT"),),
    "Mozilla Public License 1.1 (MPL 1.1)": (("", "MPL-1.1"),),
    "Mozilla Public License 2.0 (MPL 2.0)": (("", "MPL-2.0"),),
}

HEAD = """\
# Licences

What is installed with `requirements.txt`, and under which licence each package is: \
{count} packages, written by `make licences` from what the installed packages say of \
themselves. A test compares this page with the installation, and refuses a package \
without a licence that it can name, and one whose licence is not among: {allowed}.

Where a package can be had under one of several licences, it is taken under one of \
these. The project itself is under Apache-2.0, see [LICENSE](../LICENSE). It \
distributes none of these packages: you install them.

The identifiers are those of [SPDX](https://spdx.org/licenses/). They are of the \
package. A wheel may hold compiled libraries under terms of their own, which its \
licence files name: those of scipy include run-time libraries of GCC, under the GPL \
with its run-time exception and the LGPL.

| package | licence | told by |
|---|---|---|
"""
TABLE_HEAD = """
| package | licence | told by |
|---|---|---|
"""
# The file of each optional part, and what the page says before its table.
OPTIONAL_PARTS = {
    "requirements-bi.txt": """
## Dashboards, reports and docs

What `requirements-bi.txt` installs beside these, by `make setup-bi`: {count} \
packages. No build and no publish needs any of them. The same licences are allowed; \
{exceptions} are exceptions, each with its reason in the table. Who may not use \
software without a stated licence leaves this part out: dashboards need it, the \
tables do not.
""",
    "requirements-postgres.txt": """
## PostgreSQL

What `requirements-postgres.txt` installs beside the first table, by \
`make setup-postgres`: {count} packages. The same licences are allowed; {exceptions} \
is an exception, with its reason in the table.
""",
    "requirements-spark.txt": """
## Spark

What `requirements-spark.txt` installs beside the first table, by \
`make setup-spark`: {count} packages. The same licences are allowed, without \
exceptions. The packages bring Java archives, among them Spark and Iceberg \
themselves, whose licences they hold.
""",
}


class UnknownLicenceError(Exception):
    """A package is not installed, or does not say its licence in known words."""


def pinned_names(file_name: str = "requirements.txt") -> list[str]:
    """The packages of a requirements file, each once, in its order."""
    lines = (PROJECT / file_name).read_text(encoding="utf-8").splitlines()
    pins = [line.rstrip(" \\") for line in lines if re.match(r"[a-z0-9]", line)]
    return list(dict.fromkeys(canonicalize_name(Requirement(p).name) for p in pins))


def licence_texts(package: Distribution) -> str:
    """All that the package's own licence files say."""
    files = [
        file
        for file in package.files or []
        if file.parts[0].endswith(".dist-info")
        and re.match(r"licen[cs]e|copying", file.name, re.IGNORECASE)
    ]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def licence_of(name: str) -> tuple[str, str]:
    """The licence of an installed package, and what of its metadata tells it.

    Raises UnknownLicenceError where it is not installed or nothing tells one.
    """
    try:
        package = distribution(name)
    except PackageNotFoundError as missing:
        message = f"{name} is not installed: run make setup-dev"
        raise UnknownLicenceError(message) from missing
    expression = package.metadata.get("License-Expression")
    if expression:
        return expression, "expression"
    field = (package.metadata.get("License") or "").strip()
    if field in FIELDS:
        return FIELDS[field], "field"
    return classified(name, package)


def classified(name: str, package: Distribution) -> tuple[str, str]:
    """The licence by the classifiers; several of them are a choice."""
    texts = licence_texts(package)
    found, told_by = set(), "classifier"
    for classifier in package.metadata.get_all("Classifier") or []:
        if not classifier.startswith("License :: OSI Approved :: "):
            continue
        family = classifier.rpartition(" :: ")[2]
        exact = [
            identifier
            for phrase, identifier in CLASSIFIERS.get(family, ())
            if phrase in texts
        ]
        if not exact:
            raise UnknownLicenceError(f"{name}: which licence is {family!r}?")
        found.add(exact[0])
        if CLASSIFIERS[family][0][0]:
            told_by = "classifier, licence file"
    if not found:
        raise UnknownLicenceError(f"{name} does not say its licence")
    return " OR ".join(sorted(found)), told_by


def is_allowed(expression: str) -> bool:
    """Whether the project may depend on it; what is no plain list, it may not."""
    return all(
        any(choice.strip() in ALLOWED for choice in part.split(" OR "))
        for part in expression.split(" AND ")
    )


def optional_names(file_name: str) -> list[str]:
    """The packages that only this optional part installs."""
    needed = set(pinned_names())
    return [name for name in pinned_names(file_name) if name not in needed]


def row(name: str) -> str:
    """The line of a package."""
    return f"| {name} | {' | '.join(EXCEPTIONS.get(name) or licence_of(name))} |\n"


def document() -> str:
    """The page as the installation says it."""
    needed = sorted(pinned_names())
    text = [
        HEAD.format(count=len(needed), allowed=", ".join(sorted(ALLOWED))),
        *map(row, needed),
    ]
    for file_name, head in OPTIONAL_PARTS.items():
        names = sorted(optional_names(file_name))
        exceptions = _listed([name for name in names if name in EXCEPTIONS])
        text += [head.format(count=len(names), exceptions=exceptions), TABLE_HEAD]
        text += map(row, names)
    return "".join(text)


def _listed(names: list[str]) -> str:
    *some, last = names or [""]
    return f"{', '.join(some)} and {last}" if some else last


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
