"""The speed of convolution, pooling and einsum gradients, against hand-written NumPy.

`python -m pytest tests/benchmarks -m benchmark -s` prints the tables.
"""

import convolution
import numpy as np
import pytest
import timing

SMALL = [task for task in convolution.TASKS if "32 x 64" not in task[1]]


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")  # the peers' own
@pytest.mark.parametrize(("kind", "name"), SMALL)
def test_all_contenders_compute_the_same_gradients(kind, name):
    found = {who: work(1) for who, work in convolution.contenders(kind, name).items()}
    for arrays in found.values():
        for mine, right in zip(arrays, found["by hand"], strict=True):
            scale = np.abs(right).max()
            np.testing.assert_allclose(mine, right, rtol=0, atol=1e-5 * scale)


@pytest.mark.benchmark
@pytest.mark.filterwarnings("ignore")  # the peers' own
@pytest.mark.parametrize(("kind", "name"), convolution.TASKS)
def test_time_of_a_gradient(kind, name):
    contenders = convolution.contenders(kind, name)
    iterations = dict.fromkeys(contenders, 20 if kind == "einsum" else 2)
    timings = timing.interleaved(contenders, iterations, rounds=7)
    title = f"{kind}: {name}" + (" (the gradient alone)" if kind == "einsum" else "")
    print(f"\n\n{timing.table(title, 'ms a gradient', 1e3, timings, 'by hand')}")
    print("  goal: at most 2x by hand")
