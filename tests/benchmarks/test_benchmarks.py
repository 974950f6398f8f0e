"""The speed tables: `python -m pytest tests/benchmarks -m benchmark -s` prints them.

The ordinary suite runs only the agreement tests: loops that do not compute the same numbers must
not be compared. The tables measure and do not judge; the goals stand beside the figures.
"""

import statistics

import derivatives
import networks
import numpy as np
import processes
import pytest
import timing

BY_HAND = "by hand (article)"
TASKS = {"neuron 002": (networks.NEURON, False), "XOR 001": (networks.XOR, True)}
GOALS = {"neuron 002": "at most 4.0x by hand", "XOR 001": "at most 2.2x by hand"}


def assert_same_weights(task, train):
    contenders, _ = TASKS[task]
    for found, expected in zip(train(300), contenders[BY_HAND](300), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("task", TASKS)
def test_our_loops_compute_the_articles_weights(task):
    contenders, _ = TASKS[task]
    for train in contenders.values():
        assert_same_weights(task, train)


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")  # the peers' own
@pytest.mark.parametrize("peer", networks.PEERS)
@pytest.mark.parametrize("task", TASKS)
def test_the_peers_compute_the_articles_weights(task, peer):
    pytest.importorskip(networks.PEERS[peer][0])
    _, two_layers = TASKS[task]
    assert_same_weights(task, dict(networks.peers(two_layers=two_layers))[peer])


@pytest.mark.benchmark
@pytest.mark.filterwarnings("ignore")  # the peers' own
@pytest.mark.parametrize("task", TASKS)
def test_time_of_a_training_iteration(task):
    ours, two_layers = TASKS[task]
    contenders = ours | dict(networks.peers(two_layers=two_layers))
    slow = {"autograd", "mygrad", "torch eager + SGD"}
    iterations = {name: 1_000 if name in slow else 5_000 for name in contenders}
    timings = timing.interleaved(contenders, iterations, rounds=7)
    print(f"\n\n{timing.table(task, 'µs an iteration', 1e6, timings, BY_HAND)}")
    print(f"  goal: {GOALS[task]}")


@pytest.mark.parametrize("task", derivatives.TASKS)
def test_batched_and_looped_derivatives_are_the_same(task):
    first, *others = derivatives.TASKS[task].values()
    for compute in others:
        np.testing.assert_allclose(compute(), first(), rtol=1e-12, atol=1e-14)


@pytest.mark.benchmark
@pytest.mark.parametrize("task", derivatives.TASKS)
def test_time_of_batched_derivatives(task):
    contenders = {name: derivatives.repeated(f) for name, f in derivatives.TASKS[task].items()}
    timings = timing.interleaved(contenders, dict.fromkeys(contenders, 5), rounds=7)
    print(f"\n\n{timing.table(task, 'ms', 1e3, timings, next(iter(contenders)))}")
    print("  goal: the Jacobian at most 0.1x")


@pytest.mark.benchmark
@pytest.mark.parametrize("collector", ["off", "on"])
def test_cost_of_a_long_chain(collector):
    runs = [processes.chain(1_000_000, collector) for _ in range(5)]
    forward, backward, freed, size = map(statistics.median, zip(*runs, strict=True))
    print(f"\n\n1,000,000 multiplications, collector {collector} (medians of 5 processes)")
    print(f"  µs an op: forward {forward:.2f}, backward {backward:.2f}, freeing {freed:.2f}")
    print(f"  {size:.0f} bytes a node")
    print("  goal: forward at most 1.3 (off) and 2.8 (on), backward 1.2; 400 bytes")


@pytest.mark.benchmark
def test_cost_of_the_import():
    modules = ("numpy", "micrograd_np")
    pairs = [[*map(processes.import_seconds, modules)] for _ in range(21)]
    numpys, ours = map(statistics.median, zip(*pairs, strict=True))
    ratio = statistics.median(own / numpy for numpy, own in pairs)
    print(f"\n\nimport micrograd_np: {1e3 * ours:.0f} ms, {ratio:.2f}x `import numpy`", end="")
    print(f" ({1e3 * numpys:.0f} ms), medians of {len(pairs)} pairs of fresh processes")


@pytest.mark.benchmark
def test_cold_process_that_trains_xor():
    scripts = {BY_HAND: processes.COLD_XOR_BY_HAND, "micrograd_np": processes.COLD_XOR}
    contenders = {name: processes.process(script) for name, script in scripts.items()}
    timings = timing.interleaved(contenders, dict.fromkeys(contenders, 1), rounds=5)
    title = "a process that trains XOR for 10,000 epochs"
    print(f"\n\n{timing.table(title, 's', 1, timings, BY_HAND)}")
    print("  goal: 0.8 s")
