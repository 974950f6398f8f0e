"""Each mistake of the table is told what happened, where, and what to do.

`python tests/shared/print_mistakes.py` prints them all, for a reader.
"""

import linecache

import numpy as np
import pytest
from mistakes.table import TOPICS, told

import micrograd_np as mg

QUICK = 6  # every sixth mistake runs by default
EXTRAS = ("matplotlib",)
ROWS = [row for rows in TOPICS.values() for row in rows]


def assert_told(rows):
    wrong = []
    for row in rows:
        found = told(row)
        if found and getattr(found.error, "name", "") in EXTRAS:  # the extra is not installed
            continue
        said = f"{type(found.error).__name__}: {found.text}" if found else "nothing was said"
        missing = [words for words in row.words if words not in said]
        if found is None or type(found.error).__name__ != row.kind:
            missing.insert(0, row.kind)
        if found is not None and found.line is None and row.kind != "RuntimeWarning":
            missing.append("the user's line")
        if missing:
            wrong.append(f"{row.code}\n  lacks {missing}:\n  {said}")
    assert not wrong, "\n\n".join(wrong)


def test_there_are_a_hundred_mistakes_and_more():
    assert len(ROWS) > 200
    assert len({row.code for row in ROWS}) == len(ROWS)


def test_mistakes_are_told_what_where_and_what_to_do():
    assert_told(ROWS[::QUICK])


@pytest.mark.thorough
@pytest.mark.parametrize("topic", TOPICS)
def test_all_mistakes_of_a_topic_are_told(topic):
    assert_told(TOPICS[topic])


@pytest.mark.parametrize("compute", [np.exp, lambda t: t * 1e300, lambda t: 1e300 * t])
def test_the_comment_that_numpys_warnings_show_leads_to_the_users_line(compute):
    t = mg.Tensor([1e300])
    with pytest.warns(RuntimeWarning, match="overflow") as caught:
        compute(t)
    shown = linecache.getline(caught[0].filename, caught[0].lineno)
    assert 'with np.errstate(all="raise"): shows YOUR line' in shown
    with np.errstate(all="raise"), pytest.raises(FloatingPointError) as raised:
        compute(t)
    assert __file__ in [str(entry.path) for entry in raised.traceback]
