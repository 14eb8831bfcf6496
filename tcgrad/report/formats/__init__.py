"""The formats of a check's report: an interface, a file each, and the table of them all."""

from __future__ import annotations

from tcgrad.report.formats.format import Format
from tcgrad.report.formats.table import FORMAT_NAMES, format_of_file, make_format

__all__ = ["FORMAT_NAMES", "Format", "format_of_file", "make_format"]
