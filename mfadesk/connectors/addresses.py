"""Where a connector may go: to the host that the installer named, and to no address at which only the inside of a network answers."""

from __future__ import annotations

import ipaddress
import re

from mfadesk.kernel.errors import Invalid

_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\Z")


def require_host(host: str, where: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that `host` is, or None for a name. Raises Invalid for what is neither, and for what no service has.

    Link-local and unspecified addresses are refused: cloud metadata services live there.

    >>> require_host("mail.example.org", "mail.host"), str(require_host("10.0.0.5", "mail.host"))
    (None, '10.0.0.5')
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # Digits alone are read as an address by the system's resolver, and not by us.
        if not _HOST.match(host) or re.fullmatch(r"[0-9.]+|0x[0-9a-fA-F.x]+", host):
            raise Invalid(where, "This is no host name and no address.") from None
        return None
    inner = getattr(address, "ipv4_mapped", None) or address
    if inner.is_link_local or inner.is_unspecified or inner.is_multicast:
        raise Invalid(where, "No service has such an address.")
    return address
