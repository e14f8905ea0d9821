"""How Sphinx makes the site of the documentation: `make docs`."""

from __future__ import annotations

from importlib.metadata import version as version_of
from pathlib import PurePosixPath
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref

project = "Model Workbench"
version = release = version_of("model-workbench")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
root_doc = "index"

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
default_role = "code"
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_numpy_docstring = False
napoleon_custom_sections = ["Shapes", "Units", ("Source", "notes_style")]
maximum_signature_line_length = 80

html_theme = "furo"
html_title = project
html_show_sphinx = False
html_copy_source = False

# Files at the top of the repository, and the pages that show them here.
TOP = {
    "README": "index",
    "README.zh": "readme-zh",
    "CHANGELOG": "changelog",
    "CONTRIBUTING": "contributing",
    "SECURITY": "security",
}


def link_top(app: Any, tree: nodes.document) -> None:
    """Link files at the top of the repository to their pages; LICENSE becomes plain text."""
    for node in list(tree.findall(pending_xref)):
        name = PurePosixPath(node["reftarget"]).name.removesuffix(".md")
        if name in TOP:
            node.replace_self(nodes.reference("", "", *node.children, refuri=f"{TOP[name]}.html"))
        elif name == "LICENSE":
            node.replace_self(node.children)


def setup(app: Any) -> None:
    """Add the links to the pages from the top of the repository."""
    app.connect("doctree-read", link_top)
