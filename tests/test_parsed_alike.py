"""Equations that are written alike are parsed once; each has its own names and places."""

import pytest

from tcgrad.errors import Located, Report
from tcgrad.language.parsing import parsed_alike
from tcgrad.language.parsing.parsed_alike import ParsedAlike
from tcgrad.language.parsing.parser import parse_equation

TENSORS = ("a", "b", "bb", "y", "y1", "sum", "x_1")

# Equations one after the other, and of how many the right side is parsed as they are read.
CASES = [
    (["y[i] = a[i,j]*b[j]", "y1[i] = bb[i,j]*a[j]"], 1),
    (["y[i] = a[i]*a[i]", "y1[i] = a[i]*b[i]", "y[i] = b[i]*bb[i]"], 2),
    (["y[i] = a[i]*b[i]", "y1[i]  = a[i]*b[i]"], 2),  # white space tells places
    (["y[i] = a[i]*b[i]", "y1[k] = a[k]*b[k]"], 2),  # an index is none of the tensors
    (["y[i] = 2*a[i]", "y1[i] = 3*a[i]"], 2),
    (["y[i] = sum[j](a[i,j])", "y1[i] = b[j](a[i,j])"], 2),
    (["y[i] = exp(a[i])", "y1[i] = tanh(a[i])"], 2),
    (["y[i] = 1e5*b[i]", "y1[i] = 1e5*bb[i]"], 1),
    (["y[i] = a[i] + x_1[i]", "y1[i] = b[i] + a[i]"], 1),
    (["y(i) = a[i]", "y1(i) = b[i]"], 2),  # with something to say
    (["y[i] = a[i", "y1[i] = b[i"], 2),
    (["y[i] = α[i]", "y1[i] = α[i]"], 2),
]


@pytest.mark.parametrize(("texts", "count"), CASES)
def test_each_is_what_it_is_by_itself(texts, count, monkeypatch):
    reports, parsed = (Report(), Report()), []
    monkeypatch.setattr(
        parsed_alike, "parse_equation", lambda *given: (parsed.append(given), parse_equation(*given))[1]
    )
    alike = ParsedAlike(TENSORS, reports[0])
    made = [alike.parse(Located.plain(text)) for text in texts]
    assert len(parsed) == count
    alone = [parse_equation(Located.plain(text), reports[1]) for text in texts]
    for own, other in zip(made, alone, strict=True):
        assert (own and (own.target, own.body, own.span, own.text)) == (
            other and (other.target, other.body, other.span, other.text)
        )
    assert reports[0].diagnostics == reports[1].diagnostics
