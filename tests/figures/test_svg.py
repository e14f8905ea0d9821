from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import plotly.graph_objects as go
import pytest

from workbench.figures import to_svg
from workbench.figures._axes import nice_step, plain
from workbench.figures._text import cut, escape, lines, width, wrap

SVG = "{http://www.w3.org/2000/svg}"


def _texts(figure):
    return ["".join(text.itertext()) for text in ET.fromstring(to_svg(figure)).iter(f"{SVG}text")]


def _paths(figure):
    """Return the paths of the traces: those with a colour of their own."""
    found = ET.fromstring(to_svg(figure)).iter(f"{SVG}path")
    return [path for path in found if path.get("class") is None]


def test_a_line_starts_anew_after_a_gap():
    drawn = _paths(go.Figure(go.Scatter(x=[0, 1, 2, 3, 4], y=[1, 2, None, 2, 1])))
    assert drawn[0].get("d").count("M") == 2


def test_a_point_between_two_gaps_still_shows():
    drawn = _paths(go.Figure(go.Scatter(x=[0, 1, 2], y=[None, 2, None])))
    assert drawn[0].get("d").endswith("h0")


def test_points_lie_where_the_axes_say():
    figure = go.Figure(go.Scatter(x=[0, 10], y=[0, 1], mode="markers"))
    figure.update_xaxes(range=[0, 10]).update_yaxes(range=[0, 1])
    first, last = ET.fromstring(to_svg(figure)).iter(f"{SVG}circle")
    assert float(first.get("cx")) < float(last.get("cx"))
    assert float(first.get("cy")) > float(last.get("cy"))


def test_a_log_axis_puts_decades_at_even_distances_and_skips_what_is_not_positive():
    figure = go.Figure(go.Scatter(x=[1, 2, 3, 4], y=[0.01, 1, 100, -5], mode="markers"))
    figure.update_yaxes(type="log")
    heights = [float(c.get("cy")) for c in ET.fromstring(to_svg(figure)).iter(f"{SVG}circle")]
    assert len(heights) == 3
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=0.2)
    assert {"0.01", "1", "100"} <= set(_texts(figure))


def test_bars_stand_side_by_side_and_start_at_zero():
    figure = go.Figure([go.Bar(x=["a", "b"], y=[1, 2]), go.Bar(x=["a", "b"], y=[2, 1])])
    rects = list(ET.fromstring(to_svg(figure)).iter(f"{SVG}rect"))
    lefts = [float(rect.get("x")) for rect in rects]
    assert len(rects) == 4
    assert lefts[0] < lefts[2] < lefts[1] < lefts[3]
    feet = {round(float(r.get("y")) + float(r.get("height"))) for r in rects}
    assert len(feet) == 1


def test_a_heatmap_colours_its_ends_with_the_ends_of_its_scale():
    cells = go.Heatmap(
        z=[[0, 1]], colorscale=[[0, "#000000"], [1, "#ffffff"]], showscale=False,
        text=[["no", "yes"]], texttemplate="%{text}",
    )  # fmt: skip
    assert [path.get("stroke") for path in _paths(go.Figure(cells))] == ["#000000", "#ffffff"]
    assert {"no", "yes"} <= set(_texts(go.Figure(cells)))


def test_a_hidden_trace_is_not_drawn():
    assert _paths(go.Figure(go.Scatter(x=[0, 1], y=[0, 1], visible="legendonly"))) == []


def test_text_that_looks_like_markup_is_shown_as_it_is():
    figure = go.Figure(go.Scatter(x=[0], y=[0]), layout={"title": escape("<script>&amp;\x00")})
    svg = to_svg(figure)
    assert "<script" not in svg
    assert "<script>&amp;\ufffd" in _texts(figure)


def test_plotly_markup_is_drawn_as_plain_words():
    figure = go.Figure(layout={"title": "<b>Loss</b> &amp; rate"})
    assert "Loss & rate" in _texts(figure)


def test_an_image_refers_to_nothing_outside():
    figure = go.Figure(go.Scatter(x=[0], y=[0], name="https://example.org/a.png"))
    without_namespace = to_svg(figure).replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"href|url\(|@import|src=", without_namespace)


def test_only_an_adaptive_image_follows_the_readers_light_and_dark():
    figure = go.Figure(go.Scatter(x=[0, 1], y=[0, 1]))
    assert "prefers-color-scheme" in to_svg(figure, adaptive=True)
    assert "prefers-color-scheme" not in to_svg(figure)


def test_labels_that_would_collide_are_left_out():
    names = [f"a rather long label {n}" for n in range(30)]
    figure = go.Figure(go.Scatter(x=list(range(30)), y=list(range(30))))
    figure.update_xaxes(tickvals=list(range(30)), ticktext=names)
    assert 1 < len([text for text in _texts(figure) if text in names]) < 10


def test_an_empty_figure_is_still_an_image():
    assert ET.fromstring(to_svg(go.Figure())).tag == f"{SVG}svg"


@pytest.mark.parametrize(
    ("rough", "step"), [(0.3, 0.5), (1.0, 1.0), (1.1, 2.0), (7, 10), (0.021, 0.05)]
)
def test_steps_of_ticks_are_round(rough, step):
    assert nice_step(rough) == pytest.approx(step)


@pytest.mark.parametrize(
    ("value", "shown"), [(0.05, "0.05"), (1200, "1,200"), (5e-5, "5e−5"), (0, "0"), (-2, "−2")]
)
def test_numbers_are_written_the_short_way(value, shown):
    assert plain(value) == shown


def test_a_wide_character_takes_the_room_of_about_two():
    assert width("模型", 10) == 20
    assert width("ab", 10) < 13


def test_a_long_line_is_cut_or_wrapped_to_its_room():
    assert cut("a long line of text", 10, 40).endswith("…")
    assert cut("short", 10, 400) == "short"
    assert wrap("one two three", 10, 45) == ["one two", "three"]
    assert wrap("模型看向哪里", 10, 31) == ["模型看", "向哪里"]


def test_escaped_text_comes_back_as_it_was():
    assert lines(escape("<b>&amp; $5</b>")) == ["<b>&amp; $5</b>"]
    assert lines("one<br>two") == ["one", "two"]
