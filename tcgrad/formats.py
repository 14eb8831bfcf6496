"""The choices of notations and formats, for the Python interface and the command line."""

from __future__ import annotations

from typing import Literal

Notation = Literal["all", "index", "matrix"]
Format = Literal["text", "json", "latex", "markdown"]
