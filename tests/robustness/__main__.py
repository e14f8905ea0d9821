"""`python -m tests.robustness`: see `page`."""

import sys

from tests.robustness.page import main

if __name__ == "__main__":
    sys.exit(main())
