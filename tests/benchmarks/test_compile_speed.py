"""The speed of compiled functions beside hand-written NumPy and the peers, and beside the goals.

`python -m pytest tests/benchmarks/test_compile_speed.py -m benchmark -s` prints the tables. Every
contender must have found what the eager function finds before it is timed.
"""

import statistics
import time

import contenders
import networks
import numpy as np
import peak_memory
import processes
import pytest
import tasks
import timing
from contenders import (
    BY_HAND,
    COMPILED,
    EAGER,
    JAX,
    JAX_LOOP,
    NATIVE_REPEATED,
    TORCH,
    TORCH_COMPILED,
)
from timing import Goal

import micrograd_np as mg

pytestmark = pytest.mark.filterwarnings("ignore")  # the peers' own

GOALS = {
    "neuron 002": [
        Goal(COMPILED, 0.85, [BY_HAND]),
        Goal(COMPILED, 1.0, [JAX]),
        Goal(NATIVE_REPEATED, 0.5, [JAX_LOOP]),
    ],
    "XOR 001": [
        Goal(COMPILED, 0.5, [BY_HAND]),
        Goal(COMPILED, 1.0, [JAX]),
        Goal(NATIVE_REPEATED, 0.5, [JAX_LOOP]),
    ],
    "MLP": [Goal(COMPILED, 1.0, [BY_HAND, TORCH, TORCH_COMPILED, JAX])],
    "chain": [Goal(COMPILED, 0.6, [JAX])],
    "conv net": [Goal(COMPILED, 1.0, [JAX]), Goal(COMPILED, 1.0, [TORCH])],
    "transformer": [Goal(COMPILED, 1.0, [JAX]), Goal(COMPILED, 1.0, [TORCH])],
    "Hessian": [Goal(COMPILED, 1.0, [JAX])],
}
UNITS = {"neuron 002": ("µs", 1e6), "XOR 001": ("µs", 1e6), "Hessian": ("µs", 1e6)}
CALLS = {"chain": 1, "conv net": 5, "MLP": 10, "transformer": 10, "Hessian": 100}
SLOW = {EAGER, TORCH, TORCH_COMPILED, contenders.AUTOGRAD}  # on what is small

# ---------------------------------------------------------------- agreement, before any timing

# The largest difference that is rounding, as a part of the largest entry. PyTorch adds the ten
# million terms of the chain less carefully than the others.
TOLERANCE = {"neuron 002": 1e-10, "XOR 001": 1e-10, "Hessian": 1e-12, "chain": 3e-4}
ROUNDING = 2e-5
AGREED_AFTER = {"neuron 002": 300, "XOR 001": 300, "MLP": 3}


def assert_agreement(task, works):
    """All find what our eager function finds, in its dtypes."""
    count = AGREED_AFTER.get(task, 1)
    expected = contenders.eager(task)(count)
    for name, work in works.items():
        found = work(count)
        for one, right in zip(found, expected, strict=True):
            assert one.dtype == right.dtype, name
            bound = TOLERANCE.get(task, ROUNDING) * np.abs(right).max()
            np.testing.assert_allclose(one, right, rtol=0, atol=bound, err_msg=name)


@pytest.mark.oracle
@pytest.mark.parametrize("peer", [BY_HAND, TORCH, JAX])
@pytest.mark.parametrize("task", tasks.TASKS)
def test_our_functions_find_what_the_peers_find(task, peer):
    if reason := contenders.missing(peer):
        pytest.skip(reason)
    if work := contenders.CONTENDERS[peer].make(task):
        assert_agreement(task, {peer: work})


# ---------------------------------------------------------------- one call


def calls(task, name):
    """How many calls make a round long enough to be measured."""
    if task in CALLS:
        return CALLS[task]
    return 500 if name in SLOW else 5_000


@pytest.mark.benchmark
@pytest.mark.parametrize("task", tasks.TASKS)
def test_time_of_a_call(task):
    works = dict(contenders.present(task))
    assert_agreement(task, works)
    counts = {name: calls(task, name) for name in works}
    timings = timing.interleaved(works, counts, rounds=7)
    unit, scale = UNITS.get(task, ("ms", 1e3))
    base = BY_HAND if BY_HAND in works else COMPILED
    print(f"\n\n{timing.table(task, unit, scale, timings, base)}")
    for goal in GOALS[task]:
        print(timing.judged(goal, timings))
    for name, reason in contenders.absent().items():
        print(f"  left out: {name}, for {reason}")


# ---------------------------------------------------------------- before the first result


def fresh(function):
    """The same function as a new object, of which no compiler has a copy."""

    def copy(*args):
        return function(*args)

    return copy


def first_call(make, argument):
    """Seconds to compile a function and call it once, the median of some."""
    seconds = []
    for _ in range(7):
        start = time.perf_counter()
        make()(argument)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def first_calls(task):
    """Those that compile, and how: one step, or a loop of a thousand."""
    function, argument, _ = tasks.TASKS[task]
    makers = {
        COMPILED: lambda: mg.compile(fresh(function)),
        contenders.NATIVE: lambda: mg.compile(fresh(function), backend="numba"),
        NATIVE_REPEATED: lambda: mg.compile(fresh(function), backend="numba").repeat(1_000),
    }
    for name, make in makers.items():
        if contenders.missing(name) is None:
            yield name, first_call(make, argument())
    if contenders.missing(JAX) is None:
        import jax

        _, start, rate = contenders.SMALL[task]
        step = networks.jax_descent(rate, two_layers=task == "XOR 001")
        with jax.enable_x64(True):
            parameters = [jax.numpy.asarray(p) for p in start()]
            yield JAX, first_call(lambda: jax.jit(fresh(step)), parameters)
            loop = lambda: jax.jit(
                lambda p: jax.lax.fori_loop(0, 1_000, lambda _, p: fresh(step)(p), p)
            )
            yield JAX_LOOP, first_call(loop, parameters)


