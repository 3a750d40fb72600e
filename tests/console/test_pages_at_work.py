"""The pages while somebody works with them: keys alone, changes from elsewhere, a lost connection, no JavaScript, a passkey."""

from __future__ import annotations

import re
import uuid
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

from tests.console import samples

pytestmark = pytest.mark.browser


@pytest.fixture
def move(gallery):
    """Let something happen in a case that this browser did not do."""

    def move_(case_id, to):
        with urlopen(Request(f"{gallery}/gallery/move/{case_id}/{to}", method="POST")) as answer:
            assert answer.read() == b"moved"

    return move_


@pytest.fixture
def live(move):
    """A case of this test's own that stands at its first question."""
    case_id = f"case{uuid.uuid4().hex[:8]}"
    move(case_id, "ask")
    return case_id


def acts(page):
    return page.request.get("/gallery/acts").text().splitlines()


def test_a_call_is_started_and_answered_by_keys_alone(open_browser):
    page = open_browser("/")
    page.keyboard.press("n")
    page.wait_for_url("**/cases/new")
    page.wait_for_selector("[name=q]:focus")
    page.keyboard.type("hazel")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/new?q=hazel")
    page.keyboard.press("1")
    for group in ("goal", "caller", "channel"):
        while not page.evaluate(f"document.activeElement.name === '{group}'"):
            page.keyboard.press("Tab")
        page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Does the new phone show codes?")
    expect(page.locator(".answers input:checked")).to_have_count(0)
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Let them prove who they are")
    page.wait_for_url("**#now")
    assert any(line.endswith("ask-backup name_only") for line in acts(page))
    page.keyboard.press("p")
    expect(page.locator("#push[open]")).to_have_count(1)
    page.keyboard.press("x")
    page.wait_for_selector("text=End this call without a change?")


def test_enter_records_nothing_before_an_answer_is_chosen(open_browser, live):
    page = open_browser(f"/cases/{live}")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "answer"
    assert not any(live in line for line in acts(page))


def test_keys_are_dead_inside_fields_and_can_be_switched_off(open_browser):
    page = open_browser("/")
    page.keyboard.press("/")
    page.keyboard.type("n?x")
    expect(page.locator("#filter")).to_have_value("n?x")
    page.reload()
    page.keyboard.press("?")
    page.get_by_label("Single keys work on this computer").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("n")
    page.wait_for_timeout(300)
    assert urlsplit(page.url).path == "/"
    assert page.locator("kbd").first.is_hidden()


def test_a_change_from_elsewhere_arrives_without_moving_the_focus(open_browser, live, move):
    page = open_browser(f"/cases/{live}")
    page.focus("#push summary")
    page.keyboard.press("Enter")
    move(live, "waiting")
    page.wait_for_selector("#now >> text=Their manager was asked")
    expect(page).to_have_title(re.compile("^Their manager was asked"))
    assert page.evaluate("document.activeElement.closest('#push') !== null")
    expect(page.locator("#push[open]")).to_have_count(1)
    assert page.complaints == []


def test_a_change_never_takes_a_form_that_is_in_use(open_browser, live, move):
    page = open_browser(f"/cases/{live}")
    page.get_by_label("Our name, but no code").check()
    move(live, "instruct")
    page.wait_for_selector("#held a")
    assert page.get_by_label("Our name, but no code").is_checked()
    assert "Proved to be" in page.inner_text("#claim")
    page.click("#held a")
    page.wait_for_selector("text=Tell them to add the phone")


def test_an_answer_to_a_step_that_has_moved_on_is_refused_with_the_new_step_in_view(open_browser, live, move):
    page = open_browser(f"/cases/{live}", java_script_enabled=False)
    page.get_by_label("Our name, but no code").check()
    move(live, "verify")
    page.get_by_role("button", name="Record what they said").click()
    assert "moved on" in page.inner_text(".summary")
    expect(page).to_have_title(re.compile("^Problem:"))
    expect(page.locator("#now >> text=Let them prove who they are")).to_have_count(1)


