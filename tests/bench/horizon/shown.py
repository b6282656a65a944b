"""What an open list of machines shows, and when: noted by the page itself, so that asking late changes nothing."""

import time
from dataclasses import dataclass

from playwright.sync_api import Page

# Every change of the words in a machine's status cell, with the browser's clock, which is this machine's.
_NOTE = """
() => {
  const last = {};
  window.labels = [];
  const look = () => document.querySelectorAll("#list tbody tr[id^=row-]").forEach((row) => {
    const name = row.querySelector(".c-name a")?.textContent.trim();
    const label = row.querySelector(".c-status .tag")?.textContent.trim();
    if (name && last[name] !== label) window.labels.push([Date.now() / 1000, name, last[name] = label]);
  });
  look();
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
}
"""


@dataclass(frozen=True)
class OpenList:
    page: Page

    @classmethod
    def of(cls, page: Page, url: str) -> "OpenList":
        page.goto(url)
        page.wait_for_selector("#live-state[data-state=live]")
        page.evaluate(_NOTE)
        return cls(page)

    def seen(self, name: str, labels: set[str], after: float, seconds: float = 120.0) -> float:
        """The time at which this machine first showed one of the labels."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for at, machine, label in self.page.evaluate("window.labels"):
                if machine == name and label in labels and at >= after:
                    return float(at)
            self.page.wait_for_timeout(200)
        raise RuntimeError(f"{name} never showed {labels}: {self.page.evaluate('window.labels')[-5:]}")
