"""``/widget.js`` over HTTP."""

from __future__ import annotations

import gzip
import re
import tomllib

import httpx

from qa.serving.web.widget import script
from tests.conftest import ROOT

FOLDER = ROOT / "qa" / "serving" / "web"


def test_the_script_is_small_and_every_site_may_load_it(service: httpx.Client) -> None:
    reply = service.get("/widget.js", headers={"Accept-Encoding": "gzip"})
    assert reply.headers["Content-Encoding"] == "gzip"
    assert int(reply.headers["Content-Length"]) < 25_000
    assert len(gzip.compress(reply.content)) < 25_000
    assert reply.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert reply.headers["Cache-Control"] == "public, max-age=300"
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert reply.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    plain = service.get("/widget.js", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.text == reply.text


def test_a_browser_that_has_it_is_told_that_it_is_the_same(service: httpx.Client) -> None:
    first = service.get("/widget.js")
    assert re.fullmatch(r'W/"[0-9a-f]{16}"', first.headers["ETag"])
    again = service.get("/widget.js", headers={"If-None-Match": f'"other", {first.headers["ETag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == "public, max-age=300"
    assert again.headers["Access-Control-Allow-Origin"] == "*"
    assert service.get("/widget.js", headers={"If-None-Match": '"other"'}).status_code == 200
    assert service.head("/widget.js").headers["ETag"] == first.headers["ETag"]


def values(text: str) -> set[str]:
    """What the script fills in."""
    return set(re.findall(r"\{(\w+)\}", text))


def test_it_says_the_same_things_in_every_language_and_nothing_that_is_not_used() -> None:
    said = tomllib.loads((FOLDER / "interface" / "widget.toml").read_text(encoding="utf-8"))
    assert set(said) == {"kk", "ru", "en"}
    own = "".join(file.read_text(encoding="utf-8") for file in (FOLDER / "widget").glob("*.js"))
    for language, texts in said.items():
        assert texts.keys() == said["en"].keys(), language
        for name, text in texts.items():
            assert values(text) == values(said["en"][name]), (language, name)
            assert re.search(rf"texts\.{name}\b|\"{name}\"", own), name


def test_it_has_no_way_to_turn_text_into_markup_and_no_address_of_its_own() -> None:
    text = script().content.decode()
    assert "replaceSync" in text
    for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "srcdoc", "new Function"):
        assert sink not in text
    assert "://" not in re.sub(r"It must begin with https://\.|https:// деп|с https://\.", "", text)
