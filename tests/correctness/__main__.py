"""`python -m tests.correctness`: see `page`."""

import sys

from tests.correctness.page import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
