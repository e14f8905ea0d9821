"""`workbench evaluate`, `predict`, `chat`, `attend`, `report`: looking at a finished run."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import InputError, RunError, shorten
from ..language import translate
from ..runs import RunFolder, open_run, require_writable, write_output
from ..runs.commands import quoted
from ..runs.evaluation import Evaluation
from .chatting import chat
from .options import add_json, add_runs_dir, add_trust, open_trusted
from .output import padded, word
from .screen import print_json
from .terminal import is_piped_in


def add_commands(commands: Any) -> None:
    """Add the commands."""
    evaluate_parser = commands.add_parser(
        "evaluate", help=translate("score a run, or its model on a new file")
    )
    evaluate_parser.add_argument(
        "--data", metavar="FILE", help=translate("labelled data; left out, the run's own")
    )
    evaluate_parser.add_argument(
        "--predictions", metavar="FILE", help=translate("also write each row, worst first (.jsonl)")
    )
    add_json(evaluate_parser)
    predict_parser = commands.add_parser(
        "predict", help=translate("predict texts with a run's model")
    )
    predict_parser.add_argument(
        "--file",
        metavar="FILE",
        help=translate("one text a line, or .jsonl with an object by role a line"),
    )
    predict_parser.add_argument(
        "--with", metavar="ROLE=TEXT", action="append", default=[], dest="given",
        help=translate("what the task needs besides: --with text_pair=…, --with context=…"),
    )  # fmt: skip
    add_json(predict_parser)
    attend_parser = commands.add_parser(
        "attend", help=translate("see where a model looks in a text")
    )
    attend_parser.add_argument(
        "--out", metavar="FILE", required=True, help=translate(".html, .png, .svg or .json")
    )
    attend_parser.add_argument(
        "--pair", metavar="TEXT", help=translate("a second text, or a translation")
    )
    attend_parser.add_argument(
        "--against",
        metavar="MODEL_OR_RUN",
        help=translate("compare with it; `before`: before fine-tuning"),
    )
    attend_parser.add_argument(
        "--check",
        choices=("occlusion", "input_x_gradient"),
        help=translate("keep a causal check, too"),
    )
    attend_parser.add_argument(
        "--layer", type=int, help=translate("counted from 1; left out, the last")
    )
    attend_parser.add_argument(
        "--head", type=int, help=translate("counted from 1; left out, the mean")
    )
    chat_parser = commands.add_parser(
        "chat",
        help=translate("talk to a run's model, before fine-tuning and after it"),
        description=translate(
            "Each line is asked of the run's model; Ctrl-D ends. For models that write."
        ),
    )
    chat_parser.add_argument(
        "--before", action="store_true", help=translate("ask the model before fine-tuning, too")
    )
    for name, help_text in (
        ("temperature", translate("0 takes the likeliest token each time (0)")),
        ("top-p", translate("draw only from the likeliest tokens with so much probability (1)")),
        ("repetition-penalty", translate("above 1, repeat less (1)")),
        ("max-new-tokens", translate("cut an answer after so many tokens (as in the run)")),
        ("seed", translate("the same question and seed give the same answer (as in the run)")),
    ):
        chat_parser.add_argument(f"--{name}", metavar="NUMBER", help=help_text)
    add_json(chat_parser)
    report_parser = commands.add_parser("report", help=translate("write a run's report.html anew"))
    for parser, command in (
        (evaluate_parser, evaluate),
        (predict_parser, predict),
        (attend_parser, attend),
        (chat_parser, chat),
        (report_parser, report),
    ):
        looks = parser is attend_parser
        parser.add_argument(
            "run",
            metavar="MODEL_OR_RUN" if looks else "RUN",
            help=translate(
                "a run's name or folder, or a model's source" if looks else "a run's name or folder"
            ),
        )
        add_runs_dir(parser)
        if parser is not report_parser:
            add_trust(parser)
        parser.set_defaults(command=command)
    predict_parser.add_argument(
        "text", nargs="*", help=translate("texts; left out, read from stdin")
    )
    attend_parser.add_argument("text", help=translate("the text to look at"))


def evaluate(options: argparse.Namespace) -> None:
    """Print a run's scores, on its own validation rows or on another file."""
    run = open_trusted(options)
    if options.predictions and not options.data:
        raise InputError(
            "--predictions needs --data FILE",
            "the run's own are in {path}",
            path=run.evaluation_path / "predictions.parquet",
        )
    if options.data:
        from ..evaluation.run import evaluate_file

        if options.predictions:
            require_writable(Path(options.predictions))
        metrics, rows = evaluate_file(run, options.data)
        if options.predictions:
            lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            write_output(Path(options.predictions), "".join(lines))
    else:
        metrics = run.metrics()
        if not metrics:
            raise InputError(
                "the run {run} has not been evaluated", "give --data FILE", run=run.name
            )
    if options.json:
        print_json(metrics)
        return
    try:
        print("\n".join(_score_lines(metrics)))
    except (LookupError, TypeError, ValueError, AttributeError) as error:  # of somebody else
        raise RunError(
            "{path} is damaged ({reason})",
            "evaluate again: workbench evaluate {run}",
            path=run.evaluation_path / "metrics.json",
            reason=shorten(f"{type(error).__name__}: {error}"),
            run=quoted(run.path),
        ) from None


