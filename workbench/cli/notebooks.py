"""`workbench run` (a notebook, headless, through papermill) and `workbench lab`."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..errors import InputError, RunError
from ..language import resolve, translate
from ..runs import RunFolder, list_runs, note_read, open_run, refuse_if_read
from ..runs.commands import quoted
from ..runs.names import cut_name
from ..sources.paths import NOTEBOOK_FOLDER
from ..spec import RunSpec, from_flat, load, to_flat
from .options import add_spec_changes, parse_changes, parse_value
from .screen import complain
from .terminal import download_progress
from .training import print_result

RUN_MIME = "application/vnd.workbench.run+json"
ROOT_OPTIONS = ("--ServerApp.root_dir", "--notebook-dir", "--NotebookApp.notebook_dir")


def add_commands(commands: Any) -> None:
    """Add `run`, `lab` and `app`."""
    run = commands.add_parser(
        "run",
        help=translate("run a notebook headless"),
        description=translate("Run a notebook through papermill with checked parameters."),
    )
    run.add_argument("notebook", metavar="NOTEBOOK")
    run.add_argument("--recipe", metavar="NAME", help=translate("start from a recipe"))
    run.add_argument(
        "-f", "--file", metavar="FILE", help=translate("start from a spec file or run folder")
    )
    run.add_argument(
        "-p", "--parameter", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"),
        help=translate("set a parameter; may be repeated"),
    )  # fmt: skip
    run.add_argument(
        "-o", "--out", metavar="OUT", help=translate("the executed notebook (in the run folder)")
    )
    run.add_argument(
        "--execution-timeout", type=seconds, metavar="SECONDS",
        help=translate("end a cell that runs longer (no limit)"),
    )  # fmt: skip
    add_spec_changes(run)
    run.set_defaults(command=run_notebook)
    lab = commands.add_parser("lab", help=translate("open JupyterLab on the studio"))
    lab.add_argument("notebook", nargs="?", default="notebooks/studio.ipynb")
    lab.add_argument(
        "arguments", nargs=argparse.REMAINDER, help=translate("passed on to jupyter lab")
    )
    lab.set_defaults(command=open_lab)
    app = commands.add_parser(
        "app",
        help=translate("show the studio as an app, without cells, through Voilà"),
        description=translate(
            "Show a notebook as an app: its form and results, without cells or code."
        ),
    )
    app.add_argument("notebook", nargs="?", default="notebooks/studio.ipynb")
    app.add_argument("arguments", nargs=argparse.REMAINDER, help=translate("passed on to voila"))
    app.set_defaults(command=open_app)


def run_notebook(options: argparse.Namespace) -> None:
    """Execute the notebook; a failed run is a failed notebook.

    Raises:
        InputError: parameters are at fault, or the notebook stopped because its input was.
    """
    notebook = read_notebook(Path(options.notebook))
    parameters = checked_parameters(notebook, options)
    out = Path(options.out) if options.out else waiting_place(options.notebook)
    with looking_beside(Path(options.notebook)):
        fetch(notebook, parameters)
        executed = execute(
            Path(options.notebook), out, parameters, bool(options.out), options.execution_timeout
        )
    run_path = run_folder_of(executed)
    if run_path is None:
        print(translate("notebook {path}", path=out))
        return
    run = open_run(run_path)
    keep_headline(executed, run, out)
    if not options.out:
        out = out.replace(run.path / Path(options.notebook).name)
    print_result(run, as_json=False)
    print(translate("notebook {path}", path=out))


def keep_headline(executed: Any, run: RunFolder, out: Path) -> None:
    """Write the metrics of a run into the metadata of its notebook, now in one language."""
    import nbformat

    executed.metadata["workbench"] = run.headline()
    chosen = resolve(run.spec().output.language)
    for cell in executed.cells:
        if cell.cell_type == "markdown":
            cell.source = in_language(cell.source, chosen)
    nbformat.write(executed, out)


def in_language(source: str, language: str) -> str:
    """Return the text of a cell without what it says in other languages."""
    source = re.sub(r'<span class="wb-or">.*?</span>', "", source)
    parts = re.split(r'<span lang="(\w+)">(.*?)</span>', source, flags=re.DOTALL)
    # Between the parts stand, by turns, a language and what is said in it.
    kept = [
        part if number % 3 == 0 else part if parts[number - 1] == language else ""
        for number, part in enumerate(parts)
        if number % 3 != 1
    ]
    return re.sub(r"\n{3,}", "\n\n", "".join(kept)).strip()


@contextmanager
def looking_beside(notebook: Path) -> Iterator[None]:
    """Let files be found beside the notebook as well, here and in its kernel."""
    before = os.environ.get(NOTEBOOK_FOLDER)
    os.environ[NOTEBOOK_FOLDER] = str(notebook.absolute().parent)
    try:
        yield
    finally:
        if before is None:
            del os.environ[NOTEBOOK_FOLDER]
        else:
            os.environ[NOTEBOOK_FOLDER] = before


def read_notebook(path: Path) -> Any:
    """Read a notebook file.

    Raises:
        InputError: there is none, or it is no notebook.
    """
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise InputError(
            "no notebook {path!r}", "give the path of an .ipynb file", path=str(path)
        ) from None
    except (OSError, ValueError, nbformat.reader.NotJSONError) as error:
        raise InputError(
            "{path} is not a notebook ({reason})", "give an .ipynb file", path=path, reason=error
        ) from None


def checked_parameters(notebook: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Return what to inject: the fields that differ from the notebook's own parameters cell.

    Raises:
        SpecError: naming every parameter that no field and no line of the cell has.
    """
    own = own_parameters(notebook)
    wishes = {name: parse_value(value, name) for name, value in options.parameter}
    changes = parse_changes(options.changes)
    wishes |= changes
    if options.recipe or options.file:
        wishes = to_flat(load(options.recipe or options.file)) | short_names(wishes)
    extra = {name: value for name, value in wishes.items() if name in own and not is_field(name)}
    fields = {name: value for name, value in wishes.items() if name not in extra}
    base = {name: value for name, value in own.items() if is_field(name)}
    flat = to_flat(from_flat(fields, base=base, where=translate("the parameters")))
    # A notebook that has only some of the fields is given those, and what was asked for by name.
    asked = short_names({name: None for name, _ in options.parameter} | dict.fromkeys(changes))
    given = {n: v for n, v in flat.items() if n in own or n in asked}
    return {n: v for n, v in given.items() if n not in own or own[n] != v} | extra


