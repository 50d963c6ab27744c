"""From two names of commits to the page: laid out, built, compared, told."""

import tempfile
from pathlib import Path

from perennial.build import Say
from perennial.demo_shop import LAST_DAY
from perennial.diff.declared import read_declared
from perennial.diff.demo_build import Built, build_demo
from perennial.diff.page import Review, same_files_page, write_page
from perennial.diff.states import (
    DEMO,
    REQUIREMENTS,
    State,
    count_missing,
    give_demo,
    lay_out_commit,
    lay_out_working_tree,
    same_files,
)
from perennial.diff.tables import compare_marts, read_settings
from perennial.headlines import Headline, HeadlinesError, read_headlines

NOT_THERE = "cannot be read"


def review_change(project: Path, base: str, head: str | None, say: Say) -> str:
    """Build two states of the project on one demo, and tell what differs.

    Args:
        project: the folder of the project, in a checkout of git.
        base: the commit to compare with.
        head: the commit that is compared; None: the working tree.
        say: told how far it is.

    Returns:
        Markdown.

    Raises:
        DiffError: a commit is not known, or cannot be built.
    """
    with tempfile.TemporaryDirectory(prefix="perennial_diff_") as name:
        scratch = Path(name)
        old = lay_out_commit(project, base, scratch / "base")
        new = (
            lay_out_working_tree(project, scratch / "head")
            if head is None
            else lay_out_commit(project, head, scratch / "head")
        )
        if same_files(old.folder, new.folder):
            return same_files_page(old, new)
        notes = _notes(project, old, new)
        # The new one first: it is the one that may be broken.
        new_build = build_demo(new, scratch / "head_build", str(LAST_DAY), say)
        old_build = build_demo(old, scratch / "base_build", str(LAST_DAY), say)
        return write_page(compare_builds(old, new, old_build, new_build, notes))


def _notes(project: Path, old: State, new: State) -> list[str]:
    """What has an effect on the comparison, or none where one is expected."""
    notes = []
    missing = count_missing(project, old, new)
    if missing:
        notes.append(
            f"Commits of the base that the other side lacks: {missing}. What they "
            "changed shows here the other way round; compare with git merge-base."
        )
    if not same_files(old.folder, new.folder, REQUIREMENTS):
        notes.append(
            f"{REQUIREMENTS} differs. Both are built with what is installed here, so "
            "what the dependencies change is not seen."
        )
    if not give_demo(new, old):
        notes.append(
            f"{DEMO} differs. Both are built on the new one, so that only what the "
            "code does is seen."
        )
    return notes


def compare_builds(
    old: State, new: State, old_build: Built, new_build: Built, notes: list[str]
) -> Review:
    """All that is told of two builds of two states."""
    declared = [read_declared(build.manifest) for build in (old_build, new_build)]
    files = (old_build.warehouse, new_build.warehouse)
    settings = [read_settings(file) for file in files]
    headlines = [_headlines(file) for file in files]
    tests = [one.tests for one in declared]
    return Review(
        base=old,
        head=new,
        as_of=str(LAST_DAY),
        notes=notes,
        headlines=[
            (
                label,
                *(
                    side[label].value if label in side else NOT_THERE
                    for side in headlines
                ),
                one.table,
            )
            for label, one in (headlines[0] | headlines[1]).items()
        ],
        settings=[
            (name, settings[0].get(name), settings[1].get(name))
            for name in sorted(settings[0].keys() | settings[1].keys())
        ],
        marts=compare_marts(*files, declared[0].keys, declared[1].keys),
        added_tests=sorted(tests[1] - tests[0]),
        removed_tests=sorted(tests[0] - tests[1]),
    )


def _headlines(file: Path) -> dict[str, Headline]:
    """The headlines by their label; none where a mart lacks a column for them."""
    try:
        return {number.label: number for number in read_headlines(file).numbers}
    except HeadlinesError:
        return {}
