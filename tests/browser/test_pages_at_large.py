"""What no single call visits: the policy that would be reported, people who join the desk, and the side room."""

from __future__ import annotations

import re

import pytest

from tests.browser import roads
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


def test_somebody_who_was_invited_joins_with_a_passkey_and_works(somebody):
    administrator, fresh = somebody(), somebody(width=PHONE, scheme="dark")
    roads.sign_in_by_passkey(administrator, "yew")
    administrator.open("/staff/")
    administrator.write("Name to sign in with", "willow")
    administrator.write("Shown as", "Desk 3")
    administrator.write("Their id in the directory", "FC-1026")
    administrator.page.get_by_label("Operator").check()
    administrator.press("Make the invitation")
    administrator.see("Invitation made")
    administrator.look("staff", both=True)
    fresh.open(administrator.read(".key"))
    fresh.look("invitation", both=True)
    fresh.write("Password", "a few calm words at once")
    fresh.write("The same again", "a few calm words at once")
    fresh.press("Go on to the second step")
    fresh.see("Add your second step")
    fresh.look("second-step", both=True)
    fresh.press("Add a passkey", "link")
    fresh.see("Add a passkey")
    fresh.look("add-passkey")
    fresh.plug_in()
    fresh.write("What you call it", "Work laptop")
    fresh.press("Add it")
    fresh.own_passkey()
    fresh.page.get_by_role("link", name="Go to the desk").or_(
        fresh.page.get_by_role("link", name="Add a passkey")
    ).first.wait_for()
    fresh.open("/")
    fresh.see("Calls")
    fresh.look("calls-new-operator", both=True)
    fresh.open("/cases/new?q=hazel")
    fresh.look("start", both=True)


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
    assert re.search(r"\d{3} \d{3}", narrow.page.locator(".phone").last.inner_text())
