"""`python -m micrograd_np`: the command line."""

import sys

from micrograd_np.cli import main

if __name__ == "__main__":
    sys.exit(main(prog="python -m micrograd_np"))
