"""Puts the demo's passkeys within reach of every page: one script tag, only in demo mode, so that no page carries demo code itself."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.templatetags.static import static
from django.utils.html import format_html

Answer = Callable[[HttpRequest], HttpResponseBase]


def softkey(get_response: Answer) -> Answer:
    """Add `softkey.js` to full HTML pages. It asks before it answers for a passkey, and the browser's own stays one click away."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        kind = response.headers.get("Content-Type", "")
        if kind.startswith("text/html") and not response.streaming and not response.has_header("Content-Encoding"):
            tag = format_html(
                '<link rel="stylesheet" href="{}"><script type="module" src="{}"></script></head>',
                static("mfadesk/softkey.css"),
                static("mfadesk/softkey.js"),
            )
            response.content = response.content.replace(b"</head>", tag.encode(), 1)  # type: ignore[attr-defined]
            if response.has_header("Content-Length"):
                response["Content-Length"] = str(len(response.content))  # type: ignore[attr-defined]
        return response

    return answer
