"""The tiers of tests beyond the unit tier, and what each needs of the machine."""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path

from workbench.errors import InputError, shorten

ROOT = Path(__file__).parents[1]
MARKERS = ("node", "wheel", "notebook", "browser")

# Where Chromium or Chrome lies when it is not on the search path.
_APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
)

_known: dict[str, str] = {}


def all_required() -> bool:
    """Return whether a tier that cannot run is a failure: so in continuous integration."""
    return os.environ.get("WORKBENCH_ALL_TIERS", "") not in ("", "0")


def missing(marker: str) -> str:
    """Return why this machine cannot run a tier, or an empty string."""
    if marker not in _known:
        asked = {"node": _node_missing, "wheel": _wheels_missing, "browser": _chromium_missing}
        _known[marker] = asked.get(marker, lambda: "")()
    return _known[marker]


def missing_if_known(marker: str) -> str:
    """Return the reason if some test has asked for it; looking may mean a download."""
    return _known.get(marker, "")


def utf8_environment(**changes: str) -> dict[str, str]:
    """Return this process's environment for a child whose output is read as UTF-8."""
    return os.environ | {"PYTHONUTF8": "1"} | changes


@cache
def find_chromium() -> str:
    """Return the path of a Chromium or Chrome, or an empty string."""
    if named := os.environ.get("WORKBENCH_CHROMIUM"):
        return named if Path(named).is_file() else ""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if found := shutil.which(name):
            return found
    for path in _APPLICATIONS:
        if Path(path).is_file():
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).is_file() else ""


def _chromium_missing() -> str:
    if find_chromium():
        return ""
    return (
        "browser tier left out: no Chromium on this machine; install it, "
        "run `playwright install chromium`, or set WORKBENCH_CHROMIUM"
    )


def _node_missing() -> str:
    import front_end

    return front_end.missing()


def _wheels_missing() -> str:
    from workbench.sources import find_data, find_model

    try:
        find_model("wheel:minilm")
        find_data("wheel:tweets")
    except InputError as error:
        return f"wheel tier left out: {shorten(error, 300)}"
    return ""
