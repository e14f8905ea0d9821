"""The curves of a run while it learns: a chart that is sent only what is new.

A thread reads the run's events, at most twice a second, and sends the new points as binary
pairs. The chart's traits stay empty, so a saved notebook does not grow; when the run ends, a
static record takes the chart's place.
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable
from typing import Any

import anywidget
import traitlets

from .. import language as languages
from ..runs import Event, EventReader, RunFolder, RunState
from . import STATIC
from .routing import answer_at_once

SECONDS_BETWEEN_UPDATES = 0.5


class LiveChart(anywidget.AnyWidget):
    """The loss, validation scores and learning rate of a run by step, growing with its events.

    `start` begins to watch in a thread; `update` looks once. The run may be anybody's: only its
    event file is read.
    """

    _esm = STATIC / "live.js"
    _css = STATIC / "live.css"
    run_name = traitlets.Unicode().tag(sync=True)
    labels = traitlets.Dict().tag(sync=True)

    def __init__(self, run: RunFolder, language: str | None = None) -> None:
        self._language = language or languages.current()
        self._state = RunState()
        self._reader = EventReader(run.events_path)
        self._points: dict[str, array[float]] = {}
        self._about: dict[str, dict[str, Any]] = {}
        # The watching thread and the front end's questions meet in these.
        self._lock = threading.Lock()
        self._closing = threading.Event()
        super().__init__(run_name=run.name, labels=self._labels())
        self.on_msg(self._received)
        answer_at_once(self)

    @property
    def ended(self) -> bool:
        """Whether the run is over and everything of it has been sent."""
        return self._state.ended

    def start(self, on_end: Callable[[], None] | None = None) -> threading.Thread:
        """Watch until the run ends or the chart is closed; then call `on_end`, if it ended."""
        thread = threading.Thread(target=self._watch, args=(on_end,), daemon=True)
        thread.start()
        return thread

    def update(self) -> None:
        """Read the events that are new and send their points."""
        with self._lock:
            events = self._reader.new()
            if not events:
                return
            self._state.fold(events)
            sent = {name: len(points) for name, points in self._points.items()}
            for event in events:
                self._take(event)
            self._publish(sent)

    def close(self) -> None:
        """Stop watching and take the chart away."""
        self._closing.set()
        super().close()

    def _watch(self, on_end: Callable[[], None] | None) -> None:
        while not self._closing.is_set():
            self.update()
            if self.ended:
                if on_end is not None:
                    on_end()
                return
            self._closing.wait(SECONDS_BETWEEN_UPDATES)

    def _received(self, _: Any, content: dict[str, Any], __: Any) -> None:
        if content.get("kind") == "sync":
            with self._lock:
                self._publish({})

    def _publish(self, sent: dict[str, int]) -> None:
        """Send what lies beyond `sent` numbers of each series; each point is two numbers."""
        parts, buffers = [], []
        for name, points in self._points.items():
            start = sent.get(name, 0)
            if start < len(points) or not sent:
                parts.append(self._about[name] | {"series": name, "at": start // 2})
                buffers.append(points[start:].tobytes())
        self.send({"kind": "points", "parts": parts, "state": self._describe_state()}, buffers)

    def _take(self, event: Event) -> None:
        if event["event"] == "step_logged":
            self._add("train_loss", event, event.get("loss"))
            self._add("learning_rate", event, event.get("learning_rate"))
        elif event["event"] == "evaluated":
            for name, value in event["metrics"].items():
                self._add("validation_loss" if name == "loss" else f"metric:{name}", event, value)

    def _add(self, series: str, event: Event, value: Any) -> None:
        if not isinstance(value, int | float):
            return
        if series not in self._points:
            self._points[series] = array("d")
            self._about[series] = self._describe_series(series)
        self._points[series].extend((event["step"], value))

    def _describe_series(self, series: str) -> dict[str, Any]:
        """Return where and how a series is drawn, in the figures' colours."""
        words = {"stepWord": self._text("live.step"), "smoothedWord": self._text("live.smoothed")}
        metric = series.partition(":")[2]
        if metric:
            number = sum(name.startswith("metric:") for name in self._about)
            label = self._metric_name(metric)
            look = {"panel": "metrics", "colour": number, "markers": True, "smoothed": False}
        else:
            label = self._text(f"figures.series.{series}")
            look = {
                "panel": "rate" if series == "learning_rate" else "loss",
                "colour": {"train_loss": 0, "validation_loss": 1, "learning_rate": 2}[series],
                "markers": series == "validation_loss",
                "smoothed": series == "train_loss",
            }
        return words | look | {"label": label}

    def _metric_name(self, metric: str) -> str:
        try:
            return self._text(f"figures.metric.{metric}")
        except KeyError:
            return metric

    def _describe_state(self) -> dict[str, Any]:
        state = self._state
        text = " · ".join(self._state_words())
        return {
            "text": text, "step": state.step, "total": state.total_steps,
            "best_step": state.best_step,
        }  # fmt: skip

    def _state_words(self) -> list[str]:
        state = self._state
        words = [self._text(f"live.state.{state.status}", failure=state.failure)]
        if state.total_steps:
            words.append(self._text("live.state.step", step=state.step, total=state.total_steps))
        left = state.seconds_left()
        if left is not None:
            words.append(self._text("live.state.left", time=self._duration(left)))
        if state.ended:
            words.append(self._text("live.state.took", time=self._duration(state.wall_seconds)))
        speed = state.steps[-1].get("rows_per_second") if state.steps else None
        if speed and not state.ended:
            words.append(self._text("live.state.speed", rows=speed))
        if state.best_step:
            words.append(self._text("live.state.best", step=state.best_step))
        return words

    def _duration(self, seconds: float) -> str:
        minutes, rest = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        key = "hours" if hours else "minutes" if minutes else "seconds"
        return self._text(f"live.time.{key}", hours=hours, minutes=minutes, seconds=rest)

    def _labels(self) -> dict[str, str]:
        own = ("waiting", "progress", "keys", "toggle")
        figures = {"loss": "loss_curves", "metrics": "metric_curves", "rate": "learning_rate_curve"}
        return (
            {name: self._text(f"live.{name}") for name in own}
            | {"step": self._text("figures.loss_curves.x")}
            | {panel: self._text(f"figures.{name}.title") for panel, name in figures.items()}
            | {f"{panel}_unit": self._text(f"figures.{name}.y") for panel, name in figures.items()}
        )

    def _text(self, key: str, **values: Any) -> str:
        return languages.text(key, self._language, **values)


def show_live(
    run: RunFolder, on_end: Callable[[], None] | None = None, handle: Any = None
) -> LiveChart:
    """Show a run's chart in this cell; when the run ends, its static record replaces it.

    `on_end` is then called, from the watching thread. A run already over shows its record at
    once, and `on_end` is called before this returns. With `handle`, a display handle, the chart
    appears there instead: a click has no cell of its own to show things in.
    """
    from IPython.display import DisplayHandle

    if handle is None:
        handle = DisplayHandle()
        handle.display({"text/html": "", "text/plain": ""}, raw=True)
    chart = LiveChart(run)
    chart.update()
    if chart.ended:
        chart.close()
        handle.update(static_record(run), raw=True)
        if on_end is not None:
            on_end()
        return chart
    handle.update(chart)

    def replace() -> None:
        handle.update(static_record(run), raw=True)
        chart.close()
        if on_end is not None:
            on_end()

    chart.start(on_end=replace)
    return chart


def static_record(run: RunFolder) -> dict[str, Any]:
    """Return the loss curves of a run as a mime bundle that needs no kernel and no widget."""
    from ..figures.bundle import bundle
    from ..figures.curves import loss_curves

    return bundle(loss_curves(RunState().fold(run.events())))
