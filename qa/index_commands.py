"""``qa index``: building, looking at and going back to generations. Printing and exit codes only."""

from __future__ import annotations

import atexit
import gc
import json
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

import click

from qa.errors import GenerationError
from qa.logs import set_up_logs, tell
from qa.progress import progress_shown
from qa.settings import Settings, load_settings

if TYPE_CHECKING:
    from qa.indexing.manifest import Manifest
    from qa.indexing.store import Held
    from qa.indexing.stores import Store
    from qa.rebuilt import Rebuilt
    from qa.records import Passage

# What a build imports only once it gets there.
_IMPORTED_LATE = (
    "qa.rebuilding", "charset_normalizer", "faiss", "markdown_it", "onnxruntime", "syntok.segmenter",
    "tokenizers", "yaml",
)  # fmt: skip


@click.group()
def index() -> None:
    """Build the index of the corpus, see what is live, and go back."""


@index.command("build")
@click.option("--full", is_flag=True, help="Build even if nothing changed, and encode everything.")
@click.option("--force", is_flag=True, help="Publish even what QA_GATE would keep aside.")
@click.option("--job", hidden=True, help="Tell of it in this job's file, not here.")
def index_build(full: bool, force: bool, job: str | None) -> None:
    """Build the index of the corpus and publish it; where nothing changed, say so."""
    # Nearly all that a build makes lives until its end: to look through it again and again found nothing in a tenth
    # of the time.
    gc.set_threshold(100_000, 50, 1000)
    atexit.register(gc.freeze)  # and so when it ends
    set_up_logs(load_settings())
    if job is not None:
        _rebuild_as_job(load_settings(), job, full=full, force=force)
    elif rebuild_and_tell(load_settings(), full=full, force=force, quiet=False).status == "held":
        click.get_current_context().exit(1)


@index.command("stand-by", hidden=True)
@click.argument("channel", type=int)
def index_stand_by(channel: int) -> None:
    """Have ready what a build imports, and build once told how."""
    import os
    import socket

    from qa.builders import awaited

    for module in _IMPORTED_LATE:
        import_module(module)
    with socket.socket(fileno=channel) as sender:
        told = awaited(sender)
    if told is None:
        return
    arguments, files = told
    for stream in (1, 2):
        os.dup2(files[0], stream)
    click.get_current_context().find_root().command.main(["index", "build", *arguments], prog_name="qa")


def rebuild_and_tell(settings: Settings, *, full: bool = False, force: bool = False, quiet: bool = True) -> Rebuilt:
    """Rebuild with a progress bar; ``quiet``: say nothing where nothing changed."""
    from qa.rebuilding import rebuild

    with progress_shown(bar=settings.log_format == "text") as progress:
        rebuilt = rebuild(settings, progress, _say, full=full, force=force)
    if rebuilt.status == "unchanged":
        if not quiet:
            click.echo(rebuilt.detail)
        return rebuilt
    if rebuilt.reasons:
        _say(f"building: {rebuilt.reasons}")
    for file in rebuilt.manifest.skipped:
        _say(f"skipped {file.reason}")
    for source in rebuilt.manifest.sources:
        for warning in source.warnings:
            _say(f"{source.name}: {warning}")
    tell(f"qa: {rebuilt.detail}" if rebuilt.status == "held" else rebuilt.detail)
    return rebuilt


def _rebuild_as_job(settings: Settings, job: str, *, full: bool, force: bool) -> None:
    from qa.jobs import Jobs
    from qa.rebuilding import rebuild

    with Jobs(settings.index_dir).reporting(job) as report:
        rebuilt = rebuild(settings, report.progress, lambda _: report.progress("waiting", 0, 0), full=full, force=force)
        report.end(rebuilt.status, rebuilt.manifest.generation, rebuilt.detail)


def _say(line: str) -> None:
    tell(f"qa: {line}")


@index.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def index_status(as_json: bool) -> None:
    """Show what is live, whether the corpus has moved on, and what was kept aside."""
    from qa.loading import index_staleness, store_of

    settings = load_settings()
    store = store_of(settings)
    manifest = store.live_manifest()
    stale = index_staleness(settings)
    held = {id_: list(why.reasons) for id_ in store.ids() if (why := store.held(id_)) and why.reasons}
    if as_json:
        shown = {**manifest.model_dump(), "stale": bool(stale), "staleness": str(stale), "held": held}
        click.echo(json.dumps(shown, ensure_ascii=False, indent=1))
        return
    counts = manifest.counts
    click.echo(f"generation  {manifest.generation}, built {manifest.built_at}")
    click.echo(f"model       {manifest.model.name}: {manifest.model.source} ({manifest.model.fingerprint})")
    click.echo(f"holds       {counts.documents} documents, {counts.passages} passages, {counts.tokens} tokens")
    for entry in manifest.sources:
        click.echo(f"            {entry.name}: {entry.passages} passages, sha256 {entry.sha256[:12]}…")
    for file in manifest.skipped:
        click.echo(f"skipped     {file.reason}")
    for id_, reasons in held.items():
        click.echo(f"kept aside  {id_}: {'; '.join(reasons)}; qa index build --force publishes it")
    click.echo(f"stale       {f'yes: {stale}; run qa index build' if stale else 'no'}")


