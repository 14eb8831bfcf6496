"""Settings of `tcgrad check` from a project's pyproject.toml and from the environment."""

from tcgrad.settings.collect import load_settings, naming_setting
from tcgrad.settings.table import SETTINGS, Setting
from tcgrad.settings.values import check_value, parse_value

__all__ = ["SETTINGS", "Setting", "check_value", "load_settings", "naming_setting", "parse_value"]
