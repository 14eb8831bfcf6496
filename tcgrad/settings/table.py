"""THE table of settings: what may stand under ``[tool.tcgrad]`` and, as TCGRAD_NAME, in the environment."""

from __future__ import annotations

from typing import Final, Literal

from tcgrad.records import dataclass
from tcgrad.report.formats import FORMAT_NAMES
from tcgrad.spec.check_options import CHECK_OPTIONS, OptionKind
from tcgrad.spec.limits import MAX_INTEGER

SettingKind = OptionKind | Literal["texts", "reports"]

COLORS: Final = ("auto", "always", "never")
FORMATS: Final = ("auto", *FORMAT_NAMES)


@dataclass(frozen=True)
class Setting:
    """A setting: key ``name`` of ``[tool.tcgrad]`` (with ``-`` or ``_``), variable ``TCGRAD_NAME``, option ``--name``.

    kind: that of `CheckOption`; ``texts`` is one text or a list of them, and always handed on as a tuple; ``reports``
        likewise, each of which tells the format of a file.
    auto: the integer that the word ``auto`` stands for.
    paths: the texts are paths, which in a file are seen from its folder.
    """

    name: str
    kind: SettingKind
    meaning: str
    values: tuple[str, ...] = ()
    minimum: int = 0
    maximum: int = MAX_INTEGER
    auto: int | None = None
    paths: bool = False

    @property
    def variable(self) -> str:
        return f"TCGRAD_{self.name.upper()}"


_OF_SPECS = tuple(
    Setting(option.name, option.kind, option.meaning, option.values, option.minimum, option.maximum)
    for option in CHECK_OPTIONS.values()
)
_OF_RUNS = (
    Setting("specs", "texts", "what is checked where the command line names nothing", paths=True),
    Setting("exclude", "texts", "patterns of files that are left out of folders and patterns"),
    Setting("strict", "boolean", "whether every one-tensor must be written"),
    Setting(
        "jobs",
        "integer",
        "how many specs are checked at a time, each in a process; 0 or auto: as many as there are cores",
        auto=0,
    ),
    Setting("fail_fast", "boolean", "whether to stop after the first spec that is not well"),
    Setting("format", "choice", "the format of the report", FORMATS),
    Setting(
        "output_file",
        "reports",
        "files that the report is written to as well, each FORMAT:PATH, or a path whose suffix tells the format",
    ),
    Setting("color", "choice", "whether the report is in colours", COLORS),
)

SETTINGS: Final[dict[str, Setting]] = {setting.name: setting for setting in (*_OF_SPECS, *_OF_RUNS)}
