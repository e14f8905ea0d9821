"""A profile of data as one HTML file, as plain data, and as what a notebook shows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup

from .. import figures, language
from ..data.profiling import SourceProfile
from ..data.profiling.record import split_title
from ..errors import InputError, shorten
from ..figures.output import html_output
from ..language import text
from ..runs import write_output
from .parts import drawing, file, template

SECTIONS = ("overview", "findings", "lengths", "columns")
ENDINGS = (".html", ".json")
# What is said of a row of these kinds is which other row it is like.
COPIES = ("duplicates", "near_duplicates", "leak_exact", "leak_near")

# So that the tables need no style of the page they land on.
_STYLE = (
    ".workbench-profile table{border-collapse:collapse}.workbench-profile .scroll{overflow-x:auto}"
    ".workbench-profile :is(th,td){text-align:left!important;vertical-align:top;"
    "padding:.25em .7em;max-width:40em;overflow-wrap:break-word}"
    ".workbench-profile :is(thead th,.number){white-space:nowrap}"
    ".workbench-profile :is(.name,.why){min-width:6em}"
    ".workbench-profile summary{cursor:pointer;padding:.15em 0}"
)


def check_ending(path: Path) -> None:
    """Refuse a file whose ending says nothing that can be written.

    Raises:
        InputError: naming the endings that can.
    """
    if path.suffix not in ENDINGS:
        raise InputError(
            "--out {name!r} has an ending that cannot be written",
            "end it in {endings}",
            name=path.name,
            endings=", ".join(ENDINGS),
        )


def write_profile(profile: SourceProfile, path: Path) -> None:
    """Write a profile as `.html`, one file that needs no network, or as `.json`.

    Raises:
        InputError: the file has another ending or cannot be written.
    """
    check_ending(path)
    if path.suffix == ".json":
        plain = json.dumps(profile.to_dict(None), ensure_ascii=False, indent=1, default=str)
        write_output(path, plain + "\n")
    else:
        write_output(path, render_profile(profile))


def render_profile(profile: SourceProfile) -> str:
    """Return a profile as one HTML document in the current language."""
    pictures = [drawing(figure) for figure in profile_figures(profile)]
    return template("profile.html.j2").render(
        _fill(profile)
        | {
            "language": language.current(),
            "css": Markup(file("page.css")),
            "pictures": pictures,
            "sections": [name for name in SECTIONS if name != "columns" or profile.columns],
        }
    )


def profile_bundles(profile: SourceProfile) -> list[dict[str, Any]]:
    """Return a profile as mime bundles for a notebook: the page, its figures, how to read them."""
    body = template("profile_body.html.j2").render(_fill(profile) | {"pictures": []})
    page = html_output(_styled(body), plain_text(profile), "workbench-profile")
    return [page, *figures.explained(*profile_figures(profile))]


def profile_figures(profile: SourceProfile) -> list[go.Figure]:
    """Return the figures that the profile has something to show in."""
    shown = [
        (profile.label_counts, figures.label_counts),
        (profile.tokens.get("edges"), figures.length_histogram),
        (profile.tokenizer, figures.truncated_shares),
        (profile.languages, figures.languages),
        (profile.scripts, figures.scripts),
        (any(column.missing for column in profile.columns), figures.missing_cells),
    ]
    drawn = [draw(profile) for held, draw in shown if held]
    return drawn + [figures.measure_histogram(profile, name) for name in profile.measures]


def plain_text(profile: SourceProfile) -> str:
    """Return the findings as lines of text, the harmful ones first."""
    lines = [f"{'✗' if one.harmful else '·'} {one.sentence()}" for one in profile.findings]
    return "\n".join([_lead(profile), *lines])


def _lead(profile: SourceProfile) -> str:
    harmful = sum(finding.harmful for finding in profile.findings)
    return text(
        "profile.lead",
        rows=f"{sum(profile.rows.values()):,}",
        columns=len(profile.columns) or len(profile.roles),
        harmful=harmful,
        others=len(profile.findings) - harmful,
    )


def _fill(profile: SourceProfile) -> dict[str, Any]:
    return {
        "p": _words,
        "source": shorten(profile.source, 200),
        "lead": _lead(profile),
        "facts": _facts(profile),
        "notes": profile.notes,
        "findings": shown_findings([one.to_dict() for one in profile.findings]),
        "columns": profile.columns,
    }


def shown_findings(findings: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return findings, as plain data, with the words of the table of their first rows."""
    return [one | _shown(one) for one in findings]


def _shown(finding: dict[str, Any]) -> dict[str, Any]:
    kind, rows = finding["kind"], finding["examples"]
    said = text("profile.all_rows", count=f"{finding['count']:,}", kind=kind)
    return {
        "shown": said if finding["count"] > len(rows) else "",
        "reason_column": "like" if kind in COPIES else "why",
        "examples": [row | {"split": split_title(row["split"])} for row in rows],
    }


def findings_bundle(findings: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return findings, as plain data, as a mime bundle: each above its first rows."""
    body = template("findings.html.j2").render(p=_words, findings=shown_findings(findings))
    said = "\n".join(one["sentence"] for one in findings) or _words("nothing")
    return html_output(_styled(body), said, "workbench-profile")


def _styled(body: str) -> str:
    return f"<style>{_STYLE}</style>{body}"


def _words(key: str) -> str:
    return text(f"profile.{key}")


def _facts(profile: SourceProfile) -> dict[str, str]:
    """Return what is known of the whole source, by name."""
    comma = text("report.comma")
    facts: dict[str, Any] = {
        "source": profile.source,
        "rows": comma.join(
            f"{n:,}" if s == "all" else f"{split_title(s)} {n:,}" for s, n in profile.rows.items()
        ),
        "roles": comma.join(
            f"{role} ← {comma.join(place) if isinstance(place, list) else place}"
            for role, place in profile.roles.items()
        ),
    }
    named = {text(f"profile.{name}"): value for name, value in facts.items()}
    for split, found in profile.detected.items():
        for name, value in found.items():
            title = text(f"report.data.{name}")
            several = len(profile.rows) > 1
            of_split = text("profile.of_split", name=title, split=split_title(split))
            named[of_split if several else title] = value
    if profile.tokenizer:
        tokens = profile.tokenizer
        measured = {
            "tokenizer": tokens.model,
            "unknown_share": f"{tokens.unknown_share:.2%}",
            "single_character_share": f"{tokens.single_character_share:.1%}",
            "per_character": f"{tokens.per_character:.2f}",
            "per_word": f"{tokens.per_word:.2f}",
        }
        named |= {text(f"profile.{name}"): value for name, value in measured.items()}
    return named | {text("profile.fingerprint"): profile.fingerprint}
