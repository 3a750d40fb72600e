"""The project's pages for readers, and what stands in them: links, headings, blocks of commands, names of tests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_FENCE = re.compile(r"^( *)```[^\n]*\n.*?^\1```[ \t]*$", re.MULTILINE | re.DOTALL)
_TESTED = re.compile(r"^<!-- tested(?P<how>[^\n]*?) -->\n```console\n(?P<lines>.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]\n]*\]\(([^)\s]+)\)")
_TEST = re.compile(r"`(tests/[a-z_/]+\.py)::(\w+)`")


@dataclass(frozen=True)
class Block:
    """Commands that a page promises to work, one a line. `how` may say ``exit 1`` and ``with executor``."""

    line: int
    how: str
    commands: str

    @property
    def status(self) -> int:
        found = re.search(r"exit (\d)", self.how)
        return int(found[1]) if found else 0


def read_blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [Block(text.count("\n", 0, m.start()) + 2, m["how"].strip(" :"), m["lines"]) for m in _TESTED.finditer(text)]


def read_links(page: Path) -> list[str]:
    return _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))


def read_tests(page: Path) -> list[tuple[str, str]]:
    return _TEST.findall(page.read_text(encoding="utf-8"))


def anchors_of(page: Path) -> set[str]:
    """Return the anchors that a forge makes of a page's headings."""
    heads = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", head).lower()).strip().replace(" ", "-") for head in heads}
