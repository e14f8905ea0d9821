"""Make the pictures of the READMEs and docs, in each language.

    python tests/browser/screenshots.py
    python tests/browser/screenshots.py playground --data alpaca/alpaca_data.json
    python tests/browser/screenshots.py playground --run runs/alpaca

The studio learns the built-in tweets: about two minutes a language. In the playground, SmolLM2
answers before and after it has learned from 80 instructions of Alpaca, in 20 steps (some two
minutes), or in a run of the recipe `alpaca` that you name. Needs Chromium (`WORKBENCH_CHROMIUM`
names it where it is not found).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from playwright.sync_api import Page, sync_playwright  # noqa: E402
from tiers import find_chromium  # noqa: E402

from tests.browser.lab import CHROMIUM_ARGUMENTS, LabPage, running_lab  # noqa: E402

IMAGES = ROOT / "notebooks" / "images"
SIZE = {"width": 1280, "height": 900}


# What is asked in the playground, one question after the other.
QUESTIONS = {
    "en": ["Name three colours.", "Which of them is the colour of the sky?"],
    "zh": ["说出三种颜色。", "Name three colours."],
}


def main() -> None:
    """Write pictures into `notebooks/images/`, such as `studio-en.png`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", nargs="?", default="studio", choices=["studio", "playground"])
    parser.add_argument("--data", type=Path, help="alpaca_data.json, to be learned from")
    parser.add_argument("--run", type=Path, help="a run of the recipe alpaca, to talk to")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.picture == "studio":
            photograph_all(Path(folder), photograph)
            return
        if options.run is None and options.data is None:
            parser.error("the playground needs --data or --run")
        run = options.run or train(options.data, Path(folder))
        photograph_all(Path(folder), partial(converse, run=run.absolute()))


def photograph_all(folder: Path, take: Callable[[LabPage, str], None]) -> None:
    """Take a picture in a JupyterLab of each language."""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=list(CHROMIUM_ARGUMENTS)
        )
        for language in ("en", "zh"):
            with running_lab(folder / f"lab-{language}", language) as lab:
                page = browser.new_page(viewport=SIZE)
                take(LabPage(page, lab, IMAGES), language)
                page.close()
        browser.close()


def train(data: Path, folder: Path) -> Path:
    """Let the recipe `alpaca` learn for 20 steps, without what the pictures do not show."""
    settings = [
        f"data.source={data.absolute()}", f"output.runs_dir={folder}", "output.run_name=alpaca",
        "data.max_train_rows=80", "data.max_validation_rows=4", "data.max_tokens=96",
        "train.max_steps=20", "train.learning_rate=1e-3", "train.eval_steps=20",
        "evaluate.baselines=false", "inspect.probes=[]",
    ]  # fmt: skip
    command = [sys.executable, "-m", "workbench", "train", "alpaca"]
    command += [part for setting in settings for part in ("--set", setting)]
    subprocess.run(command, cwd=ROOT, check=True)
    return folder / "alpaca"


def converse(lab: LabPage, language: str, run: Path) -> None:
    """Ask both models of a run, and take a picture of what they answered."""
    call = f"import workbench as wb\nwb.playground({str(run)!r})"
    lab.open(lab.lab.write_notebook("playground.ipynb", call))
    lab.run_all(seconds=300)
    desk = lab.page.locator(".wb-playground")
    desk.locator("[data-name=max_new_tokens]").fill("40")
    for number, question in enumerate(QUESTIONS[language]):
        desk.locator("textarea").fill(question)
        desk.locator("textarea").press("Enter")
        desk.locator(".wb-settings:not(:empty)").nth(number).wait_for(timeout=600_000)
        desk.locator("[aria-busy=false]").wait_for()
    desk.locator(".wb-side").last.locator(".wb-token:not(:empty)").first.hover()
    sys.stdout.write(f"{lab.screenshot(f'playground-{language}', desk)}\n")


def photograph(lab: LabPage, language: str) -> None:
    """Train in the studio, and take its picture while the curve is growing."""
    studio = (ROOT / "notebooks" / "studio.ipynb").read_text("utf-8")
    (lab.lab.root / "studio.ipynb").write_text(studio, encoding="utf-8")
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
