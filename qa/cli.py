"""The command ``qa``: printing and exit codes only. Libraries that take long to import are imported where used."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qa.errors import CorpusError, GenerationError, IndexFolderError, QAError, SettingsError
from qa.exposure import check_exposure
from qa.index_commands import index, rebuild_and_tell
from qa.logs import set_up_logs, tell
from qa.settings import Settings, load_settings

if TYPE_CHECKING:
    from qa.evaluation.report import Report
    from qa.records import Answer, Document, Passage


class _Group(click.Group):
    """Says a domain error in one line and exits with 1; a usage error exits with 2, as click does."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except QAError as error:
            tell(f"qa: {error}", logging.ERROR)
            ctx.exit(1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="suraq", prog_name="qa")
def main() -> None:
    """Answers questions from an essay with its own passages and exact section citations."""


main.add_command(index)


def _settings_help() -> str:
    """Every setting with its default, for ``qa serve --help``."""
    rows = []
    for name, field in Settings.model_fields.items():
        shown = (field.json_schema_extra or {}).get("shown") if isinstance(field.json_schema_extra, dict) else None
        default = shown if shown is not None else field.default
        rows.append((f"QA_{name.upper()}={default}", field.description or ""))
    width = max(len(name) for name, _ in rows) + 2
    return "\b\nSettings, from the environment or .env:\n" + "\n".join(
        f"  {name:<{width}}{text}" for name, text in rows
    )


@main.command(epilog=_settings_help())
@click.option("--host", help="The address to serve on (QA_HOST).")
@click.option("--port", type=click.IntRange(0, 65535), help="The port to serve on (QA_PORT).")
@click.option("--workers", type=click.IntRange(1, 256), help="The number of worker processes (QA_WORKERS).")
@click.option("--watch", is_flag=True, help="Rebuild the index whenever the corpus changes.")
def serve(host: str | None, port: int | None, workers: int | None, watch: bool) -> None:
    """Build the index if it is missing or stale, then serve."""
    for name, value in (("QA_HOST", host), ("QA_PORT", port), ("QA_WORKERS", workers)):
        if value is not None:
            os.environ[name] = str(value)  # worker processes read their settings from the environment
    settings = load_settings()
    check_exposure(settings)
    set_up_logs(settings)
    if settings.api_keys:
        os.environ["QA_API_KEYS"] = settings.api_keys.hashed()  # worker processes need no more
    _check_address(settings)
    _build(settings, watch=watch)
    tell(f"Serving {_live_counts(settings)} on http://{settings.host}:{settings.port}")
    from uvicorn import Config

    from qa.open_files import allow_many_connections
    from qa.serving.shared_metrics import shared
    from qa.serving.supervisor import run

    allow_many_connections()
    with shared(settings.processes()):
        config = Config(
            "qa.serving.app:create_app_from_environment",
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=settings.processes(),
            http="qa.serving.connection:Connection",
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            log_config=None,  # its lines take the same way as ours
            log_level=None,
            access_log=False,  # it would write every question into the log
            server_header=False,
            timeout_keep_alive=75,  # who lets go later than the service loses the request that is sent just then
            timeout_graceful_shutdown=5,  # a client that follows a job would keep the service from ending
        )
        status = run(config)
    click.get_current_context().exit(status)


def _build(settings: Settings, *, watch: bool) -> None:
    """Build if needed, with ``watch`` again whenever the corpus changes.

    A corpus that cannot be read, or a disk that cannot be written, does not keep a live index from serving.
    """
    from qa.builders import builders
    from qa.loading import store_of
    from qa.watching import Watcher, build_in_another_process

    watcher = Watcher(settings.corpus_dir, build_in_another_process) if watch else None
    try:
        rebuild_and_tell(settings)
    except (CorpusError, IndexFolderError) as error:
        if watcher is None:
            try:
                store_of(settings).check_live()
            except GenerationError:
                raise error from None
        tell(f"qa: {error}", logging.ERROR)
    if watcher is not None:
        watcher.start()
        builders().stand_by()


def _live_counts(settings: Settings) -> str:
    from qa.errors import NoGenerationError
    from qa.loading import store_of

    try:
        counts = store_of(settings).live_manifest().counts
    except NoGenerationError:
        return "nothing yet"
    return f"{counts.passages} passages of {counts.documents} documents"


