"""Mail over SMTP, only over TLS with a verified certificate, only with AUTH where a user is configured.

There is no way to send in clear: a link that suspends an authenticator is worth reading on the wire. A server that does not
offer STARTTLS is refused, since an attacker on the path could have removed the offer (RFC 3207 §6).
"""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from pathlib import Path
from typing import Literal

from mfadesk.connectors.addresses import require_host
from mfadesk.connectors.mail.message import message_id, require_message
from mfadesk.kernel.clock import Clock
from mfadesk.kernel.errors import Invalid, Unavailable
from mfadesk.kernel.secret import Secret
from mfadesk.ports.messages import Message

SERVICE = "mail"
DEFAULT_TIMEOUT_S = 15.0

_REFUSALS = (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError, smtplib.SMTPHeloError)
"""The server said no, so the message is surely not on its way."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail goes, and as whom.

    tls: ``starttls`` (usually port 587) or ``tls`` from the first byte (usually 465). ca_file: None for the system's trust.
    """

    host: str
    port: int
    sender: str
    tls: Literal["starttls", "tls"] = "starttls"
    user: str | None = None
    password: Secret | None = None
    ca_file: Path | None = None
    timeout_s: float = DEFAULT_TIMEOUT_S


class SmtpCourier:
    """A `Courier` that hands each message to one SMTP server in a connection of its own."""

    def __init__(self, server: SmtpServer, clock: Clock) -> None:
        if server.user is not None and not server.password:
            raise Invalid("mail.password", "A mail user needs a password.")
        require_host(server.host, "mail.host")
        require_message(Message(server.sender, "check", "check", "check"))
        self._server = server
        self._clock = clock

    def health(self) -> None:
        """Return if the server takes our TLS and our user. Raises Unavailable."""
        try:
            with self._connect() as connection:
                connection.noop()
        except (OSError, smtplib.SMTPException) as error:
            raise _unavailable(error, effect_unknown=False) from error

    def send(self, message: Message) -> None:
        """Hand the message over. Raises Invalid for what must not be sent, Unavailable where the server did not take it.

        A repetition carries the same Message-ID, by which servers and mailboxes may drop it; SMTP itself cannot promise that.
        """
        require_message(message)
        mail = self._compose(message)
        handed_over = False
        try:
            with self._connect() as connection:
                handed_over = True
                connection.send_message(mail, from_addr=self._server.sender, to_addrs=[message.to])
        except _REFUSALS as error:
            raise _unavailable(error, effect_unknown=False) from error
        except (OSError, smtplib.SMTPException) as error:
            raise _unavailable(error, effect_unknown=handed_over) from error

    def _compose(self, message: Message) -> EmailMessage:
        mail = EmailMessage(policy=SMTP_POLICY)
        mail["From"] = self._server.sender
        mail["To"] = message.to
        mail["Subject"] = message.subject
        mail["Date"] = self._clock.now()
        mail["Message-ID"] = message_id(message.key, self._server.sender.rsplit("@", 1)[1])
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        return mail

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        context = ssl.create_default_context(cafile=str(server.ca_file) if server.ca_file else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        connection: smtplib.SMTP
        if server.tls == "tls":
            connection = smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout_s, context=context)
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)
        try:
            if server.tls == "starttls":
                connection.starttls(context=context)
            if server.user is not None and server.password is not None:
                connection.login(server.user, server.password.reveal())
        except BaseException:
            connection.close()
            raise
        return connection


def _unavailable(error: Exception, *, effect_unknown: bool) -> Unavailable:
    """Say what to look at; the server's own words may hold addresses and stay out."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        sentence = "The mail server does not accept the configured user and password."
    elif isinstance(error, ssl.SSLCertVerificationError):
        sentence = "The mail server's certificate could not be verified. Check its name and the CA file."
    elif isinstance(error, ssl.SSLError):
        sentence = "No TLS connection to the mail server came about. Check the port and whether it speaks tls or starttls."
    elif isinstance(error, smtplib.SMTPNotSupportedError):
        sentence = "The mail server offers no STARTTLS or no AUTH, and nothing is sent in clear."
    elif isinstance(error, smtplib.SMTPRecipientsRefused):
        sentence = "The mail server refused the recipient."
    elif isinstance(error, smtplib.SMTPResponseException):
        sentence = f"The mail server answered {error.smtp_code}."
    else:
        sentence = "The mail server did not answer."
    return Unavailable(SERVICE, sentence, effect_unknown=effect_unknown)
