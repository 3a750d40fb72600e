"""Contrast of every pair of role tokens that the pages use, measured from the stylesheet itself, light and dark.

Source: WCAG 2.2 §1.4.3, §1.4.6 and §1.4.11 for the ratios; CSS Color 4 §10.1 and Ottosson's OKLab for the conversion.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from mfadesk import console

CSS = (Path(console.__file__).parent / "static/mfadesk/desk.css").read_text()
TOKEN = re.compile(r"--([a-z0-9-]+):\s*light-dark\(oklch\(([^)]+)\),\s*oklch\(([^)]+)\)\)")
TEXT_ON = {
    "ink": ("surface-0", "surface-1", "surface-2", "speech", "accent-soft", "wait-soft"),
    "ink-2": ("surface-0", "surface-1", "surface-2", "speech", "accent-soft", "wait-soft"),
    "ink-3": ("surface-0", "surface-1", "surface-2"),
    "accent": ("surface-0", "surface-1", "surface-2", "accent-soft"),
    "accent-ink": ("accent",),
    "proved": ("surface-0", "surface-1", "proved-soft"),
    "wait": ("surface-0", "surface-1", "surface-2", "wait-soft"),
    "danger": ("surface-0", "surface-1", "danger-soft"),
}
SHAPE_ON = {
    "line-strong": ("surface-0", "surface-1", "surface-2"),
    "focus": ("surface-0", "surface-1", "surface-2", "speech", "accent-soft"),
}


def luminance(lightness: float, chroma: float, hue: float) -> float:
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long, medium, short = (
        (lightness + x * a + y * b) ** 3
        for x, y in ((0.3963377774, 0.2158037573), (-0.1055613458, -0.0638541728), (-0.0894841775, -1.2914855480))
    )
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    return sum(share * min(max(c, 0), 1) for share, c in ((0.2126, red), (0.7152, green), (0.0722, blue)))


def read(token: str) -> float:
    lightness, chroma, hue = token.split()
    return luminance(float(lightness.rstrip("%")) / 100, float(chroma), float(hue))


TOKENS = {name: (read(light), read(dark)) for name, light, dark in TOKEN.findall(CSS)}


def contrast(one: str, other: str, theme: int) -> float:
    high, low = sorted((TOKENS[one][theme], TOKENS[other][theme]), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "paper"), [(ink, paper) for ink, papers in TEXT_ON.items() for paper in papers])
def test_text_is_readable_on_every_surface_it_stands_on(ink, paper, theme):
    wanted = 7 if ink in ("ink", "ink-2") else 4.5
    assert contrast(ink, paper, theme) >= wanted


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("line", "paper"), [(line, paper) for line, papers in SHAPE_ON.items() for paper in papers])
def test_controls_and_the_focus_ring_stand_out(line, paper, theme):
    assert contrast(line, paper, theme) >= 3


def test_every_colour_of_the_sheet_is_a_token_but_the_paper_of_a_qr_code_and_of_print():
    body = CSS[CSS.index("@layer base") :]
    assert re.findall(r"#[0-9a-f]{3,8}\b", body) == ["#fff", "#fff"]
