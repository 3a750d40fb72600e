"""What no single call visits: the policy that would be reported, and the side room."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.somebody import PHONE, Somebody

pytestmark = pytest.mark.browser


def test_a_page_that_broke_its_policy_would_be_noticed_three_times_over(chromium, desk):
    # Elsewhere no complaint and no report is the whole result, so here is one of each.
    who, before = Somebody(chromium, desk), desk.count_reports()
    who.open("/sign-in/")
    who.page.evaluate("""() => {
        const script = document.createElement('script');
        script.textContent = 'window.broken = true';
        document.head.append(script);
    }""")
    assert who.page.evaluate("window.broken") is None
    for _ in range(50):
        if desk.count_reports() > before:
            break
        who.page.wait_for_timeout(100)
    assert desk.count_reports() == before + 1
    assert any("policy broken: script-src" in said for said in who.complaints)
    with pytest.raises(AssertionError):
        who.close()
    assert '"directive": "script-src-elem"' in (desk.folder / "logs" / "serve.log").read_text()


def test_the_side_room_shows_everybodys_things(somebody):
    wide, narrow = somebody(), somebody(width=PHONE, scheme="dark")
    wide.open("/demo/")
    wide.look("room", both=True)
    for name in ("calls/hazel", "people", "mail", "provider"):
        narrow.open(f"/demo/{name}/")
        narrow.look(f"room-{name.replace('/', '-')}")
    narrow.open("/demo/people/thyme.becker/")
    narrow.write("A new phone scans", "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP")
    narrow.press("Scan it")
    expect(narrow.page.locator(".phone").last).to_contain_text(re.compile(r"\d{3} \d{3}"))
