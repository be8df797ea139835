"""A tab of the browser that records faults of pages, and checks their accessibility and layout."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

from tests.server import Server

SCREENSHOTS = Path(__file__).resolve().parents[2] / "var" / "screenshots"

BEYOND = """() => [...document.querySelectorAll("main *, header *")].filter((element) => {
  const box = element.getBoundingClientRect();
  if (!box.width || box.right <= innerWidth + 1 && box.left >= -1) return false;
  for (let up = element; up; up = up.parentElement) {
    if (up.matches(".visually-hidden, .skip, thead, svg, [popover]")) return false;
    if (up !== element && getComputedStyle(up).overflowX !== "visible") return false;
  }
  return true;
}).map((element) => element.outerHTML.slice(0, 120))"""
"""Elements outside of the window that cannot be scrolled into view."""


BROKEN = """() => {
  const broken = [], range = document.createRange();
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    for (const word of node.data.matchAll(/(?<!\\S)\\p{Script=Latin}{2,14}(?!\\S)/gu)) {
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const tops = [...range.getClientRects()].filter((box) => box.width).map((box) => box.top);
      if (Math.max(...tops) - Math.min(...tops) > 8) broken.push(word[0]);
    }
  }
  return broken;
}"""
"""Words of up to 14 letters that stand in two lines."""


@cache
def axe_source() -> str:
    """The accessibility checker's script, from its Python package."""
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


@dataclass
class Tab:
    """A page of the browser on our server; `faults` collects errors."""

    page: Page
    server: Server
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        # The browser logs each answer of 400 and more: a test names those that it expects.
        if message.type == "error" and "status of" not in message.text:
            self.faults.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme != "data" and url.netloc != urlsplit(self.server.url).netloc:
            self.faults.append(f"asks another host: {request.url}")

    def go(self, path: str) -> int:
        """Open the page; returns its status."""
        response = self.page.goto(self.server.url + path)
        assert response is not None
        return response.status

    @property
    def path(self) -> str:
        """The tab's URL without the host."""
        url = urlsplit(self.page.url)
        return url.path + (f"?{url.query}" if url.query else "")

    def violations(self, rules: Sequence[str] | None = None) -> list[str]:
        """The serious and critical findings of the accessibility checker; of all rules, if None."""
        # Added by the debugger, which the content security policy does not restrict.
        if self.page.evaluate("() => typeof axe") == "undefined":
            self.page.evaluate(axe_source() + "\n;0")
        options: dict[str, Any] = {"resultTypes": ["violations"]}
        if rules is not None:
            options["runOnly"] = list(rules)
        found: dict[str, Any] = self.page.evaluate(
            "(options) => axe.run(document, options)", options
        )
        return [
            f"{each['id']} ({each['impact']}): {node['html'][:160]} {node['failureSummary'][:300]}"
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"]
        ]

    def resize(self, width: int, height: int = 900) -> None:
        """Set the width of the window."""
        self.page.set_viewport_size({"width": width, "height": height})

    def overflows(self) -> list[str]:
        """The elements that are wider than the window, or outside of it."""
        wide = self.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        beyond: list[str] = self.page.evaluate(BEYOND)
        return [*([f"page is {wide} pixels too wide"] if wide > 0 else []), *beyond]

    def broken_words(self) -> list[str]:
        """The ordinary words of the page that stand in two lines."""
        words: list[str] = self.page.evaluate(BROKEN)
        return words

    def screenshot(self, name: str, *, always: bool = False) -> None:
        """Save a screenshot of the whole page: in `make screenshots`, or `always`."""
        if not always and "FUSION_TEST_SCREENSHOTS" not in os.environ:
            return
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def new_tab(context: BrowserContext, server: Server) -> Tab:
    """A separate tab."""
    context.set_default_timeout(10_000)
    return Tab(context.new_page(), server)
