# The first stage prepares the model and builds the index; the last one holds neither torch nor a compiler.
FROM python:3.11-slim AS build
# An index with PyTorch's CPU build, where pip's own has only the CUDA one: ten times smaller.
ARG PIP_EXTRA_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
COPY requirements.lock requirements-torch.lock ./
# Each file is checked by its sha256, and none is built here, by tools that no lock names.
RUN python -m venv /prepare \
 && /prepare/bin/pip install --no-deps --require-hashes --only-binary :all: -r requirements.lock \
 && /prepare/bin/pip install -r requirements-torch.lock
COPY pyproject.toml README.md LICENSE ./
COPY qa qa
RUN /prepare/bin/pip install --no-deps --no-build-isolation . \
 && QA_MODEL_CACHE=/app/models /prepare/bin/qa model prepare
COPY corpus corpus
RUN QA_MODEL_CACHE=/app/models /prepare/bin/qa index build
COPY requirements-serve.lock ./
# What serves has no pip of its own.
RUN python -m venv --without-pip /serve \
 && /prepare/bin/pip --python /serve/bin/python install --no-deps --require-hashes --only-binary :all: -r requirements-serve.lock \
 && /prepare/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /prepare/bin/pip --python /serve/bin/python install --no-deps /wheels/*.whl

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /app --no-create-home suraq
WORKDIR /app
COPY --from=build /serve /serve
COPY --from=build /app/models models
# The service writes to these two, where it may: the root may be read-only, then a rebuild needs a volume for each.
COPY --from=build --chown=10001:10001 /app/corpus corpus
COPY --from=build --chown=10001:10001 /app/index index
ENV PATH=/serve/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HF_HUB_OFFLINE=1 \
    QA_HOST=0.0.0.0 \
    QA_MODEL_CACHE=/app/models
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ.get(\"QA_PORT\", 8000)}/readyz', timeout=2)"]
CMD ["qa", "serve"]
