"""A browser without a screen, for `mfadesk walk`: one cookie jar, forms filled in as a person would, and what a page says.

It sends only what a form on the page holds, so that a template, a view and a verb which do not fit each other stop the walk.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import httpx

from mfadesk.kernel.errors import Refusal, Unavailable

TIMEOUT_S = 15.0
MAX_HOPS = 5
SAID_LIMIT = 400
"""Characters of a page that a failed step repeats."""

_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "use", "wbr"})


@dataclass(slots=True)
class Form:
    """One form: where it goes, what it holds by itself, and the choices of its radio buttons and buttons as (value, words)."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[tuple[str, str]]] = field(default_factory=dict)


@dataclass(slots=True)
class Element:
    """One element: its tag, its attributes and the words in it."""

    tag: str
    attributes: Mapping[str, str]
    words: str = ""

    @property
    def classes(self) -> frozenset[str]:
        return frozenset(self.attributes.get("class", "").split())


class Page(HTMLParser):
    """One answer of the desk, read as far as a walk needs it."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(convert_charrefs=True)
        self.url, self.status, self.content = str(answer.url), answer.status_code, answer.content
        self.headers = answer.headers
        self.elements: list[Element] = []
        self.forms: list[Form] = []
        self._open: list[Element] = []
        self._form: Form | None = None
        self._label: Element | None = None
        self._radios: list[tuple[Form, str, str, Element | None]] = []
        if "html" in answer.headers.get("content-type", ""):
            self.feed(answer.text)
            self.close()
        for form, name, value, label in self._radios:
            form.choices.setdefault(name, []).append((value, " ".join(label.words.split()) if label else ""))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element, what it belongs to and, of a form, what may be sent."""
        attributes = {name: value or "" for name, value in attrs}
        element = Element(tag, attributes)
        self.elements.append(element)
        if tag not in _VOID:
            self._open.append(element)
        if tag == "form":
            self._form = Form(attributes.get("action", ""))
            self.forms.append(self._form)
        elif tag == "label":
            self._label = element
        elif self._form is not None and attributes.get("name") and tag in ("input", "button", "textarea"):
            self._add_field(tag, attributes, element)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        if tag == "label":
            self._label = None
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place].tag == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.words += data

    def words_of(self, css_class: str) -> list[str]:
        """Return the words of every element of that class, their spaces made one."""
        return [" ".join(one.words.split()) for one in self.elements if css_class in one.classes]

    def heading(self) -> str:
        """Return the page's first heading, or its title."""
        return next((" ".join(one.words.split()) for one in self.elements if one.tag in ("h1", "title") and one.words), "")

    def says(self) -> str:
        """Return what the page told its reader, for the sentence of a failed step."""
        problem = self.words_of("summary") or self.words_of("err")
        main = [" ".join(one.words.split()) for one in self.elements if one.tag == "main"]
        told = " ".join(part for part in (*problem, *main, self.heading()) if part) or self.content[:SAID_LIMIT].decode(
            errors="replace"
        )
        return f"{self.status} at {self.url}: {told[:SAID_LIMIT]}"

    def form(self, action: str) -> Form:
        """Return the form whose address ends so. Raises Refusal with what the page says instead."""
        for form in self.forms:
            if form.action.endswith(action):
                return form
        raise Refusal("walk_stopped", f"The page has no form for {action!r}. It says: {self.says()}")

    def _add_field(self, tag: str, attributes: Mapping[str, str], element: Element) -> None:
        assert self._form is not None
        name, value = attributes["name"], attributes.get("value", "")
        if attributes.get("type") == "radio":
            self._radios.append((self._form, name, value, self._label))
            if "checked" in attributes:
                self._form.fields[name] = value
        elif tag == "button":
            self._radios.append((self._form, name, value, element))
        else:
            self._form.fields.setdefault(name, value)


class Browser:
    """One cookie jar at one desk."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self._client = httpx.Client(base_url=origin, timeout=TIMEOUT_S, trust_env=False, headers={"Accept": "text/html"})

    def close(self) -> None:
        self._client.close()

    def get(self, path: str) -> Page:
        """Return a page, redirects followed. Raises Refusal where it is no 2xx."""
        return self._follow(self._send("GET", path))

    def submit(self, page: Page, action: str, **values: str) -> Page:
        """Fill in and send the form whose address ends with `action`, and return the page that follows.

        Raises Refusal where the page has no such form, the form no such field or choice, or the desk says no.
        """
        form = page.form(action)
        for name, value in values.items():
            offered = [one for one, _ in form.choices.get(name, [])]
            if name not in form.fields and value not in offered:
                raise Refusal(
                    "walk_stopped",
                    f"The form {form.action} takes no {name}={value!r}; offered: {offered or sorted(form.fields)}.",
                )
        return self._follow(self._send("POST", urljoin(page.url, form.action), data={**form.fields, **values}))

    def ask_json(self, page: Page, action: str, address: str, **values: str) -> Any:
        """Post a form to the address beside it that its script would ask, and return the JSON answer. Raises Refusal."""
        data = {**page.form(action).fields, **values}
        answer = self._send("POST", address, data=data, accept="application/json")
        try:
            told = answer.json()
        except json.JSONDecodeError as error:
            raise Refusal("walk_stopped", f"{address} answered no JSON: {Page(answer).says()}") from error
        if not answer.is_success:
            raise Refusal("walk_stopped", f"{address} said {answer.status_code}: {told.get('detail', told)}")
        return told

    def _send(self, method: str, path: str, data: Mapping[str, str] | None = None, accept: str = "text/html") -> httpx.Response:
        # A browser names its origin with every post; the desk may rely on it.
        headers = {"Accept": accept, **({"Origin": self.origin} if method == "POST" else {})}
        try:
            return self._client.request(method, path, data=data, headers=headers)
        except httpx.HTTPError as error:
            raise Unavailable("desk", f"The desk did not answer {method} {path}: {error}") from error

    def _follow(self, answer: httpx.Response) -> Page:
        for _ in range(MAX_HOPS):
            if not answer.is_redirect:
                break
            answer = self._send("GET", urljoin(str(answer.url), answer.headers["location"]))
        page = Page(answer)
        if not answer.is_success:
            raise Refusal("walk_stopped", page.says())
        return page


def find_links(text: str, path: str) -> list[str]:
    """Return the web addresses in `text` whose path begins with `path`.

    >>> find_links("See http://localhost:8000/me/not-me/ABC now.", "/me/not-me/")
    ['/me/not-me/ABC']
    """
    return re.findall(rf"https?://[^/\s]+({re.escape(path)}[A-Za-z0-9_-]+)", text)
