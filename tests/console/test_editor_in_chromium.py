"""The editor in a real browser: checked while one types, kept over a lost connection and a reload, and never over another's text."""

from __future__ import annotations

import re
import uuid

import pytest
from playwright.sync_api import expect

from tests.chromium import read_axe
from tests.console.test_pages_in_chromium import ANSWERED, find_violations

pytestmark = pytest.mark.browser


@pytest.fixture
def address():
    return f"/runbooks/drafts/{uuid.uuid4().hex}"


def wait_until_kept(page, revision):
    expect(page.locator(f"#checked[data-kept='{revision}']")).to_have_count(1)


def test_a_mistake_shows_while_one_types_and_its_link_leads_to_the_line(open_browser, address):
    page = open_browser(address)
    field = page.get_by_label("Text", exact=True)
    field.fill(field.input_value().replace("outcome: stopped", "outcome: stoped"))
    link = page.locator("#checked a[data-line]")
    expect(link).to_contain_text("Line 11")
    wait_until_kept(page, 2)
    link.click()
    expect(field).to_be_focused()
    chosen = field.evaluate("(el) => el.value.slice(el.selectionStart, el.selectionEnd)")
    assert chosen == "stoped"
    field.fill(field.input_value().replace("stoped", "stopped"))
    wait_until_kept(page, 3)
    expect(page.locator("#checked")).not_to_contain_text("Line 11")
    assert [said for said in page.complaints if not any(a in said for a in ANSWERED)] == []


def test_what_is_typed_without_a_connection_is_back_after_a_reload_and_then_kept(open_browser, address):
    page = open_browser(address)
    field = page.get_by_label("Text", exact=True)
    page.route("**/text", lambda route: route.abort())
    field.fill(field.input_value() + "# typed in a tunnel\n")
    expect(page.locator("#offline")).to_contain_text("Not saved")
    page.unroute("**/text")
    page.reload()
    expect(page.locator("#held")).to_have_text("What you typed before is back.")
    expect(field).to_have_value(re.compile("typed in a tunnel"))
    wait_until_kept(page, 2)
    page.reload()
    expect(field).to_have_value(re.compile("typed in a tunnel"))
    expect(page.locator("#held")).to_be_empty()


def test_two_who_write_one_draft_bring_it_together(open_browser, address):
    first, second = open_browser(address), open_browser(address)
    for page, words in ((first, "Theirs"), (second, "Mine")):
        field = page.get_by_label("Text", exact=True)
        field.fill(field.input_value().replace("A new runbook", words))
        if page is first:
            wait_until_kept(first, 2)
    second.get_by_role("button", name="Bring both together").click()
    expect(second.get_by_role("heading", level=1)).to_have_text("Bring two texts together")
    assert find_violations(second, read_axe()) == []
    second.get_by_label("Take yours").check()
    second.get_by_role("button", name="Save both together").click()
    expect(second.get_by_label("Text", exact=True)).to_have_value(re.compile("title: Mine"))
    expect(second.locator("#held")).to_be_empty()
    second.reload()
    expect(second.get_by_label("Text", exact=True)).to_have_value(re.compile("title: Mine"))
