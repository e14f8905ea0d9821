"""Fixtures of the browser tier: one Lab and one page a language, one browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.lab import CHROMIUM_ARGUMENTS, Lab, LabPage, running_lab

WIDE = (1280, 1000)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Return headless Chromium."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=chromium, args=list(CHROMIUM_ARGUMENTS), headless=True
        )
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Return one profile for all pages: only the first of them loads Lab from scratch."""
    opened = browser.new_context()
    opened.set_default_timeout(60_000)
    opened.grant_permissions(["clipboard-read", "clipboard-write"])
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def start_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Lab]]:
    """Return a function that gives the running Lab of a language (`en`, `zh`)."""
    running: dict[str, Lab] = {}
    with ExitStack() as stack:

        def start(language: str) -> Lab:
            if language not in running:
                folder = tmp_path_factory.mktemp(f"lab-{language}")
                running[language] = stack.enter_context(running_lab(folder, language))
            return running[language]

        yield start


@pytest.fixture(scope="session")
def kept_pages() -> dict[str, Page]:
    """Return the page of each language that is kept from test to test, once it is there."""
    return {}


@pytest.fixture
def open_page(
    context: BrowserContext,
    kept_pages: dict[str, Page],
    start_lab: Callable[[str], Lab],
    artifacts: Path,
) -> Iterator[Callable[..., LabPage]]:
    """Return a function that gives a page; `open_page("zh", size=(600, 900))`.

    It is one on which Lab is loaded already, unless with `kept=False`, for tests that reload or
    close it.

    Raises:
        AssertionError: when the test ends, if a script on one of its pages has failed.
    """
    with ExitStack() as stack:
        pages: list[LabPage] = []

        def make(language: str = "en", size: tuple[int, int] = WIDE, kept: bool = True) -> LabPage:
            lab = start_lab(language)
            stack.callback(lab.stop_kernels)
            page = kept_pages.get(language) if kept else None
            if page is None or page.is_closed():
                page = context.new_page()
            page.set_viewport_size({"width": size[0], "height": size[1]})
            pages.append(LabPage(page, lab, artifacts, kept))
            if kept:
                kept_pages[language] = page
                page.bring_to_front()  # the pages of other languages paint seldom meanwhile
                stack.callback(pages[-1].close_notebooks)
            else:
                stack.callback(page.close)
            return pages[-1]

        yield make
        assert [error for page in pages for error in page.errors] == []