def _check_address(settings: Settings) -> None:
    """Say at once if the address cannot be served on, not after the model and the index are made."""
    import socket

    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise SettingsError(
                f"cannot serve on {settings.host}, port {settings.port} ({error.strerror}); set QA_HOST or QA_PORT"
            ) from error


@main.command()
@click.argument("question")
@click.option(
    "-k", "--top-k", type=click.IntRange(1, 50), default=5, show_default=True, help="How many passages to show."
)
@click.option("--json", "as_json", is_flag=True, help="Print what POST /ask would reply.")
def ask(question: str, top_k: int, as_json: bool) -> None:
    """Answer QUESTION on the terminal, with citations."""
    from pydantic import TypeAdapter, ValidationError

    from qa.loading import load_answerer
    from qa.serving.schemas import AskReply, QuestionText

    try:
        TypeAdapter(QuestionText).validate_python(question)
    except ValidationError as error:
        raise click.BadParameter(
            error.errors()[0]["msg"].removeprefix("Value error, "), param_hint="QUESTION"
        ) from error
    settings = load_settings()
    answerer = load_answerer(settings)
    started = time.perf_counter()
    answer = answerer.answer(question, top_k)
    took_ms = (time.perf_counter() - started) * 1000
    if as_json:
        reply = AskReply.of(answer, answerer.generation.manifest, settings.base_url, took_ms)
        click.echo(reply.model_dump_json(indent=1))
    else:
        _print_answer(answer)


def _print_answer(answer: Answer) -> None:
    if answer.span is not None:
        citation = answer.hits[answer.span.passage].citation
        click.echo(f"«{' '.join(answer.span.text.split())}»\n  {citation.label} · {citation.title}\n")
    else:
        click.echo("The corpus does not answer this. Nearest:\n")
    for hit in answer.hits:
        place = f"{hit.citation.document}:{hit.citation.line_start}"
        click.echo(f"{hit.score:.2f}  {hit.citation.label}  ({place})\n      {' '.join(hit.passage.text.split())}\n")


@main.command()
def mcp() -> None:
    """Serve an MCP client over standard input and output, until the input ends."""
    from qa.loading import load_answerer
    from qa.serving.mcp.stdio import serve

    settings = load_settings()
    serve(settings, load_answerer(settings))


@main.command()
@click.argument("document", required=False)
def outline(document: str | None) -> None:
    """Show how DOCUMENT, or every document, was understood, and every line that was dropped and why."""
    from qa.errors import UnknownDocumentError
    from qa.reading import read_corpus

    reading = read_corpus(load_settings().corpus_dir)
    chosen = [one for one in reading.documents if document in (None, one.id, one.name)]
    if not chosen:
        known = ", ".join(one.id for one in reading.documents)
        raise UnknownDocumentError(f"no document of the corpus has the id {document!r}; there are: {known}")
    for one in chosen:
        _print_outline(one, [passage for passage in reading.passages if passage.document == one.id])
    if document is None:
        for file in reading.skipped:
            click.echo(f"skipped {file.reason}")


def _print_outline(document: Document, passages: list[Passage]) -> None:
    about = f"{document.name}, {document.encoding}, {document.language}, {len(document.text)} characters"
    click.echo(f"{document.title}\n  {document.id} ({about})")
    said = document.metadata
    known = {"author": "; ".join(said.authors), "date": said.date, "url": said.url, "tags": ", ".join(said.tags)}
    for name, value in ({name: value for name, value in known.items() if value} | dict(said.fields)).items():
        click.echo(f"  {name}: {value}")
    for warning in document.warnings:
        click.echo(f"  warning: {warning}")
    for section in document.sections:
        indent = "  " * section.level
        if section.level:
            click.echo(f"{indent}{section.path[-1]}  [line {section.line}, #{section.anchor}]")
        for passage in passages:
            if passage.section_anchor == section.anchor:
                where = f"line {passage.line_start}, #{passage.anchor}, {passage.kind}, {len(passage.text)} characters"
                click.echo(f"{indent}  · {_shortened(passage.text)}  [{where}]")
    for part in document.dropped:
        text = _shortened(document.text[part.start : part.end])
        click.echo(f"  dropped line {part.line_start}: {part.reason}: {text}")


