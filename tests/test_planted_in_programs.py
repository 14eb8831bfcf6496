"""Mistakes planted in the derivatives of generated programs: none escapes, in second ones behind kinks neither."""

import pytest
from deep_programs import deep_spec
from false_alarms import SPECS
from recurrent_programs import recurrent_spec
from share import share

import tcgrad

PROGRAMS = {**SPECS, "recurrent": recurrent_spec, "deep": deep_spec}


@pytest.mark.parametrize("number", share(range(5, 45), 40))
@pytest.mark.parametrize("language", PROGRAMS)
def test_no_mistake_escapes(language, number):
    results = tcgrad.loads(PROGRAMS[language](number)).check(self_test=True, trials=1).results
    assert not [each.message for each in results if each.status == "fail"]
    assert any(each.kind == "self_test" for each in results)
