"""Which files a command line stands for, and how results are written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tcgrad.cli.files import write_file
from tcgrad.errors import TcgradError
from tcgrad.locate import find_spec, find_specs, gallery_folder, gallery_specs
from tcgrad.spec.loader import load_spec


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree of specs and other files, in which the test runs."""
    for name in ("b.yaml", "a.yml", "sub/c.yaml", ".hidden/d.yaml", "sub/.e/f.yaml", "notes.txt", "[odd].yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


FOUND = [
    (["b.yaml"], ["b.yaml"]),
    (["."], ["[odd].yaml", "a.yml", "b.yaml", "sub/c.yaml"]),
    (["sub"], ["sub/c.yaml"]),
    (["sub/"], ["sub/c.yaml"]),
    (["*.y*ml"], ["[odd].yaml", "a.yml", "b.yaml"]),
    (["**/*.yaml"], ["[odd].yaml", "b.yaml", "sub/c.yaml"]),
    (["[ab].y*"], ["a.yml", "b.yaml"]),
    (["[odd].yaml"], ["[odd].yaml"]),
    (["sub", "b.yaml", "sub/c.yaml", "."], ["sub/c.yaml", "b.yaml", "[odd].yaml", "a.yml"]),
    (["notes.txt"], ["notes.txt"]),
]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("names", "files"), FOUND)
def test_names_stand_for_files(names: list[str], files: list[str]):
    assert [path.as_posix() for path in find_specs(names)] == files


def test_a_pattern_may_be_absolute(folder: Path):
    assert find_specs([f"{folder}/s*/*.yaml"]) == [folder / "sub" / "c.yaml"]


def test_a_file_counts_once_however_it_is_spelt(folder: Path):
    names = ["sub/c.yaml", "./sub/c.yaml", "sub/../sub/c.yaml", str(folder / "sub" / "c.yaml"), f"{folder}/sub"]
    assert [path.as_posix() for path in find_specs(names)] == ["sub/c.yaml"]


@pytest.mark.parametrize("pattern", ["**/c.yaml", "**/**/c.y*", "s*/**", "./sub/**/[c].yaml"])
def test_a_pattern_for_folders_at_any_depth_goes_through_no_links(folder: Path, pattern: str):
    """They lead in circles here: two of them, in as many ways as there are paths of length 40."""
    (folder / "sub" / "up").symlink_to(folder)
    (folder / "sub" / "again").symlink_to(folder / "sub")
    assert [path.as_posix() for path in find_specs([pattern])] == ["sub/c.yaml"]


def test_a_folder_that_goes_away_meanwhile_holds_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """As those of processes do under /proc."""
    listed = os.scandir

    def scandir(path: str):
        if Path(path).name == "sub":
            raise FileNotFoundError(path)
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert [path.name for path in find_specs([str(folder)])] == ["[odd].yaml", "a.yml", "b.yaml"]
    with pytest.raises(TcgradError, match="is a folder, and one spec is wanted here"):
        find_spec(str(folder))


LINKS = [
    ("loop.yaml", "TC607", "`loop.yaml` cannot be read: "),
    ("nowhere.yaml", "TC602", "`link.yaml` is a link to a file that is not there"),
]


@pytest.mark.parametrize(("target", "code", "message"), LINKS)
def test_a_link_that_leads_to_no_file(folder: Path, target: str, code: str, message: str):
    name = "loop.yaml" if target == "loop.yaml" else "link.yaml"
    (folder / name).symlink_to(folder / target)
    (path,) = find_specs([name])
    with pytest.raises(TcgradError) as caught:
        load_spec(path)
    (told,) = caught.value.diagnostics
    assert told.code == code
    assert told.message.startswith(message)


REFUSED = [
    (["nothing.yaml"], ["TC602"]),
    (["empty"], ["TC603"]),
    (["*.json"], ["TC603"]),
    (["gallery:nothing"], ["TC604"]),
    (["gallery:nothing*"], ["TC603"]),
    (["nothing.yaml", "b.yaml", "empty"], ["TC602", "TC603"]),
    ([f"sub/{'x' * 5000}.yaml", "x" * 5000], ["TC602", "TC602"]),
    (["b.yaml", ""], ["TC602"]),
]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("names", "codes"), REFUSED)
def test_names_that_stand_for_nothing_are_refused_together(names: list[str], codes: list[str]):
    with pytest.raises(TcgradError) as caught:
        find_specs(names)
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == codes


def test_the_gallery_has_names():
    assert find_spec("gallery:matmul") == gallery_folder() / "matmul.yaml"
    assert find_specs(["gallery:", "gallery:matmul"]) == gallery_specs()


def test_a_file_is_replaced_whole(tmp_path: Path):
    target = tmp_path / "out.py"
    write_file(target, "α\n")
    assert target.read_bytes() == "α\n".encode()
    target.chmod(0o600)
    write_file(target, "β\n")
    assert target.read_text(encoding="utf-8") == "β\n"
    assert target.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_stays_a_link(tmp_path: Path):
    target, link = tmp_path / "target.py", tmp_path / "link.py"
    target.write_text("old")
    link.symlink_to(target)
    write_file(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_link_that_leads_to_itself_is_refused(tmp_path: Path):
    path = tmp_path / "module.py"
    path.symlink_to(path)
    with pytest.raises(TcgradError, match="cannot write"):
        write_file(path, "x")


def test_what_cannot_be_written_is_refused(tmp_path: Path):
    for path in (tmp_path / "nothing" / "out.py", tmp_path):
        with pytest.raises(TcgradError) as caught:
            write_file(path, "text")
        assert caught.value.diagnostics[0].code == "TC605"
    assert list(tmp_path.iterdir()) == []
