"""The studio: one object, one method a section of the notebook, two faces of each.

Live, a section shows itself at once and fills again whenever it is asked to; faults are shown
where they arise, so that "Run All" always reaches the end. Headless, every section does its
work in place and a fault fails the notebook.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .. import language, pipeline, worker
from ..errors import InputError
from ..language import text
from ..runs import RunFolder
from ..runs.commands import rerun_line
from ..spec import RunSpec, first_recipe, from_namespace, load
from . import pages
from .attaching import active_runs, last_finished
from .beside import with_files_found
from .headless import keep_scraps, progress_lines
from .kernel import Slots, fetching, is_live

if TYPE_CHECKING:
    from ..training.prepare import Prepared

RUN_MIME = "application/vnd.workbench.run+json"


class Studio:
    """Data, model, sliders, cost, training, evaluation, attention, report.

    `run` is the latest run of this studio, None before the first.
    """

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self.live = is_live()
        self.run: RunFolder | None = None
        self._prepared: Prepared | None = None
        self._starts = False  # the Start button is there
        self._preparing = threading.RLock()  # clicks and threads prepare, too
        self._after_run: list[Callable[[], None]] = []
        spec = from_namespace(namespace, strict=not self.live)
        language.use(spec.output.language)
        self._form: Any = None
        self._before = False  # the run is one of an earlier session
        if self.live:
            self._show_form(_first(spec))
            self._last_run()
        else:
            self._spec = spec
            Slots(live=False, count=0).fill(pages.spec_page(spec))

    @property
    def spec(self) -> RunSpec:
        """What the sliders say now.

        Raises:
            SpecError: a field holds what it cannot.
        """
        spec = self._form.spec if self._form is not None else self._spec
        language.use(spec.output.language)
        return with_files_found(spec)

    def data(self) -> None:
        """Show the data: preview, label counts, token lengths, share truncated."""
        self._section(
            "data",
            self._data_page,
            count=22,  # page, findings, two a figure: lengths, labels, and up to eight measures
            depends=lambda spec: (spec.task, spec.data, spec.model, spec.train.seed),
        )

    def _data_page(self) -> list[pages.Bundle]:
        prepared = self._prepare()
        return pages.data_page(prepared.profile(), prepared.task)

    def model(self) -> None:
        """Show the model's card."""
        self._section(
            "model",
            lambda: pages.model_page(self._prepare().card()),
            count=1,
            depends=lambda spec: (
                spec.model, spec.adapter, spec.train.per_device_train_batch_size,
                spec.data.max_tokens,
            ),
        )  # fmt: skip

    def cost(self) -> None:
        """Show what the run will cost: steps, memory, time, learning rates."""
        from ..training.estimate import estimate

        def build() -> list[pages.Bundle]:
            prepared = self._prepare()
            return pages.cost_page(estimate(prepared), prepared.precision)

        depends = lambda spec: (spec.task, spec.data, spec.model, spec.adapter, spec.train)  # noqa: E731
        self._section("cost", build, count=3, depends=depends)

    def find_rate(self) -> None:
        """Live, try learning rates at a click and suggest one; headless, say how to do it."""
        if not self.live:
            words = ("studio.rate.intro", "studio.rate.headless")
            Slots(live=False, count=0).fill([pages.note(text(word)) for word in words])
            return
        self._show_finder()

    def train(self) -> None:
        """Headless, train now; live, show the Start button and then the growing curves."""
        if self.live:
            self._show_start()
            return
        from ..training.run import open_run_folder

        prepared = self._prepare()
        self.run = open_run_folder(prepared)
        pipeline.train_prepared(self.run, prepared, progress_lines())
        keep_scraps(self.run)
        Slots(live=False, count=0).fill(pages.curves_page(self.run))

    def evaluation(self) -> None:
        """Show scores against the baselines, curves, calibration, and the worst errors.

        Of a model that writes text also what it writes to the probe sentences, before and after;
        live, it can be asked more.
        """
        self._result("evaluation", lambda: pages.evaluation_page(self._finished()), count=15)
        if self.live:
            self._show_playground()

    def attention(self) -> None:
        """Show where the model looked, before and after; live, in any sentence."""
        from .attending import kept_records

        identity = f"wb-desk-{uuid.uuid4().hex}"
        if self.live:
            self._show_attention(identity)

        def build() -> list[pages.Bundle]:
            return pages.attention_page(*kept_records(self._finished()), identity)

        self._result("attention", build, count=1)

    def report(self) -> None:
        """Say where everything is; the report opens from disk, without network or kernel."""
        self._result("report", self._report_page, count=1)

    def _report_page(self) -> list[pages.Bundle]:
        run = self._finished()
        places = {
            text("studio.report.report"): run.report_path,
            text("studio.report.model"): run.model_path,
            text("studio.report.metrics"): run.evaluation_path / "metrics.json",
            text("studio.report.rerun"): rerun_line(run.spec_path, run.record()),
        }
        shown = pages.page(pages.facts(places), f"report {run.report_path}")
        return [shown | {RUN_MIME: {"path": str(run.path.absolute())}}]

    def _prepare(self) -> Prepared:
        """Return everything the present spec needs, loading only what has changed."""
        with self._preparing:
            return self._prepare_changes()

    def _prepare_changes(self) -> Prepared:
        from ..training.prepare import prepare
        from ..training.run import quiet_libraries

        spec, before = self.spec, self._prepared
        prepared = before.fitted(spec) if before is not None else None
        if prepared is not None and more_labels(prepared):
            prepared = None
        if prepared is None:
            with quiet_libraries(), fetching(self.live) as progress:
                prepared = prepare(spec, progress)
        self._prepared = prepared
        return prepared

    def _finished(self) -> RunFolder:
        if self.run is None:
            raise InputError(text("studio.not_yet"))
        return self.run

    def _last_run(self) -> None:
        """Take the latest finished run, whose results are shown until a new one has some."""
        try:
            self.run = last_finished(self._form.spec.output.runs_dir)
        except InputError:  # a faulty form, or a folder that may not be read, is told elsewhere
            return
        self._before = self.run is not None

    def _section(
        self,
        name: str,
        build: Callable[[], list[pages.Bundle]],
        count: int,
        depends: Callable[[RunSpec], Any],
    ) -> None:
        """Show a section; live, with a button that shows it anew.

        `depends` gives what of the spec the section shows: once that has changed, it says so.
        """
        if not self.live:
            Slots(live=False, count=0).fill([pages.note(self._intro(name)), *build()])
            return
        from ..widgets.studio import section_header

        slots: Slots | None = None
        shown: Any = None

        def show() -> None:
            nonlocal shown
            assert slots is not None
            try:
                spec = self.spec
                slots.fill(build())
                shown = depends(spec)
                if self._starts:  # the data may have become another
                    worker.make_ready(self._prepared)
            except InputError as error:
                slots.fill([pages.fault(error)])
                shown = None
                self._form.mark(error.faults)
            tell_stale(False)

        def compare(form: Any) -> None:
            if shown is not None and not form.fault_text:
                tell_stale(depends(form.spec) != shown)

        words = (text("studio.refresh"), text("studio.stale"))
        tell_stale = section_header(lambda: self._intro(name), *words, show)
        slots = Slots(live=True, count=count)
        show()
        self._form.on_change(compare)

    def _result(self, name: str, build: Callable[[], list[pages.Bundle]], count: int) -> None:
        """Show a section that a finished run fills."""
        if not self.live:
            Slots(live=False, count=0).fill([pages.note(self._intro(name)), *build()])
            return
        slots = Slots(live=True, count=count + 2)

        def show() -> None:
            intro = pages.note(self._intro(name))
            try:
                slots.fill([intro, *self._whose(), *build()])
            except InputError as error:
                slots.fill([intro, pages.note(str(error))])

        show()
        self._after_run.append(show)

    def _intro(self, section: str) -> str:
        """Return what a section is for, in words that fit what the task answers."""
        from ..tasks import load_task

        if section not in ("data", "model", "evaluation"):
            return pages.intro(section)
        try:
            spec = self.run.spec() if section == "evaluation" and self.run else self.spec
            return pages.intro(section, load_task(spec.task).for_model(spec))
        except InputError:  # told elsewhere
            return pages.intro(section)

    def _whose(self) -> list[pages.Bundle]:
        """Return, of results from before, a sentence that says which run they are of."""
        if not self._before or self.run is None:
            return []
        return [pages.note(text("studio.last_run", run=self.run.name))]

    def _show_form(self, spec: RunSpec) -> None:
        from ..widgets.studio import show_form

        self._form = show_form(spec)

    def _show_start(self) -> None:
        from ..widgets.studio import StartPanel

        curves: Slots

        def start() -> RunFolder:
            more = more_labels(self._prepared) if self._prepared is not None else 0
            try:
                prepared = self._prepare()
                self.run = worker.start(prepared.spec, prepared)
            except InputError as error:
                self._form.mark(error.faults)
                raise
            if more and prepared.spec.data.corrections:
                panel.remark = text("studio.more_labels", count=f"{more:,}")
            self._before = False
            curves.fill([])
            return self.run

        def finished(run: RunFolder) -> None:
            self.run, self._before = run, False
            curves.fill(pages.verdict_page(run))
            for show in self._after_run:
                show()
            worker.make_ready(self._prepared)

        panel = StartPanel(start, finished, self._active())
        panel.show()
        worker.make_ready(self._prepared)
        self._starts = True
        curves = Slots(live=True, count=3)
        if self._before and self.run is not None:
            curves.fill([*self._whose(), *pages.curves_page(self.run)])

    def _active(self) -> list[RunFolder]:
        try:
            return active_runs(self._form.spec.output.runs_dir)
        except InputError:
            return []

    def _show_finder(self) -> None:
        from ..training.lr_finder import Finder, find_learning_rate
        from ..widgets.finding import Progress, RatePanel

        tried: RunSpec | None = None

        def without_rate(spec: RunSpec) -> tuple[Any, ...]:
            spec = spec.replace({"train.learning_rate": RunSpec().train.learning_rate})
            return spec.task, spec.data, spec.model, spec.adapter, spec.train

        def find(progress: Progress) -> Finder:
            nonlocal tried
            spec = self.spec
            found = find_learning_rate(self._prepare(), progress=progress)
            tried = spec
            return found

        def take(rate: float) -> None:
            self._form.set_spec(self._form.spec.replace({"train.learning_rate": rate}))

        def compare(form: Any) -> None:
            if tried is not None and not form.fault_text:
                panel.tell_stale(without_rate(form.spec) != without_rate(tried))

        panel = RatePanel(find, lambda found: slots.fill(pages.rate_page(found)), take)
        panel.show()
        slots = Slots(live=True, count=3)
        self._form.on_change(compare)

    def _show_playground(self) -> None:
        """Make the place of the playground, which a finished run fills whose model writes."""
        from ..tasks import load_task
        from ..widgets.studio import show_output
        from .playing import desk_of

        fill = show_output()

        def show() -> None:
            run = self._finished()
            task = load_task(run.spec().task).for_model(run.spec())
            fill([desk_of(run)] if task.is_generative else [])

        if self._before:
            with suppress(InputError):  # the run has lost its model; the section above says so
                show()
        self._after_run.append(show)

    def _show_attention(self, identity: str) -> None:
        from ..attention.opening import open_models
        from ..widgets.studio import AttentionPanel
        from .attending import Answers, kept_records

        known: dict[Any, Answers] = {}

        def answers() -> Answers:
            run = self._finished()
            if run.path not in known:
                known.clear()
                known[run.path] = Answers(open_models(run, "before"))
            return known[run.path]

        def look(sentence: str) -> list[Any]:
            if not sentence.strip():
                return kept_records(self._finished())[0]
            return answers().text(sentence)

        asks = {
            "map": lambda **about: answers().map(**about),
            "formula": lambda **about: answers().formula(**about),
            "causal": lambda **about: answers().causal(**about),
        }
        panel = AttentionPanel(look, asks, lambda: kept_records(self._finished())[1], identity)
        panel.show()
        if self._before:
            panel.refresh()
        self._after_run.append(panel.refresh)


def more_labels(prepared: Prepared) -> int:
    """Return how many records the journal of labels has gained since its labels were read."""
    from ..labelling.journal import open_journal

    asked, used = prepared.asked.data.corrections, prepared.spec.data.corrections
    if not asked or asked == used:
        return 0
    return len(open_journal(asked)) - len(open_journal(used))


def _first(spec: RunSpec) -> RunSpec:
    """Return what the form begins with: nobody having chosen, a first run in the own language."""
    wish = spec.output.language
    untouched = spec.replace({"output.language": RunSpec().output.language}) == RunSpec()
    if not untouched:
        return spec
    first = load(first_recipe())
    return first if wish == "auto" else first.replace({"output.language": wish})
