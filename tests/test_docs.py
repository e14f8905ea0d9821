"""The site of the documentation: it is built without a warning and opens from disk."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest
from tiers import ROOT

import workbench


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("sphinx")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "-q"]
    done = subprocess.run(
        [*command, "-d", str(folder / "trees"), "docs", str(folder / "site")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "site"


class Links(HTMLParser):
    """Collects what a page loads and where it leads."""

    def __init__(self):
        super().__init__()
        self.loaded, self.linked = [], []

    def handle_starttag(self, tag, attributes):
        held = dict(attributes)
        if tag in ("script", "img", "iframe", "source") and held.get("src"):
            self.loaded.append(held["src"])
        elif tag == "link" and held.get("rel") in ("stylesheet", "preload", "icon"):
            self.loaded.append(held["href"])
        elif tag == "a" and held.get("href"):
            self.linked.append(held["href"])


def links_of(page):
    parser = Links()
    parser.feed(page.read_text("utf-8"))
    return parser


def test_every_verb_has_its_place_in_the_reference(site):
    text = (site / "api.html").read_text("utf-8")
    found = set(re.findall(r'id="workbench\.(?:notebook|spec)\.(\w+)"', text))
    assert found == set(workbench.__all__)


def test_pages_load_files_of_the_site_alone(site):
    for page in site.glob("*.html"):
        for address in links_of(page).loaded:
            assert not urlsplit(address).scheme, f"{page.name} loads {address}"
            assert (site / unquote(urlsplit(address).path)).is_file(), f"{page.name}: {address}"


def test_links_between_pages_lead_to_a_file(site):
    for page in site.glob("*.html"):
        for address in links_of(page).linked:
            parts = urlsplit(address)
            if not parts.scheme and parts.path:
                assert (site / unquote(parts.path)).is_file(), f"{page.name}: {address}"
