"""Every page in a real browser, in both themes and at three widths: axe finds nothing, nothing scrolls sideways, targets are large enough."""

from __future__ import annotations

import pytest

from tests.chromium import read_axe
from tests.console import samples

pytestmark = pytest.mark.browser

PAGES = ["/", "/gallery/empty", "/cases/new", "/cases/new?q=hazel", "/cases/new?q=nobody", "/cases/verify/ending", "/desk-key"]
PAGES += ["/cases/unknown", "/nope", "/gallery/forbidden", "/gallery/broken", "/me/", "/me/link/token", "/api/v1/"]
PAGES += [
    "/runbooks",
    "/runbooks/rules",
    "/runbooks/device-replacement",
    "/runbooks/broken?wrong=1&at=2",
    "/runbooks/drafts/d1",
]
PAGES += [f"/cases/{name}" for name in samples.CASES]
PAGES += [f"/gallery/portal/{name}" for name in samples.PORTALS]
PAGES += [f"/vouch/{name}" for name in samples.VOUCHES] + [f"/me/not-me/{name}" for name in samples.NOT_MES]
ANSWERED = ("the server responded with a status of 4", "the server responded with a status of 5")

FIND_SMALL = """() => [...document.querySelectorAll('a, button, summary, textarea, select, input:not([type=hidden])')]
  .filter((el) => el.getClientRects().length && !el.matches('.skip') && !el.closest('p, dd, li > span'))
  .map((el) => [(el.closest('label.answer, .row') ?? el).getBoundingClientRect(), el.outerHTML.slice(0, 90)])
  .filter(([box]) => box.width < 24 || box.height < 24).map(([box, html]) => `${box.width}x${box.height} ${html}`)"""


@pytest.fixture(scope="module")
def axe():
    return read_axe()


def unfold(page):
    """Open every disclosure: what is folded away is neither measured nor checked."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.removeAttribute('name'); one.open = true; })")


def find_violations(page, axe):
    unfold(page)
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{v['id']}: {[node['html'][:100] for node in v['nodes'][:3]]}" for v in found]


def test_axe_would_find_a_field_without_a_label(open_browser, axe):
    page = open_browser("/cases/verify")
    page.evaluate("document.querySelector('#value-badge').labels[0].remove()")
    page.evaluate("document.querySelector('#value-badge').removeAttribute('aria-describedby')")
    assert any(found.startswith("label") for found in find_violations(page, axe))


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_and_the_browser_complains_of_nothing(open_browser, axe, theme, width):
    page = open_browser("/gallery", width=width, color_scheme=theme, reduced_motion="reduce")
    wrong = {}
    for path in PAGES:
        page.complaints.clear()
        page.goto(path)
        found = find_violations(page, axe) + [said for said in page.complaints if not any(a in said for a in ANSWERED)]
        if found:
            wrong[path] = found
    assert wrong == {}


@pytest.mark.parametrize("width", [320, 800])
def test_nothing_scrolls_sideways_and_every_target_can_be_hit(open_browser, width):
    page = open_browser("/gallery", width=width, has_touch=True)
    wrong = {}
    for path in PAGES:
        page.goto(path)
        unfold(page)
        found = page.evaluate(FIND_SMALL)
        wide = page.evaluate("document.documentElement.scrollWidth")
        if found or wide > width:
            wrong[path] = (wide, found)
    assert wrong == {}


def test_text_at_twice_the_size_and_with_wide_spacing_loses_nothing(open_browser):
    # WCAG 2.2 §1.4.4 and §1.4.12: the sheet is written in rem, so the root size is what a reader's setting changes.
    page = open_browser("/gallery", width=640, bypass_csp=True)
    spacing = "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }"
    wrong = {}
    for path in PAGES:
        page.goto(path)
        unfold(page)
        page.add_style_tag(content=f"html {{ font-size: 200% !important }} {spacing}")
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > 640:
            wrong[path] = wide
    assert wrong == {}


@pytest.mark.parametrize("path", ["/cases/verify", "/cases/ask", "/cases/new?q=hazel", "/", "/me/", "/vouch/open"])
def test_what_has_the_focus_is_never_covered(open_browser, path):
    page = open_browser(path)
    for _ in range(40):
        page.keyboard.press("Tab")
        covered = page.evaluate("""() => {
            const el = document.activeElement;
            if (el === document.body) return '';
            const box = el.getBoundingClientRect();
            const top = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 12));
            return top && (el.contains(top) || top.contains(el) || el.closest('label') === top.closest('label')) ? '' : el.outerHTML.slice(0, 120);
        }""")
        assert covered == ""
