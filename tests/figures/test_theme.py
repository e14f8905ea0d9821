from __future__ import annotations

from itertools import combinations

import pytest

from workbench.figures import theme


def _linear(colour):
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]


def _contrast(one, other):
    lights = sorted(
        sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), _linear(colour), strict=True))
        for colour in (one, other)
    )
    return (lights[1] + 0.05) / (lights[0] + 0.05)


# Machado, Oliveira and Fernandes 2009: severity 1, on linear RGB.
BLINDNESS = {
    "protan": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "deutan": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
}


@pytest.mark.parametrize("colour", [*theme.PALETTE, theme.GREY, theme.INK])
@pytest.mark.parametrize("page", ["#ffffff", "#111418"])
def test_every_colour_reads_on_light_and_dark_pages(colour, page):
    assert _contrast(colour, page) >= 3


@pytest.mark.parametrize("kind", BLINDNESS)
def test_the_first_three_colours_differ_for_colour_blind_eyes(kind):
    def seen(colour):
        rgb = _linear(colour)
        return [sum(m * c for m, c in zip(row, rgb, strict=True)) for row in BLINDNESS[kind]]

    for one, other in combinations(theme.PALETTE[:3], 2):
        distance = sum((a - b) ** 2 for a, b in zip(seen(one), seen(other), strict=True)) ** 0.5
        assert distance > 0.15, (one, other)


def test_the_scale_grows_lighter_at_every_step():
    lights = [_contrast(colour, "#000000") for colour in theme.SCALE]
    assert lights == sorted(lights)
