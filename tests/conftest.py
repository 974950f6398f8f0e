"""What all tests share: the hypothesis profiles, and a registry without users' ops.

`dev` is the default, `ci` and `thorough` try more examples; the environment variable
HYPOTHESIS_PROFILE chooses. None has a deadline, for a test must not depend on a machine's speed.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

from micrograd_np.op import OPS
from micrograd_np.ops.user_rules import JointOp

COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "database": None}

settings.register_profile("dev", max_examples=40, **COMMON)
settings.register_profile("ci", max_examples=120, derandomize=True, **COMMON)
settings.register_profile("thorough", max_examples=2000, **COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def forget_users_ops():
    for function in [function for function, op in OPS.items() if isinstance(op, JointOp)]:
        del OPS[function]


@pytest.fixture(autouse=True)
def registry_of_our_ops():
    """An op that an example or a test declares with `primitive` or `register` ends with it."""
    forget_users_ops()
    yield
    forget_users_ops()
