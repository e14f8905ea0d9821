"""A profile of data in the hand: shown by the cell that ends with it, rows and file on demand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..data.profiling import Finding, Profiled, SourceProfile, profile_source
from ..reporting.profile import plain_text, profile_bundles, write_profile
from ..spec import RunSpec
from .kernel import fetching, is_live


class Profile:
    """What a source holds; `record` is the whole as plain data, `findings` what stands out."""

    def __init__(self, profiled: Profiled) -> None:
        self._profiled = profiled

    @property
    def record(self) -> SourceProfile:
        """Everything that was measured."""
        return self._profiled.profile

    @property
    def findings(self) -> list[Finding]:
        """What was found, what spoils a result first."""
        return self.record.findings

    def rows(self, kind: str) -> Any:
        """Return all rows of a finding, such as `duplicates`, as a pandas frame.

        Raises:
            DataError: nothing of that kind was found.
        """
        return self._profiled.rows(kind)

    def save(self, path: str | Path) -> Path:
        """Write the page as one `.html` file, or everything as `.json`.

        Raises:
            InputError: the file has another ending or cannot be written.
        """
        write_profile(self.record, Path(path))
        return Path(path)

    def __repr__(self) -> str:
        """Return the findings as lines."""
        return plain_text(self.record)

    def _ipython_display_(self) -> None:
        """Show the page and its figures."""
        from IPython.display import display

        for bundle in profile_bundles(self.record):
            display(bundle, raw=True)


def profile(spec: RunSpec, near: bool | None = None, whole: bool = True) -> Profile:
    """Profile a spec's data; `near` and `whole` as in `profile_source`."""
    from ..training.run import quiet_libraries

    with quiet_libraries(), fetching(is_live()) as progress:
        return Profile(profile_source(spec, progress, near, whole))
