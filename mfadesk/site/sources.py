"""Where a request came from, for throttling: what our own proxies saw, and nothing that a client wrote about itself."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

IPV6_NETWORK = 64
"""One household or one hired server holds a whole /64; counting single addresses there would stop nobody."""


def find_source(meta: Mapping[str, str], proxies: int) -> str:
    """Return the network address that a request came from, an IPv6 one as its /64.

    meta: the WSGI environment. proxies: how many reverse proxies of our own stand in front. Each appends the address it was
    called from, so of X-Forwarded-For only the last `proxies` entries are ours; the first of these is the client's. A shorter or
    unreadable list counts for the nearest proxy, which is stricter for whoever sent it.

    Source: RFC 7239 §8.1 (what a client wrote there is not to be trusted).

    >>> find_source({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "1.1.1.1, 192.0.2.7"}, 1)
    '192.0.2.7'
    >>> find_source({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "1.1.1.1"}, 0)
    '10.0.0.1'
    """
    near = meta.get("REMOTE_ADDR", "")
    told = [part.strip() for part in meta.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    if proxies < 1 or len(told) < proxies:
        return _network(near) or near[:60]
    return _network(told[-proxies]) or _network(near) or near[:60]


def _network(text: str) -> str:
    try:
        address = ipaddress.ip_address(text.split("%", maxsplit=1)[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ipaddress.ip_network((address, IPV6_NETWORK), strict=False))
    return str(address)
