"""Mail: the twin keeps it, the real courier hands it to a real server over verified TLS, and neither lets a header in."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfadesk.connectors.lab.provider import open_lab
from mfadesk.connectors.mail.mailbox import Mailbox
from mfadesk.connectors.mail.message import require_message
from mfadesk.connectors.registry import open_courier
from mfadesk.kernel.clock import FakeClock
from mfadesk.kernel.errors import Invalid, Unavailable
from mfadesk.ports.messages import Courier, Message
from tests.services import smtp

CLOCK = FakeClock(datetime(2026, 11, 24, 14, 0, tzinfo=UTC))
MAIL = Message("ada@corp.test", "Your sign-in was changed — was it you?", "Grüße\n.\nIf not: http://localhost/not-me\n", "k-1")


def courier_for(post: smtp.Post, **changes: Any) -> Courier:
    config = {
        "kind": "smtp",
        "host": post.host,
        "port": post.port,
        "sender": "desk@corp.test",
        "user": smtp.USER,
        "password": smtp.PASSWORD,
        "ca_file": str(post.ca_file),
        "timeout_s": 5,
    }
    return open_courier(config | changes, CLOCK)


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_message_arrives_as_it_was_written(tmp_path: Path, tls: Any) -> None:
    with smtp.running(tmp_path, tls) as post:
        courier = courier_for(post, tls=tls)
        courier.health()
        courier.send(MAIL)
    (mail,) = post.mails
    assert post.recipients == [[MAIL.to]]
    assert (mail["To"], mail["From"], mail["Subject"]) == (MAIL.to, "desk@corp.test", MAIL.subject)
    assert mail.get_content().replace("\r\n", "\n") == MAIL.text
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == CLOCK.now()


def test_the_same_key_has_the_same_message_id_and_another_key_another(tmp_path: Path) -> None:
    with smtp.running(tmp_path) as post:
        for key in ("k-1", "k-1", "k-2"):
            courier_for(post).send(Message(MAIL.to, MAIL.subject, MAIL.text, key))
    first, again, other = (mail["Message-ID"] for mail in post.mails)
    assert first == again != other


def test_a_wrong_password_is_named_and_nothing_is_sent(tmp_path: Path) -> None:
    with smtp.running(tmp_path) as post:
        with pytest.raises(Unavailable, match="user and password") as unavailable:
            courier_for(post, password="wrong").send(MAIL)
        assert not unavailable.value.effect_unknown
    assert post.mails == []


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    with smtp.running(tmp_path, name="mail.elsewhere.test") as post, pytest.raises(Unavailable, match="certificate"):
        courier_for(post).send(MAIL)
    assert post.mails == []


def test_a_certificate_of_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    with smtp.running(tmp_path) as post, pytest.raises(Unavailable, match="certificate"):
        courier_for(post, ca_file=None).health()


def test_a_server_without_starttls_gets_neither_password_nor_message(tmp_path: Path) -> None:
    with smtp.running(tmp_path, "none") as post, pytest.raises(Unavailable, match="clear"):
        courier_for(post).send(MAIL)
    assert post.mails == []


def test_a_refusal_says_that_nothing_was_sent_and_a_lost_line_says_that_nobody_knows(tmp_path: Path) -> None:
    with smtp.running(tmp_path) as post:
        post.answer = "552 mailbox full"
        with pytest.raises(Unavailable, match="552") as refused:
            courier_for(post).send(MAIL)
        assert not refused.value.effect_unknown and post.mails == []
        post.answer = "drop"
        with pytest.raises(Unavailable) as lost:
            courier_for(post).send(MAIL)
        assert lost.value.effect_unknown and len(post.mails) == 1


def test_a_server_that_is_not_there_is_unavailable() -> None:
    config = {"kind": "smtp", "host": "127.0.0.1", "port": 9, "sender": "desk@corp.test", "timeout_s": 2}
    with pytest.raises(Unavailable) as unavailable:
        open_courier(config, CLOCK).send(MAIL)
    assert not unavailable.value.effect_unknown


@pytest.mark.parametrize(
    "host",
    ["", "169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "0.0.0.0", "::", "224.0.0.1", "https://mail.corp.test", "mail.corp.test:25",
     "user@mail.corp.test", "mail corp", "mail.corp.test\r\nRCPT", "2852039166", "0xa9fea9fe", "169.254.43518", "-mail", "x" * 300],
)  # fmt: skip
def test_the_mail_password_goes_to_no_such_host(host: str) -> None:
    with pytest.raises(Invalid):
        open_courier({"kind": "smtp", "host": host, "sender": "desk@corp.test", "user": "desk", "password": "secret"}, CLOCK)


def test_a_host_by_name_or_by_an_ordinary_address_is_taken() -> None:
    for host in ("mail.corp.test", "localhost", "10.1.2.3", "127.0.0.1", "2001:db8::25", "mail_relay-1.corp.test"):
        open_courier({"kind": "smtp", "host": host, "sender": "desk@corp.test"}, CLOCK)


def test_the_twin_keeps_each_key_once() -> None:
    lab = open_lab(clock=CLOCK)
    mailbox = Mailbox(lab.store, CLOCK)
    mailbox.health()
    for key in ("k-1", "k-1", "k-2"):
        mailbox.send(Message(MAIL.to, MAIL.subject, MAIL.text, key))
    mails = lab.scene.list_mail(MAIL.to)
    assert len(mails) == 2 and mails[0].text == MAIL.text and mails[0].at == CLOCK.now()
    assert lab.scene.list_mail("somebody@else.test") == []


@pytest.mark.parametrize(
    "to",
    [
        "",
        "ada",
        "ada@corp.test\r\nBcc: eve@evil.test",
        "ada@corp.test, eve@evil.test",
        "Ada <ada@corp.test>",
        "ada@corp.test\n",
        "a b@corp.test",
        "@corp.test",
        "ada@corp.test>",
        "ada@" + "x" * 300,
    ],
)
def test_only_one_plain_address_is_taken(to: str) -> None:
    with pytest.raises(Invalid):
        require_message(Message(to, "s", "t", "k"))


@settings(deadline=None)
@given(st.text(max_size=40), st.sampled_from(["\r", "\n", "\r\n", "\x00", "\x85", "\u2028"]), st.text(max_size=40))
def test_no_line_break_gets_into_a_subject(before: str, break_: str, after: str) -> None:
    with pytest.raises(Invalid):
        require_message(Message("ada@corp.test", before + break_ + after, "t", "k"))
