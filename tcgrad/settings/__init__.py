"""Settings of `tcgrad check` from a project's pyproject.toml and from the environment."""

from tcgrad.settings.collect import load_settings
from tcgrad.settings.table import SETTINGS, Setting
from tcgrad.settings.values import parse_value

__all__ = ["SETTINGS", "Setting", "load_settings", "parse_value"]
