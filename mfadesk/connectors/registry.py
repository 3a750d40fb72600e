"""Opens connectors from plain configuration; the one place that knows which class stands behind which word.

Real connectors are imported when they are asked for, so that a desk that runs on the lab loads no HTTP client.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mfadesk.connectors.lab.provider import open_lab
from mfadesk.connectors.lab.store import LabStore
from mfadesk.kernel.clock import Clock, SystemClock
from mfadesk.kernel.errors import Invalid
from mfadesk.kernel.ids import Randomness, SystemRandomness
from mfadesk.kernel.secret import Secret
from mfadesk.ports.factors import FactorService
from mfadesk.ports.messages import Courier
from mfadesk.ports.provider import Provider


def open_provider(config: Mapping[str, Any], clock: Clock | None = None, randomness: Randomness | None = None) -> Provider:
    """Return the identity provider that `config` describes by its ``kind``.

    ``lab``: path, seed_key (base64 of 32 bytes), rp_id, origins, issuer.
    ``privacyidea``: url, realm, token_file or token, ca_file, rp_id, origins, timeout_s.

    Raises Invalid, naming the place.
    """
    kind = config.get("kind")
    if kind == "lab":
        options = {name: config[name] for name in ("rp_id", "origins", "issuer") if name in config}
        path = _text(config, "path")
        key = _key(config, "seed_key") if "seed_key" in config else None
        return open_lab(path, seed_key=key, clock=clock, randomness=randomness, **options)
    if kind == "privacyidea":
        from mfadesk.connectors.privacyidea.provider import open_privacyidea

        return open_privacyidea(config, clock or SystemClock(), read_secret(config, "token") or Secret(""))
    raise Invalid("provider.kind", f"{kind!r} is no provider. Known are lab and privacyidea.")


def open_courier(config: Mapping[str, Any], clock: Clock | None = None) -> Courier:
    """Return the courier that `config` describes by its ``kind``.

    ``mailbox``: path of the lab's file. ``smtp``: host, port, sender, tls, user, password or password_file, ca_file, timeout_s.

    Raises Invalid, naming the place.
    """
    kind = config.get("kind")
    if kind == "mailbox":
        from mfadesk.connectors.mail.mailbox import Mailbox

        return Mailbox(LabStore(_text(config, "path")), clock or SystemClock())
    if kind == "smtp":
        from mfadesk.connectors.mail.smtp import DEFAULT_TIMEOUT_S, SmtpCourier, SmtpServer

        if config.get("tls", "starttls") not in {"starttls", "tls"}:
            raise Invalid("mail.tls", "Mail goes over starttls or tls; nothing is sent in clear.")
        server = SmtpServer(
            host=_text(config, "host"),
            port=int(config.get("port", 587)),
            sender=_text(config, "sender"),
            tls=config.get("tls", "starttls"),
            user=config.get("user"),
            password=read_secret(config, "password"),
            ca_file=Path(config["ca_file"]) if config.get("ca_file") else None,
            timeout_s=float(config.get("timeout_s", DEFAULT_TIMEOUT_S)),
        )
        return SmtpCourier(server, clock or SystemClock())
    raise Invalid("mail.kind", f"{kind!r} is no courier. Known are mailbox and smtp.")


def open_factor_services(
    config: Mapping[str, Any], randomness: Randomness | None = None, store: LabStore | None = None
) -> dict[str, FactorService]:
    """Return the service behind each method, by method. ``kind: lab`` with a path: every twin, over that lab's file.

    store: a lab file that is open already (the only way to share one in memory).

    Raises Invalid, naming the place.
    """
    if config.get("kind") != "lab":
        raise Invalid("factors.kind", f"{config.get('kind')!r} is no set of factor services. Known is lab.")
    from mfadesk.connectors.factors import find_services

    shared = store or LabStore(_text(config, "path"))
    return {
        method: service(shared, randomness or SystemRandomness())
        for method, service in find_services().items()
        if method in config.get("methods", (method,))
    }


def read_secret(config: Mapping[str, Any], name: str) -> Secret | None:
    """Return the secret under `name`, or from the file under ``name_file``; None where neither is there. Raises Invalid."""
    if config.get(name):
        value = config[name]
        return value if isinstance(value, Secret) else Secret(str(value))
    path = config.get(f"{name}_file")
    if not path:
        return None
    try:
        return Secret(Path(path).read_text().strip())
    except OSError as error:
        raise Invalid(f"{name}_file", "The file with the secret could not be read.") from error


def _text(config: Mapping[str, Any], name: str) -> str:
    value = config.get(name)
    if not isinstance(value, str | Path) or not str(value):
        raise Invalid(name, "This is missing.")
    return str(value)


def _key(config: Mapping[str, Any], name: str) -> bytes:
    value = config[name]
    if isinstance(value, bytes):
        return value
    try:
        return base64.b64decode(value.reveal() if isinstance(value, Secret) else str(value), validate=True)
    except binascii.Error as error:
        raise Invalid(name, "A key is written in base64.") from error
