"""What all tests share: the hypothesis profiles.

`dev` is the default, `ci` and `thorough` try more examples; the environment variable
HYPOTHESIS_PROFILE chooses. None has a deadline, for a test must not depend on a machine's speed.
"""

import os

from hypothesis import HealthCheck, settings

COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "database": None}

settings.register_profile("dev", max_examples=40, **COMMON)
settings.register_profile("ci", max_examples=120, derandomize=True, **COMMON)
settings.register_profile("thorough", max_examples=2000, **COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
