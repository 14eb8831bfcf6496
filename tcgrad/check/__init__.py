"""The checker: derived formulas and emitted code against difference quotients, expectations against formulas."""

from tcgrad.check.judging.results import CheckResult, Place, Result
from tcgrad.check.options import Options
from tcgrad.check.runner import check

__all__ = ["CheckResult", "Options", "Place", "Result", "check"]
