"""`import workbench` loads nothing heavy and takes milliseconds."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = [
    "torch",
    "transformers",
    "datasets",
    "pandas",
    "numpy",
    "sklearn",
    "pyarrow",
    "ipywidgets",
    "anywidget",
    "plotly",
    "IPython",
    "papermill",
    "pydantic",
]
# The spec is checked by pydantic and the catalogues are YAML; both are light.
HEAVY_FOR_THE_FIRST_FLOOR = [name for name in HEAVY if name != "pydantic"]

PROBE = """
import json, sys, time
began = time.perf_counter()
{statement}
seconds = time.perf_counter() - began
print(json.dumps([seconds, sorted(name.partition(".")[0] for name in sys.modules)]))
"""


def import_in_a_fresh_python(statement: str) -> tuple[float, set[str]]:
    """Return how long a statement took in a new process, and the packages loaded after it."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(statement=statement)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    seconds, modules = json.loads(done.stdout)
    return seconds, set(modules)


def test_importing_the_package_loads_nothing_heavy_and_takes_milliseconds():
    tries = [import_in_a_fresh_python("import workbench") for _ in range(3)]
    assert tries[0][1].isdisjoint(HEAVY)
    assert min(seconds for seconds, _ in tries) < 0.05


@pytest.mark.parametrize(
    "statement",
    [
        "import workbench.spec; workbench.spec.RunSpec()",
        "import workbench.runs",
        "import workbench.language; workbench.language.text('report.title', 'en')",
        "import workbench.errors",
        "from workbench import RunSpec",
        "from workbench.cli import make_parser; make_parser()",
    ],
)
def test_the_ground_floor_and_the_command_line_load_nothing_heavy(statement):
    tries = [import_in_a_fresh_python(statement) for _ in range(3)]
    assert tries[0][1].isdisjoint(HEAVY_FOR_THE_FIRST_FLOOR)
    assert min(seconds for seconds, _ in tries) < 1.0
