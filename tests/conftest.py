"""What all tests share: the hypothesis profiles, a registry without users' ops, and a short report.

`dev` is the default, `ci` and `thorough` try more examples; the environment variable
HYPOTHESIS_PROFILE chooses. None has a deadline, for a test must not depend on a machine's speed.
"""

import gc
import os
from collections import Counter

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads cost more than small matrices gain

import pytest
from hypothesis import HealthCheck, settings

from micrograd_np.core.op import OPS
from micrograd_np.extend.calls import UserOp

COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "database": None}

settings.register_profile("dev", max_examples=20, **COMMON)
settings.register_profile("ci", max_examples=120, derandomize=True, **COMMON)
settings.register_profile("thorough", max_examples=2000, **COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


# ---------------------------------------------------------------- the collector


def pytest_collection_finish():
    settle()


def settle():
    """Let the collector look no more at what there is: it stays to the end.

    (Thousands of tests, reports of them, hundreds of modules. That took a tenth of a run.)
    """
    gc.collect()
    gc.freeze()


# ---------------------------------------------------------------- the registry


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item, nextitem):
    """An op that an example or a test declares with `primitive` or `register` ends with it."""
    declared = len(OPS)
    result = yield
    if len(OPS) != declared:  # or a table was read that waits for its first use
        for function in [function for function, op in OPS.items() if isinstance(op, UserOp)]:
            del OPS[function]
    if nextitem is None or nextitem.path != item.path:
        settle()
    return result


# ---------------------------------------------------------------- the report

SHOWN = pytest.StashKey[set[tuple[str, str]]]()


def pytest_configure(config):
    """Without -v, files are not named."""
    config.option.verbose = config.option.verbose or -1
    config.stash[SHOWN] = set()


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report, config):
    """A dot for each file whose tests pass, and an `s` for each that skips some: not one a test."""
    passed = report.passed and report.when == "call"
    # Reports of expected failures have this attribute, others do not: pytest shows those itself.
    if hasattr(report, "wasxfail") or not (passed or report.skipped):
        return None
    letter = "." if passed else "s"
    key = (report.nodeid.partition("::")[0], letter)
    if key in config.stash[SHOWN]:
        letter = ""
    config.stash[SHOWN].add(key)
    return report.outcome, letter, report.outcome.upper()


def pytest_terminal_summary(terminalreporter):
    """Every reason to skip tests, once, with their number."""
    skipped = Counter(report.longrepr[2] for report in terminalreporter.stats.get("skipped", ()))
    for reason, count in sorted(skipped.items()):
        terminalreporter.write_line(f"skipped {count}: {reason.removeprefix('Skipped: ')}")
