"""A citation's ``source_url`` opens the author's own page at the passage, in a real browser and from a real page."""

from __future__ import annotations

import html
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from qa.reading.markup import parser
from qa.reading.text_fragment import source_url
from qa.records import Document, Metadata, Passage
from tests.browser.conftest import Opening
from tests.conftest import ROOT
from tests.fakes import read

# Each block so far from the next that not two passages are seen together.
_STYLE = "<style>p, li, h1, h2, h3 { margin-top: 900px } td { padding-top: 900px } body { padding: 900px 0 }</style>"
_SEEN = """() => [...document.querySelectorAll("p, li, td")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.bottom > 0 && box.top + parseFloat(getComputedStyle(one).paddingTop) < innerHeight;
}).map((one) => one.innerText).join(" ")"""
TWICE = "Бұл сөйлем екі жерде де тұр."


@contextmanager
def author_page(body: str) -> Iterator[str]:
    """A page of the author's, on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path.startswith("/essay")
            self.send_response(200 if known else 204)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(f"<!doctype html><title>Essay</title>{_STYLE}{body}".encode() if known else b"")

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/essay"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def of(text: str, name: str, url: str) -> tuple[Document, tuple[Passage, ...]]:
    document, passages = read(text, name)
    return replace(document, metadata=Metadata(url=url)), passages


def opened(opening: Opening, address: str) -> tuple[float, str]:
    page = opening(viewport={"width": 800, "height": 400})
    page.goto(address)
    page.wait_for_function("scrollY > 0")
    return page.evaluate("scrollY"), " ".join(str(page.evaluate(_SEEN)).split())


def test_each_kind_of_passage_is_scrolled_to(opening: Opening) -> None:
    text = (ROOT / "tests" / "essays" / "tea.md").read_text(encoding="utf-8")
    with author_page(parser().render(text)) as url:
        document, passages = of(text, "tea.md", url)
        first = {passage.kind: passage for passage in reversed(passages)}
        assert {"paragraph", "item", "row"} <= first.keys()
        for kind in ("paragraph", "item", "row"):
            passage = first[kind]
            cells = passage.text.splitlines()[-1].strip("| ").split("|")
            words = (
                cells[1].strip() if kind == "row" else passage.plain.removeprefix(passage.context or "").strip()[:20]
            )
            address = source_url(document, passage)
            assert address is not None
            scrolled, seen = opened(opening, address)
            assert scrolled > 0 and words in seen, (kind, address)


@pytest.mark.parametrize("which", [0, 1])
def test_of_two_equal_passages_the_one_that_is_meant_is_scrolled_to(opening: Opening, which: int) -> None:
    lines = ["Алғашқы абзац осында тұр.", TWICE, "Ортадағы абзац осында, мұнда.", TWICE, "Соңғы абзац осында."]
    with author_page("".join(f"<p id=p{n}>{html.escape(line)}</p>" for n, line in enumerate(lines))) as url:
        document, passages = of("\n\n".join(lines), "essay.txt", f"{url}?x=1#top")
        address = source_url(document, [one for one in passages if one.text == TWICE][which])
        assert address is not None
        page = opening(viewport={"width": 800, "height": 400})
        page.goto(address)
        page.wait_for_function("scrollY > 0")
        at = page.evaluate("""n => document.querySelector(`#p${n}`).getBoundingClientRect().top""", 1 + 2 * which)
        assert 0 <= at < 400, address