def test_a_problem_has_the_focus_and_says_that_nothing_changed(open_browser):
    page = open_browser("/cases/verify")
    page.get_by_role("button", name="Send the link").click()
    page.wait_for_selector(".summary")
    assert page.evaluate("document.activeElement.matches('.summary')")
    assert "did not answer. Nothing changed" in page.inner_text(".summary")


def test_a_lost_connection_is_said_with_its_time_and_taken_back(open_browser, live):
    page = open_browser(f"/cases/{live}")
    page.context.set_offline(True)
    page.wait_for_selector("#offline:not(:empty)", timeout=15_000)
    assert page.inner_text("#offline").startswith("Not connected since ")
    page.context.set_offline(False)
    page.wait_for_selector("#offline:empty", state="attached", timeout=25_000)


def test_a_theme_is_kept_for_this_browser(open_browser):
    page = open_browser("/")
    page.get_by_role("button", name="Dark").click()
    page.wait_for_selector("html[data-theme=dark]")
    page.goto("/cases/ask")
    assert page.get_attribute("html", "data-theme") == "dark"


def test_the_whole_road_of_a_person_works_without_javascript(open_browser):
    page = open_browser("/me/", width=360, java_script_enabled=False)
    page.fill("#code", "4nr 7k4")
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_title(re.compile("^Problem:"))
    assert page.input_value("#code") == "4nr 7k4"
    page.fill("#code", samples.GOOD_CODE.lower().replace("-", " "))
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Yes, I’m on the phone").click()
    page.get_by_text("Code from my other phone").click()
    page.get_by_label("The code it shows").first.fill("000000")
    page.get_by_role("button", name="Use this code").first.click()
    expect(page.locator(".summary")).to_contain_text("did not fit")
    page.get_by_label("The code it shows").first.fill("123456")
    page.get_by_role("button", name="Use this code").first.click()
    page.get_by_role("button", name="An app on my new phone").click()
    page.get_by_role("button", name="Show it").click()
    expect(page.locator(".qr svg")).to_have_count(1)
    assert page.inner_text(".key") == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
    page.get_by_label("The code that the new phone shows now").fill("123 456")
    page.get_by_role("button", name="Sign in to test").click()
    expect(page.locator("h1")).to_have_text("The new phone works")


def test_a_no_stops_and_neither_answer_is_the_default(open_browser):
    page = open_browser("/gallery/portal/confirm", width=360, java_script_enabled=False)
    yes, no = (
        page.get_by_role("button", name="Yes, I’m").bounding_box(),
        page.get_by_role("button", name="No, stop").bounding_box(),
    )
    assert (yes["width"], yes["height"]) == (no["width"], no["height"])
    assert page.evaluate("document.activeElement === document.body")
    page.get_by_role("button", name="No, stop").click()
    expect(page.locator("h1")).to_have_text("Stopped. Nothing has changed")


def test_a_secret_is_on_the_page_that_made_it_and_on_no_other(open_browser):
    page = open_browser("/gallery/portal/enrol")
    page.get_by_role("button", name="Show it").click()
    expect(page.locator(".key")).to_contain_text("GEZD")
    page.goto("/me/case")
    assert "GEZD" not in page.content()


def test_a_secret_leaves_the_screen_after_five_minutes_and_a_new_one_is_offered(open_browser):
    page = open_browser("/gallery/portal/enrol")
    page.get_by_role("button", name="Show it").click()
    expect(page.locator(".qr")).to_be_visible()
    expect(page.locator(".gone")).to_be_hidden()
    page.evaluate("() => document.getAnimations().forEach((one) => { one.currentTime = 299_000 })")
    expect(page.locator(".key")).to_be_visible()
    page.evaluate("() => document.getAnimations().forEach((one) => { one.currentTime = 301_000 })")
    expect(page.locator(".qr")).to_be_hidden()
    expect(page.locator(".key")).to_be_hidden()
    expect(page.get_by_role("button", name="Show a new one")).to_be_visible()


