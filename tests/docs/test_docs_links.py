"""Every link between pages leads somewhere, every page can be reached, and every test that a page names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, anchors_of, read_links, read_tests

NAMED = [page for page in PAGES if read_tests(page)]


def target_of(page: Path, link: str) -> Path:
    return (page.parent / link.partition("#")[0]).resolve() if link.partition("#")[0] else page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page):
    wrong = []
    for link in read_links(page):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        target, anchor = target_of(page, link), link.partition("#")[2]
        if not target.exists() or ROOT not in target.parents or (anchor and anchor not in anchors_of(target)):
            wrong.append(link)
    assert wrong == []


def test_every_page_can_be_reached_from_the_readme():
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        waiting += [target_of(page, link) for link in read_links(page) if link.partition("#")[0].endswith(".md")]
    assert {str(page.relative_to(ROOT)) for page in set(PAGES) - seen} == set()


def test_every_test_that_a_page_names_is_there():
    wrong = []
    for page in NAMED:
        for file, name in read_tests(page):
            path = ROOT / file
            if not path.exists() or not re.search(rf"^def {name}\(", path.read_text(encoding="utf-8"), re.MULTILINE):
                wrong.append(f"{page.name}: {file}::{name}")
    assert wrong == []


def test_the_threat_model_names_a_test_for_every_threat_it_says_is_held():
    page = ROOT / "THREAT_MODEL.md"
    rows = re.findall(r"^\| (T\d+) \|(.+)\|$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) >= 30
    bare = [number for number, row in rows if not re.search(r"`tests/[a-z_/]+\.py::\w+`", row)]
    assert bare == []
    numbers = [number for number, _ in rows]
    assert len(numbers) == len(set(numbers))


def test_no_page_runs_on_or_tells_of_a_machine_of_ours():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"/(?:work|tmp|root|home/\w+)/", text), page
        assert max(len(line) for line in text.splitlines()) <= 400, page


def test_every_kind_of_alert_is_explained_to_whoever_watches():
    told = (ROOT / "docs/administrators/watching.md").read_text(encoding="utf-8")
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "mfadesk").rglob("*.py"))
    kinds = set(re.findall(r'alarm\(\s*"([a-z_]+)"', code)) | set(re.findall(r'"alert_raised", pattern="([a-z_]+)"', code))
    for made in re.findall(r"Alert\.objects\.create\(.{0,200}", code, re.DOTALL):
        kinds |= set(re.findall(r'kind="([a-z_]+)"', made))
    assert {"broken", "pressure", "desk_key", "nobody_approved"} <= kinds
    assert {kind for kind in kinds if f"`{kind}`" not in told} == set()


def test_every_metric_setting_and_scope_is_explained():
    from mfadesk.operations.api_tokens import SCOPES
    from mfadesk.store.home import Config

    watching = (ROOT / "docs/administrators/watching.md").read_text(encoding="utf-8")
    running = (ROOT / "docs/administrators/running.md").read_text(encoding="utf-8")
    api = (ROOT / "docs/administrators/api.md").read_text(encoding="utf-8")
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "mfadesk").rglob("*.py"))
    assert {
        m for m in re.findall(r'"(mfadesk_[a-z_]+)"', (ROOT / "mfadesk/site/health.py").read_text()) if m not in watching
    } == set()
    assert {
        name for name in Config.__dataclass_fields__ if name != "demo" and not re.search(rf"`\[?{name}\]?`", running)
    } == set()
    assert {scope for scope in SCOPES if f"`{scope}`" not in api} == set()
    named = set(re.findall(r'"(MFADESK_[A-Z_]+)"', code)) - {"MFADESK_PROCESS", "MFADESK_HOME"}
    assert {name for name in named if name not in running} == set()