@index.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def index_list(as_json: bool) -> None:
    """List the generations that are kept, the newest first."""
    from qa.loading import store_of

    store = store_of(load_settings())
    live = store.live_id()
    rows = [_row(store, id_, live, store.held(id_)) for id_ in reversed(store.ids())]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        state = "live" if row["live"] else "kept aside" if row["held"] else ""
        told = row.get("damaged") or f"{row['documents']} documents, {row['passages']} passages, {row['model']}"
        click.echo(f"{row['generation']}  {state:<10}  {told}")


def _row(store: Store, id_: str, live: str, held: Held | None) -> dict[str, object]:
    row: dict[str, object] = {
        "generation": id_,
        "live": id_ == live,
        "held": list(held.reasons) if held else [],
    }
    try:
        manifest = store.manifest(id_)
    except GenerationError as error:
        return {**row, "damaged": str(error)}
    counts = manifest.counts
    return {
        **row,
        "built_at": manifest.built_at,
        "documents": counts.documents,
        "passages": counts.passages,
        "model": manifest.model.name,
    }


@index.command("verify")
@click.argument("generation", required=False)
def index_verify(generation: str | None) -> None:
    """Check the files of GENERATION, or of the live one, and compare its sources with the corpus."""
    from qa.loading import store_of

    settings = load_settings()
    store = store_of(settings)
    manifest = store.verified(store.named(generation or store.live_id())).manifest
    click.echo(f"{manifest.generation} is whole: {len(manifest.files)} files, {manifest.counts.passages} passages")
    _tell_sources(manifest, settings)


def _tell_sources(manifest: Manifest, settings: Settings) -> None:
    from qa.indexing.staleness import staleness

    moved_on = staleness(manifest, settings.corpus_dir, None)
    click.echo(f"the corpus has moved on: {moved_on}" if moved_on else "its sources are those of the corpus")


@index.command("rollback")
@click.argument("generation", required=False)
def index_rollback(generation: str | None) -> None:
    """Make GENERATION live again, or the one before the live one."""
    from qa.loading import check_model, store_of

    settings = load_settings()
    store = store_of(settings)
    store.live_id()
    with store.building(_say):
        now, before = store.rollback(generation, partial(check_model, settings))
    click.echo(f"{now} is live again; it was {before}")


@index.command("copy")
@click.option("--to", required=True, metavar="URI", help="faiss:FOLDER, milvus://HOST:PORT or a file .db.")
@click.option("--generation", help="Its id; the live one, if none is given.")
@click.option("--force", is_flag=True, help="Even where another index is live there.")
def index_copy(to: str, generation: str | None, force: bool) -> None:
    """Copy the live generation to another store, without encoding anything, and make it live there."""
    from qa.copying import copy

    copied = copy(load_settings(), to, generation, _say, _say, force=force)
    counts = copied.counts
    click.echo(
        f"{copied.generation} is live there: {counts.documents} documents, {counts.passages} passages, all equal"
    )


@index.command("diff")
@click.argument("a", required=False)
@click.argument("b", required=False)
def index_diff(a: str | None, b: str | None) -> None:
    """Show what changed from generation A (the one before B) to generation B (the live one).

    With QA_GATE set, also the questions that now get another first answer.
    """
    from qa.indexing.difference import difference
    from qa.loading import store_of
    from qa.rebuilding import other_answers

    settings = load_settings()
    store = store_of(settings)
    newer = store.named(b or store.live_id())
    older = store.named(a or store.before(newer))
    before, after = store.load(older), store.load(newer)
    found = difference(before.passages, after.passages)
    click.echo(f"from {before.id} to {after.id}: {found.kept} passages kept")
    for passage in found.added:
        click.echo(f"added    {_place(passage)}")
    for passage in found.removed:
        click.echo(f"removed  {_place(passage)}")
    for then, now in found.changed:
        click.echo(f"changed  {_place(then)}\n      -> {_place(now)}")
    for then, now in found.moved:
        click.echo(f"moved    {then.document}#{then.anchor} -> {_place(now)}")
    for question, first, then_first in other_answers(settings, before, after):
        click.echo(f"answers  {question}: {first} -> {then_first}")


def _place(passage: Passage) -> str:
    text = " ".join(passage.text.split())
    return f"{passage.document}#{passage.anchor}  {text if len(text) <= 80 else text[:79] + '…'}"
