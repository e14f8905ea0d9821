"""Make the pictures of the READMEs: the studio learning the built-in tweets, in each language.

    python tests/browser/screenshots.py

Needs Chromium (`WORKBENCH_CHROMIUM` names it where it is not found) and takes about two minutes a
language.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from playwright.sync_api import Page, sync_playwright  # noqa: E402
from tiers import find_chromium  # noqa: E402

from tests.browser.lab import CHROMIUM_ARGUMENTS, LabPage, running_lab  # noqa: E402

IMAGES = ROOT / "notebooks" / "images"
SIZE = {"width": 1280, "height": 900}


def main() -> None:
    """Write `notebooks/images/studio-en.png` and `studio-zh.png`."""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=list(CHROMIUM_ARGUMENTS)
        )
        for language in ("en", "zh"):
            with (
                tempfile.TemporaryDirectory() as folder,
                running_lab(Path(folder) / "lab", language) as lab,
            ):
                studio = (ROOT / "notebooks" / "studio.ipynb").read_text("utf-8")
                (lab.root / "studio.ipynb").write_text(studio, encoding="utf-8")
                page = browser.new_page(viewport=SIZE)
                photograph(LabPage(page, lab, IMAGES), language)
                page.close()
        browser.close()


def photograph(lab: LabPage, language: str) -> None:
    """Train in the studio, and take its picture while the curve is growing."""
    lab.open("studio.ipynb")
    lab.run_all(seconds=300)
    lab.page.locator(".jp-Notebook button.mod-primary:visible").first.click()
    chart = lab.page.locator(".wb-live").first
    chart.locator("canvas").first.wait_for(timeout=120_000)
    wait_for_step(lab.page, 90)
    lab.page.evaluate(
        """() => {
            const headings = [...document.querySelectorAll(".jp-Notebook h2")];
            headings.find((h) => h.textContent.startsWith("6")).scrollIntoView();
        }"""
    )
    lab.page.wait_for_timeout(1000)
    path = lab.screenshot(f"studio-{language}")
    sys.stdout.write(f"{path}\n")


def wait_for_step(page: Page, step: int) -> None:
    """Wait until the live chart has come to a step."""
    page.wait_for_function(
        """(step) => {
            const words = document.querySelector(".wb-live .wb-state")?.textContent ?? "";
            return Number(words.match(/\\d+/)?.[0] ?? 0) >= step;
        }""",
        arg=step,
        timeout=300_000,
    )


if __name__ == "__main__":
    main()
