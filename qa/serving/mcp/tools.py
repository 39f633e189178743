"""The tools ``search`` and ``fetch`` of the Model Context Protocol: what they take, what they do, what they give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, NamedTuple

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import ErrorDetails

from qa.errors import GonePassageError, QAError, UnknownPassageError
from qa.indexing.generation import Generation
from qa.records import Document, Passage
from qa.retrieval.answerer import Answerer
from qa.serving.chat.speaking import title_of
from qa.serving.links import Links
from qa.serving.schemas import DEFAULT_TOP_K, QuestionText

_LONGEST_VALUE = 80
_MOST_TITLES, _LONGEST_TITLE = 5, 120


class ArgumentError(QAError):
    """A tool was called with arguments that it does not take."""


# The schemas of the next four are sent to models, docstrings and all: hence no docstrings.


class SearchArguments(BaseModel):
    query: QuestionText = Field(description="one whole question, in any language")


class FetchArguments(BaseModel):
    id: str = Field(description="the id of a result of search, or of a document")


class Result(BaseModel):
    id: str
    title: str = Field(description="the section, and the document that it is in")
    url: str = Field(description="opens the document at the passage: cite it")
    # OpenAI describes what search gives as an object of ``results`` alone, but of a result only what it holds at least:
    # so this stands in each of them, where the model reads it, and not beside them.
    answerable: bool = Field(
        description="whether the documents answer the question; where they do not, this is only what comes nearest"
    )


class Results(BaseModel):
    results: list[Result] = Field(description="the best first")


class Fetched(BaseModel):
    id: str
    title: str
    text: str = Field(description="the passage or document word for word, and after it where it stands")
    url: str
    metadata: dict[str, str | int] = Field(
        description="document, and the generation of the index; of a passage also label, section if it has a number, "
        "and start and end in the characters of the document"
    )


class Tool(NamedTuple):
    """``run`` takes arguments of the type ``takes``, and where links lead."""

    name: str
    title: str
    description: str
    takes: type[BaseModel]
    gives: type[BaseModel]
    run: Callable[[Answerer, Any, Links], BaseModel]

    def call(self, answerer: Answerer, arguments: Mapping[str, Any], links: Links) -> BaseModel:
        """The tool's result.

        Raises:
            ArgumentError: an argument is missing or out of its range; the message names it.
            QAError: as the tool does.
        """
        try:
            taken = self.takes.model_validate(arguments)
        except ValidationError as error:
            raise ArgumentError(_fault(error)) from error
        return self.run(answerer, taken, links)


def search(answerer: Answerer, arguments: SearchArguments, links: Links) -> Results:
    """The passages that ``POST /ask`` gives, in their order."""
    answer = answerer.answer(arguments.query, DEFAULT_TOP_K)
    return Results(
        results=[
            Result(
                id=hit.passage.id,
                title=title_of(hit.citation),
                url=links.passage(hit.citation),
                answerable=answer.answerable,
            )
            for hit in answer.hits
        ]
    )


def fetch(answerer: Answerer, arguments: FetchArguments, links: Links) -> Fetched:
    """A passage by its id or a former one, or a whole document.

    Raises:
        GonePassageError: there was such a passage, and nothing took its place.
        UnknownPassageError: nothing has or had this id.
    """
    generation = answerer.generation
    passage = generation.now(arguments.id)
    if passage is not None:
        return _passage(generation, passage, links)
    document = generation.documents.get(arguments.id)
    if document is not None:
        return _document(generation, document, links)
    shown = _shortened(arguments.id)
    if generation.history.knows_id(arguments.id):
        raise GonePassageError(f"the passage {shown} is gone and nothing took its place; search again")
    raise UnknownPassageError(f"no passage and no document has the id {shown}; take one from a result of search")


def _passage(generation: Generation, passage: Passage, links: Links) -> Fetched:
    citation = generation.citation(passage)
    url = links.passage(citation)
    # A table's row says little without the cells of its header. The passage comes first, so that offsets still count.
    context = f"\n\nContext: {passage.context}" if passage.context else ""
    metadata: dict[str, str | int | None] = {
        "document": citation.document,
        "label": citation.label,
        "section": citation.section,
        "start": citation.start,
        "end": citation.end,
        "generation": generation.id,
    }
    return Fetched(
        id=passage.id,
        title=title_of(citation),
        text=f"{passage.text}{context}{_source(title_of(citation), url)}",
        url=url,
        metadata={name: value for name, value in metadata.items() if value is not None},
    )


def _document(generation: Generation, document: Document, links: Links) -> Fetched:
    url = links.document(document)
    return Fetched(
        id=document.id,
        title=document.title,
        text=f"{document.text}{_source(document.title, url)}",
        url=url,
        metadata={"document": document.id, "generation": generation.id},
    )


def _source(title: str, url: str) -> str:
    """Where a text stands, for a client that shows the model nothing but the text."""
    return f"\n\nSource: {title}\n{url}"


def _fault(error: ValidationError) -> str:
    """``query: String should have at most 1000 characters (it has 5000)``."""
    return "; ".join(f"{entry['loc'][0]}: {_message(entry)}" for entry in error.errors(include_url=False))


def _message(entry: ErrorDetails) -> str:
    message = entry["msg"].removeprefix("Value error, ")
    if entry["type"] == "missing":
        return message
    value = entry["input"]
    return f"{message} (it {f'has {len(value)}' if entry['type'] == 'string_too_long' else f'is {_shortened(value)}'})"


def _shortened(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _LONGEST_VALUE else f"{shown[:_LONGEST_VALUE]}…"


def contents(generation: Generation) -> str:
    """The documents by their titles, the first few of many, as a sentence."""
    first = [one.about.title[:_LONGEST_TITLE] for one in islice(generation.documents.summaries(), _MOST_TITLES)]
    rest = len(generation.documents) - len(first)
    more = f" and {rest} more" if rest else ""
    return f"The documents: {', '.join(f'«{title}»' for title in first)}{more}."


TOOLS = {
    tool.name: tool
    for tool in (
        Tool(
            "search",
            "Search the essays",
            "Finds the passages of the essays here that answer a question, the best first. Use it for every question "
            "about what these documents say. Ask one whole question, in the language that the user asks in: the "
            "documents may be in Kazakh or another language, and passages are found across languages. Read a result "
            "with fetch before you quote it, and cite its url. Where `answerable` is false, the documents do not "
            "answer the question and the results are only what comes nearest: say so, and do not make up an answer.",
            SearchArguments,
            Results,
            search,
        ),
        Tool(
            "fetch",
            "Read a passage or a document",
            "Reads a result of search: the passage word for word, then its section and link. With the id of a "
            "document, as metadata.document tells it, it reads the whole document. Quote the text as it stands, in its "
            "own language, with a translation beside it where the user needs one, and cite the url.",
            FetchArguments,
            Fetched,
            fetch,
        ),
    )
}
