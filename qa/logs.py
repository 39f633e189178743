"""The log: lines on stderr, as text or as JSON, from this service and from the libraries that it uses.

Whoever has something to tell uses the standard library's `logging`; figures go into ``extra``. structlog makes the
lines. It is imported by this file alone and with the first line, since that takes a tenth of a second.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qa.settings import Settings

if TYPE_CHECKING:
    from structlog.stdlib import ProcessorFormatter

# Which request is being answered, in the context of whatever answers it.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PLAIN = re.compile(r"[\w.,:/+%*-]+")
Event = MutableMapping[str, Any]


def set_up_logs(settings: Settings) -> None:
    """Send what this process logs to stderr in the form that is set."""
    handler, lines = logging.StreamHandler(), Lines(settings)
    handler.setFormatter(lines)
    if settings.log_requests:
        lines.prepare()  # not with the first request
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    # What libraries find worth an INFO is of use to those only who look into the libraries.
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)
    logging.getLogger("qa").setLevel(level)


def tell(line: str, level: int = logging.INFO) -> None:
    """Say on stderr a line that the command line says; where the log is JSON, as one of its lines."""
    if any(isinstance(handler.formatter, Lines) and handler.formatter.json for handler in logging.root.handlers):
        logging.getLogger(__name__).log(level, "%s", line.removeprefix("qa: "))
    else:
        sys.stderr.write(f"{line}\n")


class Lines(logging.Formatter):
    """A record as a line; a text's exception follows on lines of its own."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.json = settings.log_format == "json"

    def prepare(self) -> None:
        """Import what makes the lines."""
        assert self._formatter

    def format(self, record: logging.LogRecord) -> str:
        return self._formatter.format(record)

    @cached_property
    def _formatter(self) -> ProcessorFormatter:
        from structlog import processors, stdlib

        form = _as_json if self.json else _as_text
        return stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                processors.TimeStamper(fmt="iso", utc=True),
                stdlib.add_log_level,
                stdlib.add_logger_name,
                stdlib.ExtraAdder(),
                _add_request_id,
            ],
            processors=[stdlib.ProcessorFormatter.remove_processors_meta, processors.format_exc_info, form],
        )


def _add_request_id(_logger: object, _method: str, event: Event) -> Event:
    event.pop("color_message", None)  # uvicorn's
    id_ = request_id.get()
    return event if id_ is None else {**event, "request_id": id_}


def _as_json(_logger: object, _method: str, event: Event) -> str:
    ordered = {"time": event.pop("timestamp"), "level": event.pop("level"), "message": event.pop("event")}
    # A lone surrogate, which a file's name may hold, cannot be written as UTF-8.
    return _CONTROL.sub(_escaped, json.dumps({**ordered, **event}, ensure_ascii=False, default=str))


def _as_text(_logger: object, _method: str, event: Event) -> str:
    time, level, message = event.pop("timestamp"), event.pop("level"), str(event.pop("event"))
    exception = event.pop("exception", None)
    event.pop("logger")
    # What a name or a question holds must not pass for a line of its own.
    told = " ".join(
        [
            _CONTROL.sub(_escaped, message.replace("\n", "\\n")),
            *(_told(name, value) for name, value in event.items() if value is not None),
        ]
    )
    line = f"{time[:23]}Z {level:<7} {told}"
    return line if exception is None else f"{line}\n{_CONTROL.sub(_escaped, exception)}"


def _told(name: str, value: object) -> str:
    text = f"{value:.1f}" if isinstance(value, float) else str(value)
    return f"{name}={text if _PLAIN.fullmatch(text) else _quoted(text)}"


def _quoted(text: str) -> str:
    return _CONTROL.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
