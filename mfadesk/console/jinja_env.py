"""The template environment that the console and the portal share: escaping on, times as ``<time>``, pictures from `drawing`.

Templates hold no rule and make no sentence about a case; what they may call is listed here, so that a reader sees at once that none of it
reaches a table or a provider.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, get_urlconf, reverse
from django.utils import timezone
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from mfadesk.drawing.gauge import draw_gauge
from mfadesk.drawing.spelling import spell_code
from mfadesk.operations.clock_words import zone_name
from mfadesk.ports.people import TIER_WORDS

THEME_COOKIE = "mfadesk_theme"
THEMES = ("auto", "light", "dark")

LINES_KEPT = 4_096
"""Lines whose markup is kept: those of some twenty long timelines."""

_STRESS = re.compile(r"\*\*(.+?)\*\*")
_TICKS = re.compile(r"`{1,2}([^`]+)`{1,2}")


def environment(**options: Any) -> Environment:
    """Return the Jinja2 environment for Django's backend, with everything that the pages use.

    An undefined name is an error, because a page that silently leaves out who asked for what is worse than no page.
    """
    options.setdefault("undefined", StrictUndefined)
    options["autoescape"] = True
    options.setdefault("trim_blocks", True)
    options.setdefault("lstrip_blocks", True)
    env = Environment(**options)  # noqa: S701 - set two lines above
    env.globals.update(
        url=find_address, url_if=find_url, static=lru_cache(maxsize=256)(static), theme=theme_of, spell=spell_code,
        zone=zone_name,
    )  # fmt: skip
    env.filters.update(
        clock=clock, moment=moment, left=minutes_left, stress=stress, ticks=ticks, gauge=gauge, fours=fours, lay_out=lay_out,
        drawn=drawn, tier=TIER_WORDS.__getitem__,
    )  # fmt: skip
    return env


def find_address(name: str, args: Sequence[Any] = ()) -> str:
    """Return the address of a page by name; a page asks for the same ones again and again. Raises NoReverseMatch."""
    return _address(name, tuple(args), get_urlconf())


@lru_cache(maxsize=1_024)
def _address(name: str, args: tuple[Any, ...], _addresses: str | None) -> str:
    return reverse(name, args=args)


def find_url(name: str, *args: Any) -> str:
    """Return the address of a page by name, or "" where this installation has no such page."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def theme_of(request: HttpRequest | None) -> str:
    """Return "light", "dark" or "auto": what this browser asked for, whatever else its cookie says."""
    asked = request.COOKIES.get(THEME_COOKIE, "auto") if request is not None else "auto"
    return asked if asked in THEMES else "auto"


def clock(at: datetime, css: str = "") -> Markup:
    """Return `at` as a ``<time>`` in the viewer's zone: the hour alone today, with the day on any other."""
    here = timezone.localtime(at)
    today = timezone.localdate()
    words = f"{here.hour:02}:{here.minute:02}"
    if here.date() != today:
        words = f"{here.day} {here:%b}, {words}" if here.year == today.year else f"{here.day} {here:%b %Y}, {words}"
    attribute = f' class="{escape(css)}"' if css else ""
    # The one text from outside is escaped above; the rest is digits and months.
    return Markup(f'<time{attribute} datetime="{at.isoformat(timespec="seconds")[:19]}Z">{words}</time>')  # noqa: S704


_kept: dict[Hashable, dict[Hashable, Markup]] = {}


def lay_out(lines: Sequence[Hashable], macro: Callable[[Any], Markup]) -> Markup:
    """Return `macro` of each line, one after another, where what a line looks like is worked out once a day.

    A live page with a long timeline is drawn again at each event, and all but one of its lines are as they were. The markup depends
    on nothing but the line, the day and the zone, so whoever meets a kept one has the very same line to show.
    """
    today = (timezone.get_current_timezone_name(), timezone.localdate())
    if today not in _kept or len(_kept[today]) > LINES_KEPT:
        _kept.clear()
        _kept[today] = {}
    kept, drawn = _kept[today], []
    for line in lines:
        markup = kept.get(line)
        if markup is None:
            markup = kept[line] = macro(line)
        drawn.append(markup)
    return Markup("".join(drawn))  # noqa: S704 - each is the markup of a macro, which escaped what it was given


def forget_lines() -> None:
    """Drop the markup of lines that this process keeps."""
    _kept.clear()


def moment(at: datetime) -> Markup:
    """Return `at` with its seconds, for a record that is read line by line."""
    here = timezone.localtime(at)
    return Markup('<time datetime="{}">{}</time>').format(f"{at:%Y-%m-%dT%H:%M:%SZ}", f"{here:%H:%M:%S}")


def minutes_left(at: datetime) -> str:
    """Return how long until `at` in whole words, second to the clock time and never alone; "" once it has passed."""
    seconds = (at - timezone.now()).total_seconds()
    if seconds <= 0:
        return ""
    minutes = int(seconds // 60)
    if minutes < 1:
        return "under a minute"
    if minutes < 90:
        return f"{minutes} min"
    hours = round(minutes / 60)
    return f"{hours} hours" if hours < 48 else f"{round(hours / 24)} days"


def stress(sentence: str) -> Markup:
    """Return `sentence`, escaped, with the parts between ``**`` as strong text."""
    return Markup(_STRESS.sub(r"<strong>\1</strong>", str(escape(sentence))))  # noqa: S704 - escaped first


def ticks(sentence: str) -> Markup:
    """Return `sentence`, escaped, with the parts between backticks as code."""
    return Markup(_TICKS.sub(r"<code>\1</code>", str(escape(sentence))))  # noqa: S704 - escaped first


def gauge(board: Any) -> Markup:
    """Return the gauge of a board as SVG. `draw_gauge` escapes every text itself."""
    return Markup(draw_gauge(board.points, board.needed, board.could, board.could_words))  # noqa: S704


def drawn(svg: str) -> Markup:
    """Return a flow map as SVG. `draw_flow_map` escapes every text itself."""
    return Markup(svg)  # noqa: S704


def fours(text: str) -> str:
    """Return `text` in groups of four, whatever spaces it came with."""
    plain = "".join(text.split())
    return " ".join(plain[i : i + 4] for i in range(0, len(plain), 4))
