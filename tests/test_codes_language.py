"""The examples of the codes that equations are refused with: each shows its code, and is well when mended."""

import pytest

from tcgrad.codes import names, syntax
from tcgrad.errors import TcgradError
from tcgrad.language.elaborate import elaborate
from tcgrad.spec.loader import read_spec

ENTRIES = (*syntax.CODES, *names.CODES)


def codes(text):
    try:
        return {warning.code for warning in elaborate(read_spec(text, "example.yaml")).warnings}
    except TcgradError as error:
        return {diagnostic.code for diagnostic in error.diagnostics}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_examples(entry):
    assert codes(entry.example) == {entry.code}
    assert codes(entry.mended) == set()
