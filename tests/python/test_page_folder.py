"""Pages take the place of pages, whole, and of nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from perennial.page_folder import PageFolderError, mark, replaced


def write_pages(folder: Path, pages: str = "docs") -> None:
    folder.mkdir()
    (folder / "index.html").write_text(mark(pages))


def test_new_pages_take_the_place_of_old_ones(tmp_path: Path) -> None:
    write_pages(tmp_path / "site")
    (tmp_path / "site/gone.html").write_text("an old page")
    with replaced(tmp_path / "site", "docs") as folder:
        (folder / "index.html").write_text("new")
        assert (tmp_path / "site/gone.html").exists()

    assert [path.name for path in (tmp_path / "site").iterdir()] == ["index.html"]
    assert list(tmp_path.iterdir()) == [tmp_path / "site"]


@pytest.mark.parametrize("name", ["not_there", "empty"])
def test_a_place_with_nothing_in_it_is_taken(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with replaced(tmp_path / name, "docs") as folder:
        (folder / "index.html").write_text("new")

    assert (tmp_path / name / "index.html").read_text() == "new"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("thesis.tex", "mine"),
        ("index.html", "mine"),
        ("build.json", "{}"),
        # Pages of another kind: one --output given twice.
        ("index.html", mark("dashboards")),
    ],
)
def test_a_folder_of_something_else_is_refused_and_kept(
    tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / name).write_text(content)
    with (
        pytest.raises(PageFolderError, match="is no folder of docs"),
        replaced(tmp_path / "site", "docs"),
    ):
        pass

    assert (tmp_path / "site" / name).read_text() == content
    assert list(tmp_path.iterdir()) == [tmp_path / "site"]


@pytest.mark.parametrize("kind", ["file", "link", "link that leads nowhere"])
def test_what_is_no_folder_is_refused_and_kept(tmp_path: Path, kind: str) -> None:
    site = tmp_path / "site"
    if kind == "file":
        site.write_text("mine")
    else:
        site.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    if kind == "link":
        write_pages(tmp_path / "elsewhere")
    with (
        pytest.raises(PageFolderError, match="is no folder of docs"),
        replaced(site, "docs"),
    ):
        pass

    assert site.is_file() or site.is_symlink()


def test_pages_that_cannot_take_their_place_leave_the_old_ones(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_pages(tmp_path / "docs")
    rename = Path.rename

    def fail(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with (
        pytest.raises(PageFolderError, match="No space left"),
        replaced(tmp_path / "docs", "docs") as folder,
    ):
        (folder / "index.html").write_text("new")

    assert (tmp_path / "docs/index.html").read_text() == mark("docs")
    assert list(tmp_path.iterdir()) == [tmp_path / "docs"]


def test_an_error_while_pages_are_written_leaves_the_old_ones(tmp_path: Path) -> None:
    write_pages(tmp_path / "docs")
    with pytest.raises(ZeroDivisionError), replaced(tmp_path / "docs", "docs"):
        raise ZeroDivisionError

    assert (tmp_path / "docs/index.html").read_text() == mark("docs")
    assert list(tmp_path.iterdir()) == [tmp_path / "docs"]
