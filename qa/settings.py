"""All settings: from the environment (``QA_…``), else from ``.env``, else the defaults here."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from platformdirs import user_cache_dir
from pydantic import BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from qa.addresses import parse_networks
from qa.api_keys import SHORTEST_SECRET, ApiKeys
from qa.errors import SettingsError
from qa.rate import Rate

# What these hold is not told, not even in an error.
_SECRETS = ("admin_token", "api_keys", "llm_api_key", "milvus_token", "milvus_uri")

_PORTS = {"http": 80, "https": 443}
_MOST_WORKERS = 4
# Linux's Documentation/admin-guide/cgroup-v2.rst; within a container it is that of the container.
_CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")
# A name or an IPv4 address, or an IPv6 address, which `urlsplit` takes out of its brackets.
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*|[0-9a-f.]*:[0-9a-f:.]*")


class Settings(BaseSettings):
    """One frozen object, made once and handed to what needs it."""

    model_config = SettingsConfigDict(env_prefix="QA_", env_file=".env", extra="ignore", frozen=True)

    corpus_dir: Path = Field(default=Path("corpus"), description="the folder of documents")
    index_dir: Path = Field(default=Path("index"), description="the folder of the built index")
    model: str = Field(
        default="bundled", min_length=1, description="the encoder: bundled, bundled-plain, a hub id, or a folder"
    )
    model_cache: Path = Field(
        default=Path(user_cache_dir("suraq")),
        description="where prepared models are kept",
        json_schema_extra={"shown": "~/.cache/suraq"},
    )
    encoder_engine: Literal["onnx", "torch"] = Field(default="onnx", description="what runs the encoder: onnx or torch")
    encoder_threads: int = Field(
        default=1,
        ge=0,
        le=256,
        description="threads of each worker's encoder for one question; 0: one",
    )
    device: str = Field(
        default="cpu",
        min_length=1,
        description="what the encoder and QA_RERANKER run on: cpu, cuda or cuda:N; another name is for torch",
    )
    reranker: str = Field(
        default="", description="a cross-encoder that orders the best passages anew, a hub id or a folder; empty: none"
    )
    host: str = Field(default="127.0.0.1", min_length=1, description="the address to serve on")
    port: int = Field(default=8000, ge=0, le=65535, description="the port to serve on")
    workers: int = Field(
        default=0,
        ge=0,
        le=256,
        description="the number of worker processes; 0: one for every two cores, four at most, and one alone where "
        "each would count for itself: with QA_RATE_LIMIT or QA_UNANSWERED=memory",
    )
    base_url: str = Field(default="", description="what the links in citations begin with; empty: they are relative")
    cite: Literal["read", "source"] = Field(
        default="read",
        description="where the links of chat replies and tools lead: read, to this service's reading page, or source, "
        "to the author's own page where a document's metadata name one",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        json_schema_extra={"shown": ""},
        description="the origins of other sites whose pages may ask, separated by commas, or * for all; empty: none",
    )
    admin_token: SecretStr = Field(
        default=SecretStr(""),
        description="what administration over HTTP asks for, 16 characters or more; empty: there is none",
    )
    public_admin: bool = Field(
        default=False,
        json_schema_extra={"shown": "no"},
        description="yes: administration may be on at an address that others reach, without keys to ask",
    )
    api_keys: Annotated[ApiKeys, NoDecode, BeforeValidator(ApiKeys.parse)] = Field(
        default=ApiKeys(),
        json_schema_extra={"shown": ""},
        description="keys that asking needs, separated by commas; empty: none",
    )
    rate_limit: Annotated[Rate | None, NoDecode, BeforeValidator(Rate.parse)] = Field(
        default=None,
        json_schema_extra={"shown": ""},
        description="how often a key or an address may ask, as in 60/minute; empty: as often as it likes",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode, BeforeValidator(parse_networks)] = Field(
        default=("127.0.0.1", "::1"),
        json_schema_extra={"shown": "127.0.0.1,::1"},
        description="addresses and networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed",
    )
    queue: int = Field(
        default=8, ge=0, le=10_000, description="how many requests of a worker may wait; more are refused with 503"
    )
    request_timeout: float = Field(
        default=30, gt=0, le=3600, description="how long a request may take to arrive, and to wait, in seconds"
    )
    keep_generations: int = Field(default=5, ge=1, le=1000, description="how many built generations are kept")

    store: Literal["faiss", "milvus"] = Field(
        default="faiss", description="where generations are kept: faiss, files in QA_INDEX_DIR, or milvus"
    )
    milvus_uri: str = Field(
        default="",
        validate_default=True,
        description="the Milvus of QA_STORE=milvus: http://host:19530, or a file, which milvus-lite keeps",
    )
    milvus_token: SecretStr = Field(
        default=SecretStr(""), description="what that Milvus asks for: user:password, or a key; empty: nothing"
    )
    milvus_collection: str = Field(
        default="suraq",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$",
        description="what the names of its collections there begin with",
    )

    gate: Path | None = Field(
        default=None,
        json_schema_extra={"shown": ""},
        description="a set of questions; a build that answers it worse than what is live is kept aside",
    )

    unanswered: str = Field(
        default="",
        description="where questions that found no answer are kept: memory (the last 200), or a file; empty: nowhere",
    )
    report: Path | None = Field(
        default=None,
        json_schema_extra={"shown": ""},
        description="the page that qa eval --report wrote, to be shown to the owner; empty: none",
    )

    log_format: Literal["text", "json"] = Field(default="text", description="lines of the log: text, or json")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="the least that is logged: debug, info, warning or error"
    )
    log_requests: bool = Field(
        default=False, json_schema_extra={"shown": "no"}, description="whether each request is logged, once it ended"
    )
    log_questions: bool = Field(
        default=False,
        json_schema_extra={"shown": "no"},
        description="whether the line of a request holds the question that was asked",
    )

    llm_base_url: str = Field(
        default="",
        description="a server with OpenAI's chat completions, whose model writes the chat's replies; empty: none does",
    )
    llm_model: str = Field(default="", validate_default=True, description="the name of that model")
    llm_api_key: SecretStr = Field(default=SecretStr(""), description="the key that the server asks for; empty: none")
    llm_timeout: float = Field(default=20, gt=0, le=600, description="how long its next words may take, in seconds")

    @field_validator("base_url", "llm_base_url")
    @classmethod
    def _absolute(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("http", "https"):
            raise ValueError("it must begin with http:// or https://, as in https://essay.example")
        return value.rstrip("/")

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _origins(cls, value: str | tuple[str, ...]) -> tuple[str, ...]:
        named = value.split(",") if isinstance(value, str) else value
        origins = tuple(dict.fromkeys(_origin(one.strip()) for one in named if one.strip()))
        if "*" in origins and len(origins) > 1:
            raise ValueError("* means every origin; leave out the others, or name them without *")
        return origins

    @field_validator("gate", "report", mode="before")
    @classmethod
    def _none_if_empty(cls, value: object) -> object:
        # Else it would be the folder that the service was started in.
        return None if value == "" else value

    @field_validator("milvus_uri")
    @classmethod
    def _of_milvus(cls, value: str, info: ValidationInfo) -> str:
        if not value and info.data.get("store") == "milvus":
            raise ValueError(
                "QA_STORE is 'milvus', so name its Milvus here, as in http://127.0.0.1:19530 or ./suraq.db"
            )
        if "://" in value and urlsplit(value).scheme not in ("http", "https"):
            raise ValueError("it must begin with http:// or https://, or name a file")
        return value

    @field_validator("llm_model")
    @classmethod
    def _with_its_server(cls, value: str, info: ValidationInfo) -> str:
        # A server that was refused is told of by its own error.
        server = info.data.get("llm_base_url", value)
        if value and not server:
            raise ValueError(
                "QA_LLM_BASE_URL is not set; set it to the address of the model's server, or leave both empty"
            )
        if server and not value:
            raise ValueError(
                "QA_LLM_BASE_URL is set; set this to the name of a model of that server, or leave both empty"
            )
        return value

    @field_validator("admin_token", "llm_api_key", "milvus_token")
    @classmethod
    def _bare(cls, value: SecretStr) -> SecretStr:
        return SecretStr(value.get_secret_value().strip())

    @field_validator("admin_token")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        length = len(value.get_secret_value())
        if 0 < length < SHORTEST_SECRET:
            raise ValueError(
                f"it has {length} characters and needs at least {SHORTEST_SECRET}; "
                "openssl rand -hex 24 makes a good one"
            )
        return value

    def processes(self) -> int:
        """The number of worker processes."""
        if self.workers:
            return self.workers
        alone = self.rate_limit is not None or self.unanswered == "memory"
        return 1 if alone else max(1, min(cores() // 2, _MOST_WORKERS))

    def at_once(self) -> int:
        """How many questions a worker answers together: one a core that it has to itself, and two at least."""
        return max(2, cores() // self.processes())


def _origin(value: str) -> str:
    """An origin as browsers send it: in small letters, a name's in ASCII, without the port that its scheme implies."""
    if value == "*":
        return value
    try:
        parts = urlsplit(value)
        port, host = parts.port, (parts.hostname or "").encode("idna").decode()
    except ValueError:  # UnicodeError too
        parts, port, host = urlsplit(""), None, ""
    bare = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host) or not bare:
        raise ValueError(
            f"{value!r} is no origin; write scheme, host and, if it has one, port, as in https://site.example, "
            "without a path and each by its full name, or * alone for every site"
        )
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{port}" if port not in (None, _PORTS[parts.scheme]) else "")


def cores() -> int:
    """The cores that this process may use, as far as it is allowed to keep them busy."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(allowed, _quota(_CPU_QUOTA) or allowed)


def _quota(file: Path) -> int | None:
    """How many cores a container may use: its time over the period, both in microseconds, whole cores rounded up."""
    try:
        time, period = file.read_text(encoding="ascii").split()
        return max(1, -(-int(time) // int(period)))
    except (OSError, ValueError, ZeroDivisionError):  # there is no container, or it says "max"
        return None


@cache
def load_settings() -> Settings:
    """The settings of this process.

    Raises:
        SettingsError: one has a value that cannot be used; the message names it.
    """
    try:
        return Settings()
    except UnicodeDecodeError as error:
        raise SettingsError("the file .env is not UTF-8; save it as UTF-8") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = str(first["loc"][0]) if first["loc"] else ""
        name = f"QA_{field.upper()}" if field else "the settings"
        value = "not usable" if field in _SECRETS else repr(first["input"])
        reason = SettingsError(f"{name} is {value}: {first['msg'].removeprefix('Value error, ')}")
        raise reason from (None if field in _SECRETS else error)