def _score_lines(metrics: Evaluation) -> Iterator[str]:
    yield translate(
        "{count} {count:row|rows} of {split}", count=metrics["rows"], split=metrics["split"]
    )
    for name, value in metrics["metrics"].items():
        if value is not None:
            yield f"{padded(name, 24)}{value:.4f}"
    for entry in metrics.get("per_class", []):
        scores = [f"{word(name)} {entry[name]:.4f}" for name in ("precision", "recall", "f1")]
        support = f"{word('support')} {entry['support']}"
        yield f"{entry['label']:24}" + "  ".join([*scores, support])
    parts = {entry["label"]: entry for entry in metrics.get("per_number", [])}
    for label, entry in (parts if len(parts) > 1 else metrics.get("aspects", {})).items():
        values = [(name, value) for name, value in entry.items() if isinstance(value, float)]
        yield f"{label:24}" + "  ".join(f"{word(name)} {value:.4f}" for name, value in values)


def predict(options: argparse.Namespace) -> None:
    """Print one prediction a text, as the task says it in a line."""
    from ..evaluation.run import predict_texts
    from ..tasks import load_task

    run = open_trusted(options)
    line = load_task(run.spec().task).for_model(run.spec()).line
    for answer in predict_texts(run, texts_to_predict(options), _given(options)):
        if options.json:
            print_json(answer)
        else:
            print(line(answer))


def _given(options: argparse.Namespace) -> dict[str, str]:
    pairs = [one.partition("=") for one in options.given]
    if bare := next((name for name, mark, _ in pairs if not mark), None):
        raise InputError("--with {bare!r} holds no text", "write it as --with ROLE=TEXT", bare=bare)
    return {name: held for name, _, held in pairs}


def texts_to_predict(options: argparse.Namespace) -> list[Any]:
    """Return the texts from arguments, a file, or stdin, in this order of preference."""
    if options.text:
        return options.text
    if options.file:
        try:
            content = Path(options.file).read_bytes().decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                "cannot read {path!r} ({reason})",
                "give a UTF-8 file with one text a line",
                path=options.file,
                reason=error,
            ) from None
    elif is_piped_in():
        try:
            content = sys.stdin.buffer.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(
                "what comes on stdin is not UTF-8 ({reason})",
                "convert it, or give it with --file",
                reason=error,
            ) from None
    else:
        content = ""
    # Not splitlines: a text may hold other line separators of Unicode.
    lines = [line.rstrip("\r") for line in content.split("\n") if line.strip()]
    if not str(options.file).endswith(".jsonl"):
        return lines
    try:
        return [dict(json.loads(line)) for line in lines]
    except (ValueError, TypeError) as error:
        raise InputError(
            "{path!r} holds something else than objects ({reason})",
            'write one object a line, such as {{"text": "…"}}',
            path=options.file,
            reason=error,
        ) from None


def attend(options: argparse.Namespace) -> None:
    """Write where a model looks in a text, alone or against another."""
    from ..attention.opening import open_and_attend
    from ..reporting.attention_page import write_look

    source, against = (
        _attention_page(options.run, options),
        _attention_page(options.against, options),
    )
    _, records = open_and_attend(source, options.text, options.pair, against, options.check)
    write_look(records, Path(options.out), options.layer, options.head)
    print(options.out)


def _attention_page(name: str | None, options: argparse.Namespace) -> Any:
    """Return the run of that name if there is one; else the name, as a model's source."""
    if name is None or name == "before":
        return name
    try:
        run = open_run(name, options.runs_dir)
    except RunError:
        return name
    if options.trusts and name == options.run:
        run.trust_code()
    return run


def report(options: argparse.Namespace) -> None:
    """Write `report.html` from what lies in the run folder."""
    from ..reporting import write_report

    run: RunFolder = open_run(options.run, options.runs_dir)
    print(write_report(run))