def fetch(notebook: Any, parameters: dict[str, Any]) -> None:
    """Fetch what the notebook will train on, if a cell of parameters says it, with a bar.

    Raises:
        SourceError: it cannot be found or fetched; better now than when the kernel has started.
    """
    from ..sources import find_data, find_model
    from ..sources.beside import beside_notebook

    named = {"data_source": find_data, "model_source": find_model}
    values = own_parameters(notebook) | parameters
    with download_progress() as progress:
        for name, find in named.items():
            if values.get(name):
                find(
                    beside_notebook(values[name]),
                    values.get(name.replace("source", "revision")),
                    progress,
                )


def own_parameters(notebook: Any) -> dict[str, Any]:
    """Return what the notebook's own cell of parameters says."""
    from ..spec.cell import parse_cell

    tagged = (c.source for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
    return parse_cell(next(tagged, ""))


def short_names(values: dict[str, Any]) -> dict[str, Any]:
    """Return the mapping with paths replaced by short names."""
    from ..spec import find

    return {(field.name if (field := find(n)) else n): v for n, v in values.items()}


def is_field(name: str) -> bool:
    """Return whether a spec has this field."""
    from ..spec import find

    return find(name) is not None


def waiting_place(notebook: str) -> Path:
    """Return where the executed notebook waits until its run folder is known."""
    return (
        Path("runs")
        / f"{cut_name(Path(notebook).stem, 100)}-{time.strftime('%Y%m%d-%H%M%S')}.ipynb"
    )


def execute(
    notebook: Path, out: Path, parameters: dict[str, Any], keep_failed: bool,
    timeout: int | None = None,
) -> Any:  # fmt: skip
    """Run papermill; turn a notebook that failed over its input into an `InputError`.

    No cell may run longer than `timeout` seconds.
    """
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    from ..training.ending import ending_cleanly

    note_read(notebook)
    refuse_if_read(out)
    made, began = not out.parent.exists(), time.time()
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        with ending_cleanly():
            return papermill.execute_notebook(
                str(notebook),
                str(out),
                parameters=parameters,
                kernel_name="python3",
                progress_bar=sys.stderr.isatty(),
                execution_timeout=timeout,
                stdout_file=_BesideBar(),  # lines of progress, as they come
                extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
            )
    except DeadKernelError:
        raise _broken_off("died", out, parameters, began) from None
    except CellTimeoutError:
        raise _broken_off("late", out, parameters, began) from None
    except KeyboardInterrupt:
        complain(_broken_off("interrupted", out, parameters, began))
        raise
    except PapermillExecutionError as error:
        if error.ename in input_error_names():
            if not keep_failed:
                out.unlink(missing_ok=True)
                if made and not any(out.parent.iterdir()):
                    out.parent.rmdir()
            raise InputError("{reason}", reason=error.evalue) from None
        if error.ename == "KeyboardInterrupt":
            complain(_broken_off("interrupted", out, parameters, began))
            raise KeyboardInterrupt from None
        complain(translate("the notebook failed; it is kept as {path}", path=out))
        raise


def seconds(text: str) -> int:
    """Return a time limit, of a second at least."""
    limit = int(text)
    if limit < 1:
        raise ValueError(text)
    return limit


class _BesideBar:
    """What a notebook prints, on stderr, in place of papermill's bar until that is drawn again."""

    def write(self, words: str) -> None:
        sys.stderr.write(f"\r\x1b[2K{words}" if sys.stderr.isatty() else words)

    def flush(self) -> None:
        sys.stderr.flush()


def _broken_off(how: str, out: Path, parameters: dict[str, Any], began: float) -> RunError:
    """Return how to go on with the run that a notebook was training, if there is one."""
    runs = list_runs(parameters.get("runs_dir", RunSpec().output.runs_dir))
    run = next((run for run in reversed(runs) if run.spec_path.stat().st_mtime >= began), None)
    return RunError(
        "the notebook's kernel died; what was executed is kept as {out}"
        if how == "died"
        else "a cell ran over its time limit; what was executed is kept as {out}"
        if how == "late"
        else "the notebook was interrupted; what was executed is kept as {out}",
        "run it again: no run had started"
        if run is None
        else "resume its run: workbench runs resume {path}",
        out=out,
        path=quoted(run.path) if run else "",
    )


def input_error_names() -> set[str]:
    """Return the names of all errors that are the input's fault."""
    from ..spec import SpecError

    def below(kind: type[Exception]) -> set[str]:
        return {kind.__name__}.union(*map(below, kind.__subclasses__()))

    return below(InputError) | {SpecError.__name__}


def run_folder_of(executed: Any) -> Path | None:
    """Return the run folder that an executed notebook announced in its outputs."""
    for cell in reversed(executed.cells):
        for output in cell.get("outputs", []):
            if RUN_MIME in output.get("data", {}):
                announced = output["data"][RUN_MIME]
                announced = json.loads(announced) if isinstance(announced, str) else announced
                return Path(announced["path"])
    return None


def open_lab(options: argparse.Namespace) -> None:
    """Become JupyterLab, with its root in this folder, on the studio.

    Raises:
        InputError: there is no such notebook or folder.
    """
    place = existing(options.notebook, "lab")
    given = next((w for w in options.arguments if w.startswith(ROOT_OPTIONS) and "=" in w), None)
    root = lab_root(place) if given is None else Path(given.partition("=")[2]).absolute()
    command = [sys.executable, "-m", "jupyterlab", str(place.absolute()), *options.arguments]
    if given is None:
        command.append(f"--ServerApp.root_dir={root}")
    # Kernels start in the notebook's folder; the studio goes back to this one, so that paths
    # mean the same in a notebook, in the file browser and on the command line.
    become(command, {"WORKBENCH_ROOT": str(root)}, "JupyterLab")


def open_app(options: argparse.Namespace) -> None:
    """Become Voilà on a notebook, which is shown as an app.

    Raises:
        InputError: there is no such notebook, or no Voilà.
    """
    place = existing(options.notebook, "app")
    if find_spec("voila") is None:
        raise InputError(
            "the app needs Voilà, which is not installed", 'pip install "model-workbench[app]"'
        )
    command = [sys.executable, "-m", "voila", str(place.absolute()), *options.arguments]
    become(command, {"WORKBENCH_ROOT": str(lab_root(place))}, "Voilà")


def existing(notebook: str, command: str) -> Path:
    """Return the path of a notebook or folder that a command was given.

    Raises:
        InputError: there is none.
    """
    place = Path(notebook)
    if not place.exists():
        raise InputError(
            "no notebook {path!r}, looked for in {folder}",
            "name one, or a folder: workbench lab PLACE"
            if command == "lab"
            else "name one: workbench app NOTEBOOK",
            path=str(place),
            folder=Path.cwd(),
        )
    return place


def become(command: list[str], further: dict[str, str], name: str) -> None:
    """Become a server, with a few more environment variables.

    Raises:
        InputError: it has failed.
    """
    environment = os.environ | further
    if os.name == "posix":  # one process: what is sent to it (SIGTERM, Ctrl-C) the server gets
        os.execve(sys.executable, command, environment)
    code = subprocess.run(command, env=environment, check=False).returncode
    if code:
        raise InputError(
            "{name} ended with code {code}", "its message is above", name=name, code=code
        )


def lab_root(place: Path) -> Path:
    """Return the one folder that file browser, notebook and command line share.

    It is this one; or a folder that was named, or that of a notebook which lies elsewhere.
    """
    if place.is_dir():
        return place.absolute()
    here = place.resolve().is_relative_to(Path.cwd().resolve())
    return Path.cwd() if here else place.absolute().parent