def test_what_still_works_is_noted_as_out_of_reach_only_with_a_reason(open_browser, live, move):
    move(live, "verify")
    page = open_browser(f"/cases/{live}", java_script_enabled=False)
    page.click("#out-of-reach summary")
    page.get_by_label("Passkey on a laptop").check()
    page.get_by_label("In their words").fill("at home")
    page.get_by_role("button", name="Note it").click()
    assert not any("out-of-reach" in act for act in acts(page))
    page.get_by_label("It is somewhere else now").check()
    page.get_by_role("button", name="Note it").click()
    expect(page.locator("#out-of-reach[open]")).to_have_count(0)
    assert f"out-of-reach {live} a1 elsewhere" in acts(page)


def test_a_waiting_page_goes_on_by_itself(open_browser, gallery):
    page = open_browser("/gallery/portal/prove")
    with urlopen(f"{gallery}/gallery/turn/prove/checking") as answer:
        assert answer.status == 200
    page.wait_for_selector("#held a")
    page.click("#held a")
    page.wait_for_selector("h1 >> text=Checking")
    with urlopen(f"{gallery}/gallery/turn/prove/choose") as answer:
        assert answer.status == 200
    page.wait_for_selector("h1 >> text=What do you want to add?")


@pytest.fixture
def with_passkey():
    """Put a passkey for this host into the browser. The private key is a P-256 key made for this test."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    def add(page):
        import base64

        key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        devtools = page.context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
        }
        device = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
        credential = {
            "credentialId": base64.b64encode(b"one").decode(), "isResidentCredential": True, "rpId": "localhost",
            "privateKey": base64.b64encode(key).decode(), "userHandle": base64.b64encode(b"u").decode(), "signCount": 1,
        }  # fmt: skip
        devtools.send("WebAuthn.addCredential", {"authenticatorId": device, "credential": credential})

    return add


def test_an_operator_signs_what_they_attest(open_browser, live, move, with_passkey):
    move(live, "verify")
    page = open_browser(f"/cases/{live}")
    with_passkey(page)
    page.click("#attest-badge summary")
    page.get_by_label("Same person, badge not expired").check()
    page.get_by_label("Badge number as printed").fill("FH-2041")
    page.locator("#attest-badge").get_by_role("button", name="Sign with your desk key").click()
    page.wait_for_selector("text=Their manager was asked")
    assert f"attest {live} public-key" in acts(page)


def test_an_approver_signs_a_yes_with_its_reason(open_browser, live, move, with_passkey):
    move(live, "approve")
    page = open_browser(f"/cases/{live}", width=360)
    with_passkey(page)
    page.get_by_label("Yes, it may go ahead").check()
    page.get_by_label("Why").fill("Key and laptop, both used daily")
    page.get_by_role("button", name="Sign with your desk key").click()
    page.wait_for_selector("text=Tell them to add the phone")
    assert f"approve {live} Key and laptop, both used daily public-key" in acts(page)


def test_whoever_waits_for_an_approval_is_offered_no_answer(open_browser):
    page = open_browser("/cases/approval-wait")
    assert page.inner_text("#now-h") == "Waiting for approval"
    assert page.get_by_role("button", name="Sign with your desk key").count() == 0


def test_a_passkey_that_is_not_there_changes_nothing_and_says_so(open_browser):
    page = open_browser("/gallery/portal/prove")
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.get_by_role("button", name="Use my passkey").click()
    page.wait_for_selector("[data-webauthn-problem]:not(:empty)")
    assert "Nothing has changed" in page.locator("[data-webauthn-problem]").first.inner_text()
    expect(page.locator("h1")).to_have_text("Prove that it is you")


def test_somebody_who_is_not_signed_in_sees_nothing(open_browser, gallery):
    page = open_browser("/gallery")
    page.context.add_cookies([{"name": "signed-out", "value": "1", "url": gallery}])
    page.goto("/cases/verify")
    assert "/sign-in?next=%2Fcases%2Fverify" in page.url
    assert "Hazel" not in page.content()
