"""All settings: from the environment (``QA_…``), else from ``.env``, else the defaults here."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from platformdirs import user_cache_dir
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from qa.errors import SettingsError


class Settings(BaseSettings):
    """One frozen object, made once and handed to what needs it."""

    model_config = SettingsConfigDict(env_prefix="QA_", env_file=".env", extra="ignore", frozen=True)

    corpus_dir: Path = Field(default=Path("corpus"), description="the folder of documents")
    index_dir: Path = Field(default=Path("index"), description="the folder of the built index")
    model: str = Field(default="bundled", min_length=1, description="the encoder: bundled, a hub id, or a folder")
    model_cache: Path = Field(
        default=Path(user_cache_dir("suraq")),
        description="where prepared models are kept",
        json_schema_extra={"shown": "~/.cache/suraq"},
    )
    encoder_engine: Literal["onnx", "torch"] = Field(default="onnx", description="what runs the encoder: onnx or torch")
    encoder_threads: int = Field(
        default=0,
        ge=0,
        le=256,
        description="threads of each worker's encoder; 0: the cores, shared by the workers",
    )
    device: str = Field(
        default="cpu",
        min_length=1,
        description="the device of QA_ENCODER_ENGINE=torch and of QA_RERANKER, as torch names it",
    )
    reranker: str = Field(
        default="", description="a cross-encoder that orders the best passages anew, a hub id or a folder; empty: none"
    )
    host: str = Field(default="127.0.0.1", min_length=1, description="the address to serve on")
    port: int = Field(default=8000, ge=0, le=65535, description="the port to serve on")
    workers: int = Field(default=1, ge=1, le=256, description="the number of worker processes")
    base_url: str = Field(default="", description="what the links in citations begin with; empty: they are relative")
    admin_token: SecretStr = Field(
        default=SecretStr(""), description="what administration over HTTP asks for; empty: there is none"
    )
    keep_generations: int = Field(default=5, ge=1, le=1000, description="how many built generations are kept")

    gate: Path | None = Field(
        default=None,
        json_schema_extra={"shown": ""},
        description="a set of questions; a build that answers it worse than what is live is kept aside",
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

    @field_validator("admin_token", "llm_api_key")
    @classmethod
    def _bare(cls, value: SecretStr) -> SecretStr:
        return SecretStr(value.get_secret_value().strip())

    def threads(self) -> int:
        """Threads for one worker's encoder."""
        return self.encoder_threads or max(1, cores() // self.workers)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
        name = "QA_" + str(first["loc"][0]).upper() if first["loc"] else "the settings"
        raise SettingsError(f"{name} is {first['input']!r}: {first['msg'].removeprefix('Value error, ')}") from error
