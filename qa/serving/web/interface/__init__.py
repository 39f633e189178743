"""The languages in which pages speak to who reads them, and what they say."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from fastapi import Request

LANGUAGES = {"kk": "Қазақша", "ru": "Русский", "en": "English"}
_OTHERWISE = "en"
# What a reader chose is kept in a cookie, so that pages without scripts know it too.
COOKIE = "suraq-language"


def language_of(request: Request) -> str:
    """The language of a page: ``?lang=``, else what was chosen before, else what the browser prefers of `LANGUAGES`."""
    for chosen in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if chosen in LANGUAGES:
            return chosen
    return next((one for one in _preferred(request) if one in LANGUAGES), _OTHERWISE)


def _preferred(request: Request) -> list[str]:
    """The languages of ``Accept-Language``, without their regions, the best first."""
    found: list[tuple[float, str]] = []
    for part in request.headers.get("accept-language", "").split(","):
        tag, _, parameter = part.partition(";")
        try:
            quality = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            quality = 0.0
        found.append((-quality, tag.strip().lower().partition("-")[0]))
    return [tag for quality, tag in sorted(found, key=lambda one: one[0]) if quality]


@cache
def texts(page: str, language: str) -> Mapping[str, str]:
    """What a page says in a language: its own file's and that of all pages."""
    folder = files("qa.serving.web.interface")
    found: dict[str, str] = {}
    for name in ("common", page):
        found |= tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))[language]
    return MappingProxyType(found)
