"""Where specs are: files, folders, globs, and the gallery that comes with the package."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from glob import escape, glob, has_magic
from pathlib import Path

from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.spec.names import nearest

GALLERY = "gallery:"
SUFFIXES = (".yaml", ".yml")


def gallery_folder() -> Path:
    """The folder of the gallery's specs: inside the installed package, or beside it in a source checkout."""
    package = Path(__file__).parent
    installed = package / "gallery"
    return installed if installed.is_dir() else package.parent / "specs"


def gallery_specs() -> list[Path]:
    """Every spec of the gallery, by name."""
    return _specs_in(gallery_folder())


def find_spec(name: str) -> Path:
    """The file of one spec, given as a path or as ``gallery:NAME``.

    Raises:
        TcgradError: if there is no such file or no such name in the gallery.
    """
    if name.startswith(GALLERY):
        return _find_in_gallery(name.removeprefix(GALLERY))
    path = Path(name)
    if name and _is_folder(path):
        raise _error("TC603", f"`{name}` is a folder, and one spec is wanted here", _offer_check(path))
    if not name or not is_there(path):
        raise _error("TC602", f"there is no file `{name}`", _suggest_file(path) if path.name else None)
    return path


def find_specs(names: Sequence[str], exclude: Sequence[str] = ()) -> list[Path]:
    """Every spec that the names stand for, each once, by the first of its spellings, in the order given.

    A name is a file, a folder (all specs below it), a glob, or ``gallery:NAME``, where NAME may be a glob.
    exclude: patterns of files, or of folders on the way to them, that folders and globs do not stand for.

    Raises:
        TcgradError: with one diagnostic for every name that stands for nothing.
    """
    found: dict[Path, Path] = {}
    wrong: list[Diagnostic] = []
    for name in names:
        try:
            for path in _expand(name, exclude):
                found.setdefault(Path(os.path.realpath(path.parent), path.name), path)
        except TcgradError as error:
            wrong.extend(error.diagnostics)
    if wrong:
        raise TcgradError(tuple(wrong))
    return list(found.values())


def _expand(name: str, exclude: Sequence[str]) -> list[Path]:
    if name.startswith(GALLERY):
        pattern = name.removeprefix(GALLERY) or "*"
        if not has_magic(pattern):
            return [_find_in_gallery(pattern)]
        specs = [path for path in gallery_specs() if fnmatchcase(path.stem, pattern)]
    elif name and _is_folder(Path(name)):
        specs = _specs_in(Path(name))
    elif has_magic(name) and not is_there(Path(name)):
        specs = sorted(path for path in set(map(Path, _matching(name))) if path.is_file())
    else:
        return [find_spec(name)]
    specs = [path for path in specs if not _is_excluded(path, exclude)]
    if not specs:
        kind = "folder" if _is_folder(Path(name)) else "pattern"
        raise _error("TC603", f"the {kind} `{name}` holds no spec", "a spec is a file that ends in .yaml or .yml")
    return specs


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # the name is too long to be one, or a folder on the way to it is closed
        return False


def is_there(path: Path) -> bool:
    """Whether something has this name, be it a link in a circle; so may what a closed folder hides."""
    try:
        return path.exists() or path.is_symlink()
    except PermissionError:
        return True
    except OSError:
        return False


def _matching(pattern: str) -> Iterator[str]:
    """The files that a pattern stands for; ``**`` goes through no links to folders, which may lead in a circle."""
    parts = Path(pattern).parts
    if "**" not in parts:
        yield from glob(pattern)  # noqa: PTH207 (a pattern may be absolute)
        return
    place = parts.index("**")
    for start in glob(str(Path(*parts[:place]))):  # noqa: PTH207
        for folder, _ in _folders(start):
            yield from _matching(str(Path(escape(folder), *(parts[place + 1 :] or ("*",)))))


def _folders(start: str) -> Iterator[tuple[str, list[str]]]:
    """A folder and those at any depth of it, but for hidden ones, each with the names of its files.

    One that may not be read, or goes away meanwhile, as those of processes do, has none.
    """
    for folder, inner, files in os.walk(start):
        inner[:] = [name for name in inner if not name.startswith(".")]
        yield folder, files


def _is_excluded(path: Path, patterns: Sequence[str]) -> bool:
    """Whether a pattern fits the path, or the name of a part of it if it has no slash itself."""
    return any(
        fnmatchcase(path.as_posix(), pattern)
        or (any(fnmatchcase(part, pattern) for part in path.parts) if "/" not in pattern else False)
        for pattern in (pattern.rstrip("/") for pattern in patterns)
    )


def _specs_in(folder: Path) -> list[Path]:
    """The specs at any depth of a folder, but not in hidden folders."""
    return sorted(_find_in(folder))


def _find_in(folder: Path) -> Iterator[Path]:
    """The same, in the order in which they are come upon."""
    for place, names in _folders(str(folder)):
        shown = (Path(place, name) for name in names if name.endswith(SUFFIXES) and not name.startswith("."))
        yield from (path for path in shown if path.is_file())


def _find_in_gallery(name: str) -> Path:
    names = {path.stem: path for path in gallery_specs()}
    if name in names:
        return names[name]
    close = difflib.get_close_matches(name, names, n=3)
    offer = f"did you mean {_either(f'{GALLERY}{match}' for match in close)}?" if close else "`tcgrad gallery` lists it"
    raise _error("TC604", f"the gallery has no spec `{name}`", offer)


def _suggest_file(path: Path) -> str | None:
    """The file with a suffix, one of nearly this name beside it, or the spec of the gallery that is called so."""
    written = [str(path.with_name(path.name + suffix)) for suffix in SUFFIXES]
    there = [name for name in written if is_there(Path(name)) and Path(name).is_file()]
    if there:
        return f"did you mean {_either(there)}?"
    siblings: dict[str, list[str]] = {}
    for found in sorted(found for suffix in SUFFIXES for found in path.parent.glob(f"*{suffix}") if found.exists()):
        siblings.setdefault(_bare(found), []).append(str(found))
    close = difflib.get_close_matches(_bare(path), siblings, n=3)
    if close:
        return f"did you mean {_either(name for bare in close for name in siblings[bare])}?"
    scheme, colon, name = path.name.partition(":")
    if colon and any(spec.stem == name for spec in gallery_specs()) and nearest(scheme, [GALLERY]):
        return f"did you mean `{GALLERY}{name}`?"
    if any(spec.stem == _bare(path) for spec in gallery_specs()):
        return f"the gallery has one: `{GALLERY}{_bare(path)}`"
    return None


def _bare(path: Path) -> str:
    """A file's name without its suffixes, which all specs have in common."""
    return path.name.partition(".")[0]


def _offer_check(folder: Path) -> str | None:
    is_empty = next(_find_in(folder), None) is None
    return None if is_empty else f"`tcgrad check {folder}` checks the specs in it"


def _either(names: Iterable[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)


def _error(code: str, message: str, offer: str | None) -> TcgradError:
    return TcgradError((Diagnostic(code, message, help=offer),))