def _shortened(text: str, longest: int = 60) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= longest else flat[: longest - 1] + "…"


@main.command("eval")
@click.argument("questions", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON, as --gate reads it.")
@click.option(
    "--gate", type=click.Path(path_type=Path), help="A saved report; fail where a figure fell beyond its noise."
)
@click.option(
    "--report", "page", type=click.Path(path_type=Path), help="Write FILE, an HTML page with plots and failures."
)
def evaluate(questions: Path, as_json: bool, gate: Path | None, page: Path | None) -> None:
    """Measure how well the live index answers the QUESTIONS, a file of JSON Lines."""
    from qa.evaluation.gate import falls
    from qa.evaluation.outcomes import evaluate
    from qa.evaluation.questions import read_cases
    from qa.evaluation.report import Report, read_report
    from qa.evaluation.table import plain_table
    from qa.loading import load_answerer

    cases = read_cases(questions)
    before = read_report(gate) if gate is not None else None
    write = _page_writer(page, questions, gate) if page is not None else None
    answerer = load_answerer(load_settings())
    manifest = answerer.generation.manifest
    report = Report.of(
        evaluate(cases, answerer.answer),
        questions=questions.name,
        model=manifest.model.name,
        generation=manifest.generation,
        threshold=manifest.threshold,
    )
    if write is not None:
        write(report)
    click.echo(report.model_dump_json(indent=1) if as_json else plain_table(report))
    fallen = falls(before.outcomes, report.outcomes) if before is not None else []
    for line in fallen:
        click.echo(f"qa: {line}", err=True)
    if fallen:
        click.get_current_context().exit(1)


def _page_writer(page: Path, *read: Path | None) -> Callable[[Report], None]:
    """What writes a report to ``page``, found to be possible before any question is asked."""
    from qa.evaluation.questions import EvaluationError

    try:
        from qa.evaluation.page import check_writable, write
    except ImportError as error:
        raise EvaluationError(f"--report needs matplotlib and jinja2 ({error}); pip install '.[evaluate]'") from error
    check_writable(page)
    if page.resolve() in {one.resolve() for one in read if one is not None}:
        raise click.BadParameter("it would overwrite a file that is read", param_hint="--report")
    return lambda report: write(report, page)


def _not_empty(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.strip():
        raise click.BadParameter("it is empty; name a hub id or a folder")
    return value


@main.group()
def model() -> None:
    """Prepare encoders, and see which are there."""


@model.command("prepare")
@click.argument("name", metavar="[MODEL]", required=False, callback=_not_empty)
@click.option("--again", is_flag=True, help="Prepare it even if it is there.")
def model_prepare(name: str | None, again: bool) -> None:
    """Load or decode MODEL (QA_MODEL if not given), export it, check it, and store it in the model cache."""
    from qa.encoding.preparation import prepare
    from qa.encoding.prepared import Card
    from qa.loading import model_folder
    from qa.retrieval.calibration import Calibration

    settings = load_settings()
    if name is not None:
        settings = settings.model_copy(update={"model": name})
    folder = None if again else model_folder(settings)
    if folder is None:
        folder = prepare(
            settings,
            settings.model,
            lambda prepared: Calibration.fit(prepared).save(prepared.folder),
            lambda line: click.echo(f"Preparing {settings.model}: {line}", err=True),
        )
    card = Card.read(folder)
    click.echo(
        f"{card.model} is ready: {card.source}, {card.dimension} dimensions, "
        f"agrees with the original to {card.cosine:.4f}",
        err=True,
    )


@model.command("list")
def model_list() -> None:
    """List the prepared models of the cache."""
    from qa.encoding.prepared import prepared_cards

    cards = prepared_cards(load_settings().model_cache)
    if not cards:
        click.echo("No model is prepared; run qa model prepare.")
    for folder, card in cards.items():
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1024**2
        click.echo(f"{card.model}  {card.engine}  {card.dimension} dimensions  {size:.0f} MiB  {card.fingerprint}")
