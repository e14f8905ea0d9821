"""Language packs as pairs of texts: what one pack translates, beside what another does.

A pack has gettext's translations as JSON files, `{"": {…}, "English": ["translation"]}`. Several
packs are joined on the English.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ._cache import cache_dir, locked, member_path, write_whole
from .catalogue import Entry, Wheel

ENGLISH = "en"
_CONTEXT = "\u0004"  # gettext: what stands before it tells uses of the same words apart


def pairs_of(entry: Entry) -> Path:
    """Return a file with a line for each text that all packs of an entry have in their language.

    Its columns are `en` and the languages of the packs.
    """
    mark = hashlib.sha256("".join(wheel.sha256 for wheel in entry.wheels).encode()).hexdigest()
    path = cache_dir() / "packs" / f"{entry.name}-{mark[:12]}.jsonl"
    found = {language: read_pack(wheel) for language, wheel in entry.packs.items()}
    first, *others = found.values()
    rows = [
        {ENGLISH: english, **{language: pack[english] for language, pack in found.items()}}
        for english in first
        if all(english in other for other in others)
    ]
    content = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(f"pack-{entry.name}"):  # written anew each time: the packs are checked, this is not
        write_whole(path, content)
    return path


def read_pack(wheel: Wheel) -> dict[str, str]:
    """Return the translations of all files of a pack by their English; the first counts."""
    known: dict[str, str] = {}
    for member in wheel.members:
        for key, forms in json.loads(member_path(wheel, member).read_text("utf-8")).items():
            text = forms[0] if isinstance(forms, list) and forms else ""
            english = key.rpartition(_CONTEXT)[2]
            if english.strip() and text.strip():
                known.setdefault(english, text)
    return known
