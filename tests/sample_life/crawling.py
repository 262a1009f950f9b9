"""Looks at every page that links lead to, and says what on it would act on its own or mislead."""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from tests.dashboard.people import Browser

# Bytes of strangers leave by their own route, and whoever signs out sees no further page.
_NOT_PAGES = ("/raw/", "/own/raw/", "/json/", "/logout", "/static/")
_FETCHED = {"src", "srcset", "poster", "data", "background", "action", "formaction"}
_VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_FOREIGN = {"iframe", "frame", "object", "embed", "base", "foreignobject", "applet", "portal"}
_DANGEROUS = re.compile(r"(?:javascript|data|vbscript|file|blob):", re.IGNORECASE)
_ELSEWHERE = re.compile(r"(?:[a-z][a-z0-9+.-]*:|[/\\]{2})", re.IGNORECASE)
# Browsers skip these in an address.
_SKIPPED = dict.fromkeys(range(0x21))
# What turns text around, and what commands a terminal.
_UNSEEN = re.compile("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# Here a person edits or copies a text, which must stay what it is.
_EXACT = {"textarea", "code.copyable"}


class Shown(HTMLParser):
    """One page: where it leads, and what is wrong with it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.complaints: list[str] = []
        self._inside: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        if tag not in _VOID:
            self._inside.append(f"{tag}.{at['class']}" if tag == "code" and "class" in at else tag)
        if tag in _FOREIGN:
            self.complaints.append(f"<{tag}>")
        if tag == "script" and not at.get("src", "").startswith("/static/"):
            self.complaints.append("a script that is not ours")
        if tag == "meta" and "url=" in at.get("content", "").lower():
            self.complaints.append(f"moves on to {at['content']}")
        for name, value in at.items():
            if name.startswith("on") or name == "style":
                self.complaints.append(f"<{tag} {name}>")
            target = value.translate(_SKIPPED)
            if name in _FETCHED | {"href", "xlink:href"} and _DANGEROUS.match(target):
                self.complaints.append(f"<{tag} {name}={value[:40]!r}>")
            is_fetched = name in _FETCHED or ("href" in name and tag in {"link", "use", "image"})
            if is_fetched and _ELSEWHERE.match(target):
                self.complaints.append(f"<{tag}> fetches {value[:60]!r}")
        if tag == "a" and "href" in at:
            self.links.append(at["href"])

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop().partition(".")[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        found = _UNSEEN.search(data)
        if found and not _EXACT & set(self._inside):
            self.complaints.append(f"text with U+{ord(found[0]):04X}: {data.strip()[:40]!r}")


@dataclass(slots=True)
class Crawl:
    """What was found: how many pages, and complaints by page."""

    seen: set[str] = field(default_factory=set)
    complaints: dict[str, list[str]] = field(default_factory=dict)

    def families(self) -> set[str]:
        """The kinds of pages that were seen, by the first words of their addresses."""
        return {_family(address) for address in self.seen}


async def crawl(browser: Browser, starts: Sequence[str], most_of_a_family: int) -> Crawl:
    """Follow the links of a signed-in browser, up to so many pages of each family."""
    found = Crawl()
    waiting = deque(starts)
    counts: dict[str, int] = {}
    while waiting:
        address = waiting.popleft()
        family = _family(address)
        if address in found.seen or counts.get(family, 0) >= most_of_a_family:
            continue
        counts[family] = counts.get(family, 0) + 1
        found.seen.add(address)
        answer = await browser.get(address)
        if answer.status_code >= 500:
            found.complaints[address] = [f"answer {answer.status_code}"]
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        shown = Shown(answer.text)
        if shown.complaints:
            found.complaints[address] = shown.complaints
        waiting += _pages(str(answer.url), shown.links)
    return found


def _pages(base: str, links: Sequence[str]) -> Iterator[str]:
    origin = urlsplit(base)
    for link in links:
        there = urlsplit(urljoin(base, link))
        if there[:2] == origin[:2] and not there.path.startswith(_NOT_PAGES):
            yield there._replace(scheme="", netloc="", fragment="").geturl()


def _family(address: str) -> str:
    """`/own/files/…`, `/me/posts/…` and `/browse/…` by their fixed words."""
    words = urlsplit(address).path.split("/")[1:]
    return "/".join(words[: 2 if words[0] in {"own", "me"} else 1])
