"""Mistakes planted in the derivatives of generated programs: none escapes, in second ones behind kinks neither."""

import pytest
from false_alarms import SPECS
from share import share

import tcgrad


@pytest.mark.parametrize("number", share(range(5, 45), 40))
@pytest.mark.parametrize("language", SPECS)
def test_no_mistake_escapes(language, number):
    results = tcgrad.loads(SPECS[language](number)).check(self_test=True, trials=1).results
    assert not [each.message for each in results if each.status == "fail"]
    assert any(each.kind == "self_test" for each in results)