@pytest.mark.benchmark
@pytest.mark.parametrize("task", contenders.SMALL)
def test_time_to_compile(task):
    print(f"\n\n{task}: trace, compile and run for the first time")
    for name, seconds in first_calls(task):
        print(f"  {name:<34}{1e3 * seconds:>10.2f} ms")
    print(f"  goal: {COMPILED} at most 10 ms")


# ---------------------------------------------------------------- whole processes


@pytest.mark.benchmark
def test_cold_process_that_trains_xor_compiled():
    scripts = {
        BY_HAND: processes.COLD_XOR_BY_HAND,
        COMPILED: processes.COLD_XOR_COMPILED,
        contenders.REPEATED: processes.COLD_XOR_REPEATED,
    }
    if contenders.missing(JAX) is None:
        scripts[JAX] = processes.COLD_XOR_JAX
    works = {name: processes.process(script) for name, script in scripts.items()}
    timings = timing.interleaved(works, dict.fromkeys(works, 1), rounds=5)
    title = "a process that trains XOR for 10,000 epochs"
    print(f"\n\n{timing.table(title, 's', 1, timings, BY_HAND)}")
    for name, script in scripts.items():
        print(f"  {name:<34}{processes.peak(script):>10.1f} MiB at most")
    print("  goal: compiled at most 0.35 s and 60 MiB")


@pytest.mark.benchmark
@pytest.mark.parametrize("task", ["MLP", "transformer"])
def test_peak_memory_of_three_steps(task):
    if not peak_memory.STATUS.exists():
        pytest.skip("the kernel's account of a process is Linux's")
    print(f"\n\n{task}: growth of the process in its first three steps (medians of 3 processes)")
    for name in (BY_HAND, EAGER, COMPILED, TORCH, JAX):
        if contenders.missing(name) or contenders.CONTENDERS[name].make(task) is None:
            continue
        found = [processes.growth(task, name) for _ in range(3)]
        print(f"  {name:<34}{statistics.median(found):>10.1f} MiB")
    print(f"  goal: {COMPILED} at most {TORCH}")


# ---------------------------------------------------------------- what never being stale costs


def of_globals(count):
    """A compiled function of so many numbers around it, called once."""
    names = [f"number_{i}" for i in range(count)]
    scope = {name: float(i) for i, name in enumerate(names)}
    exec(f"def f(x): return {' + '.join(['x', *names])}", scope)  # noqa: S102 - its own code
    compiled = mg.compile(scope["f"])
    compiled(1.0)
    return compiled


def guard_of(compiled):
    """The test of whether all is as it was when the function was traced."""
    (made,) = compiled.specializations.values()
    return made.guard.snapshot.holds


@pytest.mark.benchmark
def test_cost_of_the_guard():
    compiled = {count: of_globals(count) for count in (0, 10, 20, 40)}
    works = {f"guard of {count} names": guard_of(f) for count, f in compiled.items()}
    works |= {f"call with {count} names": lambda f=f: f(1.0) for count, f in compiled.items()}
    works = {name: lambda n, f=f: [f() for _ in range(n)] for name, f in works.items()}
    timings = timing.interleaved(works, dict.fromkeys(works, 20_000), rounds=7)
    print(f"\n\n{timing.table('guard', 'µs', 1e6, timings, 'call with 0 names')}")
    slope = timings["guard of 40 names"].fastest - timings["guard of 0 names"].fastest
    print(
        f"  {slope / 40 * 1e6:.3f} µs a name in the fastest rounds; the budget: 0.03, 0.05 a call"
    )


# ---------------------------------------------------------------- SciPy's objective

TIMES = np.linspace(0, 4, 80)
OBJECTIVES = {
    "two numbers": (
        lambda p: (1 - p["x"]) ** 2 + 100 * (p["y"] - p["x"] ** 2) ** 2,
        {"x": -1.0, "y": 2.0},
    ),
    "three numbers": (
        lambda p: np.mean((p["a"] * np.exp(-p["b"] * TIMES) * np.cos(p["c"] * TIMES)) ** 2),
        {"a": 1.0, "b": 0.1, "c": 2.7},
    ),
    "an array of three": (
        lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2),
        np.array([-1.2, 1.0, 0.8]),
    ),
}


@pytest.mark.benchmark
@pytest.mark.parametrize("name", OBJECTIVES)
def test_cost_of_an_objective_over_its_gradient(name):
    f, tree = OBJECTIVES[name]
    objective, gradient = mg.scipy_objective(mg.compile(f), tree), mg.compile(mg.value_and_grad(f))
    works = {
        "objective": lambda n: [objective(objective.x0) for _ in range(n)],
        "gradient": lambda n: [gradient(tree) for _ in range(n)],
    }
    timings = timing.interleaved(works, dict.fromkeys(works, 2000), rounds=15)
    print(f"\n\n{timing.table(name, 'µs', 1e6, timings, 'gradient')}")
    print(timing.judged(Goal("objective", 1.6, ["gradient"]), timings))
