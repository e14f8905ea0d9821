"""A million rows: profile, eight steps of cleaning, near-duplicates; beside pandas, datasketch.

The rows are chains of the words of the built-in tweets, with dirt put in: markup, entities,
addresses, wrong decoding, labels written in several ways, exact and near copies. Each part runs
in a process of its own, of which the highest use of memory is told. datasketch is given fewer
rows, for it would take most of an hour; its time grows with their number.

    python tests/bench/cleaning.py [--rows 1000000] [--rival-rows 50000]
"""

from __future__ import annotations

import argparse
import csv
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

STEPS = [
    "fix_text", "html", "control", "mask", "whitespace", "length(min=3)", "labels", "duplicates",
]  # fmt: skip
LABELS = (("positive", "Positive", "pos"), ("negative", "NEGATIVE", "neg "))
DIRT = (
    " <b>&amp;</b> ",
    "  http://t.co/x1 ",
    " @someone ",
    " Iâ€™m ",
    " &quot;so&quot; ",
    "\u200b",
)


def main() -> None:
    """Make the rows, run every part, and print what each took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rival-rows", type=int, default=50_000)
    parser.add_argument("--part", nargs=2, metavar=("NAME", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        name, file = options.part
        PARTS[name](Path(file))
        return
    with tempfile.TemporaryDirectory() as folder:
        many, few = Path(folder) / "rows.csv", Path(folder) / "few.csv"
        write_rows(many, options.rows)
        write_rows(few, options.rival_rows)
        print(f"{options.rows:,} rows, {many.stat().st_size / 1e6:.0f} MB; {len(STEPS)} steps")
        for name, file in (("ours", many), ("pandas", many), ("near", many)):
            run_part(name, file)
        for name in ("near", "datasketch"):
            run_part(name, few)


def run_part(name: str, file: Path) -> None:
    """Run one part in a process of its own."""
    subprocess.run([sys.executable, __file__, "--part", name, str(file)], check=True)


def tell(what: str, began: float) -> None:
    """Print how long something took, and the memory that its process had at most."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )
    print(f"{what}: {time.perf_counter() - began:.1f} s, {peak / 1e9:.2f} GB", flush=True)


def ours(file: Path) -> None:
    """Profile the source as it is, and clean it; each reads the file."""
    from workbench.data.cleaning.source import open_all
    from workbench.data.profiling.run import profile_source
    from workbench.spec import RunSpec

    spec = RunSpec().replace({"data.source": str(file)})
    began = time.perf_counter()
    profile_source(spec)
    tell("workbench, profile", began)
    cleaned = open_all(spec.replace({"data.cleaning": STEPS}))[0].clean()
    tell(f"workbench, profile and clean ({len(cleaned.table.frame):,} rows left)", began)


def pandas_script(file: Path) -> None:
    """Read and clean with what a plain script has at hand: the methods of `Series.str`."""
    import html

    import pandas
    from ftfy import fix_encoding

    began = time.perf_counter()
    frame = pandas.read_csv(file, dtype=str, keep_default_na=False)
    text = frame["text"].map(fix_encoding)
    text = text.str.replace(r"<[^>]*>", "", regex=True).map(html.unescape)
    text = text.str.replace(r"[\x00-\x08\x0b\x0c\x0e-\x1f\u200b\ufeff]", "", regex=True)
    text = text.str.replace(r"https?://\S+", "[URL]", regex=True)
    text = text.str.replace(r"\S+@\S+\.\S+", "[EMAIL]", regex=True)
    text = text.str.replace(r"@\w+", "[HANDLE]", regex=True)
    frame["text"] = text.str.replace(r"\s+", " ", regex=True).str.strip()
    frame = frame[frame["text"].str.len() >= 3]
    named = {form.strip().lower(): forms[0] for forms in LABELS for form in forms}
    frame["label"] = frame["label"].str.strip().str.lower().map(named)
    keys = frame["text"].str.lower()
    left = frame[~keys.to_frame().assign(label=frame["label"]).duplicated()]
    tell(f"plain pandas script ({len(left):,} rows left)", began)


def near(file: Path) -> None:
    """Find near-duplicates by our MinHash."""
    from workbench.data.duplicates import near_duplicates

    keys = texts_of(file)
    began = time.perf_counter()
    found = near_duplicates(keys)
    tell(f"workbench, near-duplicates of {len(keys):,} ({len(found):,} found)", began)


def datasketch(file: Path) -> None:
    """Find near-duplicates as datasketch's own examples do: the same shingles, 128 permutations."""
    from datasketch import MinHash, MinHashLSH

    from workbench.data.duplicates import shingles

    keys = texts_of(file)
    began = time.perf_counter()
    index = MinHashLSH(threshold=0.8, num_perm=128)
    found = 0
    pieces = ([piece.encode() for piece in shingles(key)] for key in keys)
    for number, signature in enumerate(MinHash.generator(pieces, num_perm=128)):
        if index.query(signature):
            found += 1
        else:
            index.insert(number, signature)
    tell(f"datasketch, near-duplicates of {len(keys):,} ({found:,} found)", began)


PARTS = {"ours": ours, "pandas": pandas_script, "near": near, "datasketch": datasketch}


def texts_of(file: Path) -> list[str]:
    """Return the keys of the texts of a file."""
    from workbench.data.duplicates import text_key

    with file.open(encoding="utf-8", newline="") as rows:
        return [text_key(row["text"]) for row in csv.DictReader(rows)]


def write_rows(file: Path, count: int) -> None:
    """Write rows, 5 in 100 of them exact copies, 10 near copies, 30 with dirt; by a fixed seed."""
    draw = random.Random(0)
    base: list[tuple[str, int]] = [
        (text, draw.randrange(2)) for text in chains(draw, count * 85 // 100)
    ]
    rows = list(base)
    while len(rows) < count:
        text, label = draw.choice(base)
        words = text.split()
        if draw.random() < 2 / 3:
            words[draw.randrange(len(words))] = draw.choice(("really", "xx", "so"))
        rows.append((" ".join(words), label))
    draw.shuffle(rows)
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["text", "label"])
        for text, label in rows:
            if draw.random() < 0.3:
                place = draw.randrange(len(text) + 1)
                text = f"{text[:place]}{draw.choice(DIRT)}{text[place:]}"  # noqa: PLW2901
            writer.writerow([text, draw.choice(LABELS[label])])


def chains(draw: random.Random, count: int) -> list[str]:
    """Return texts as long as tweets, each word one that follows the word before it in a tweet."""
    from workbench.data.cleaning.source import open_all
    from workbench.spec import RunSpec

    after: dict[str, list[str]] = defaultdict(list)
    firsts: list[str] = []
    lengths: list[int] = []
    for text in open_all(RunSpec())[0].table.frame["text"]:
        words = text.split()
        if words:
            firsts.append(words[0])
            lengths.append(len(words))
            for one, other in pairwise(words):
                after[one].append(other)
    texts = []
    for _ in range(count):
        words = [draw.choice(firsts)]
        for _ in range(draw.choice(lengths) - 1):
            words.append(draw.choice(after.get(words[-1]) or firsts))
        texts.append(" ".join(words))
    return texts


if __name__ == "__main__":
    main()
