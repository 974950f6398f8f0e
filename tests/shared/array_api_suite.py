"""Run the Array API's own test suite against NumPy and against micrograd_np, and compare.

    git clone --recurse-submodules https://github.com/data-apis/array-api-tests CHECKOUT
    pip install -r CHECKOUT/requirements.txt
    python tests/shared/array_api_suite.py CHECKOUT --max-examples 100

Every test of the suite that passes against NumPy must pass against micrograd_np on the same
machine. Some fail against both, but only for examples that come up by chance; so a test that seems
to fail against micrograd_np alone is tried against NumPy again, with other examples.

The exceptions are listed in `array_api_skips.txt`, one test a line; a line whose test passes has to
go. The exit status is 1 if there is a difference.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

HERE = Path(__file__).parent
SKIPS = HERE / "array_api_skips.txt"
REFERENCE, OURS = "numpy", "micrograd_np"
VERSION = "2024.12"
PASSED = ("passed", "")
SEEDS = 10


def main():
    arguments = parsed()
    with tempfile.TemporaryDirectory() as folder:
        reports = {name: Path(folder) / f"{name}.xml" for name in (REFERENCE, OURS)}
        runs = [start(arguments, name, report) for name, report in reports.items()]
        for run in runs:
            run.wait()
        reference, ours = (read(report) for report in reports.values())
        if suspects := sorted(passing(reference) - passing(ours)):
            again = Path(folder) / "again.xml"
            for seed in range(SEEDS):
                start(arguments, REFERENCE, again, suspects, f"--hypothesis-seed={seed}").wait()
                reference |= {name: how for name, how in read(again).items() if how != PASSED}
    sys.exit(compare(reference, ours, skips(SKIPS)))


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkout", type=Path, help="a checkout of data-apis/array-api-tests")
    parser.add_argument("--max-examples", type=int, default=100, help="examples a test (100)")
    parser.add_argument("-k", dest="selection", default="", help="only tests that match, as pytest")
    arguments = parser.parse_args()
    if not (arguments.checkout / "array_api_tests").is_dir():
        parser.error(f"{arguments.checkout} holds no array_api_tests; it is not a checkout")
    if not (arguments.checkout / "array-api" / "spec").is_dir():
        parser.error(
            f"the submodule {arguments.checkout / 'array-api'} is empty; run there: "
            f"git submodule update --init"
        )
    return arguments


def start(arguments, name, report, tests=("array_api_tests",), chance="--derandomize"):
    """Start the suite against one library, with as little left to chance as can be."""
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "pytest", *tests, "-q", "-p", "no:cacheprovider"),
            *("--max-examples", str(arguments.max_examples), "--disable-deadline", chance),
            *("-k", arguments.selection, f"--junitxml={report}"),
        ],
        cwd=arguments.checkout,
        env=environment(name),
        stdout=subprocess.DEVNULL,
    )


def environment(name):
    """Both libraries are imported in both runs: what is imported gives hypothesis ideas."""
    path = os.pathsep.join(filter(None, (str(HERE.parents[1]), os.environ.get("PYTHONPATH"))))
    return os.environ | {
        "ARRAY_API_TESTS_MODULE": f"exec('import {REFERENCE}, {OURS}; xp = {name}')",
        "ARRAY_API_TESTS_VERSION": VERSION,
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": path,
    }


def read(report):
    """The outcome of every test by its name: passed, failed or skipped, and the message."""
    if not report.exists():
        sys.exit("pytest could not start the suite: are its requirements.txt installed?")
    cases = ET.parse(report).iter("testcase")  # noqa: S314  # pytest wrote it just now
    return {address(case): outcome(case) for case in cases}


def address(case):
    """What pytest calls a test: its file, its class if it has one, its name."""
    package, module, *classes = case.get("classname").split(".")
    return "::".join((f"{package}/{module}.py", *classes, case.get("name")))


def outcome(case):
    for kind in ("failure", "error", "skipped"):
        if (found := case.find(kind)) is not None:
            return kind, found.get("message", "").partition("\n")[0]
    return PASSED


def skips(path):
    """The tests excepted, each with a reason after `#`."""
    lines = (line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return {line for line in lines if line}


def passing(outcomes):
    return {name for name, (kind, _) in outcomes.items() if kind == PASSED[0]}


def compare(reference, ours, excepted):
    """Print how the two differ; 1 if there is anything to mend."""
    theirs, mine = passing(reference), passing(ours)
    print(f"{REFERENCE} passes {len(theirs)} of {len(reference)} tests, {OURS} {len(mine)}")
    print(f"only {OURS}: {len(mine - theirs)}; excepted: {len(excepted)}")
    missing = sorted(theirs - mine - excepted)
    for name in missing:
        kind, message = ours.get(name, ("absent", ""))
        print(f"{kind}: {name}: {message}")
    stale = sorted(excepted & mine)
    for name in stale:
        print(f"passes, so take it out of {SKIPS.name}: {name}")
    return 1 if missing or stale or not theirs else 0


if __name__ == "__main__":
    main()
