# The processes that never load torch: ml-backend, search-service, worker and setup.
# Packages come from the lock alone, each file by its hash, so that two builds install the same.
# A tag can be moved; for builds that must not change at all, give PYTHON with its digest: 3.11-slim-bookworm@sha256:…
ARG PYTHON=3.11-slim-bookworm

# The help pages; what makes them is not in the image.
FROM python:${PYTHON} AS help
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_INPUT=1
WORKDIR /src
COPY locks/docs.lock locks/
RUN --mount=type=cache,target=/root/.cache/pip,sharing=locked \
    pip install --require-hashes --only-binary :all: --no-deps --requirement locks/docs.lock
COPY search_service/web/icon.svg search_service/web/icon.svg
COPY docs docs
RUN python -m sphinx -q docs search_service/help -d /tmp/doctrees

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_INPUT=1 \
    SOURCE_DATE_EPOCH=1767225600
RUN python -m venv /opt/argus
ENV PATH=/opt/argus/bin:$PATH
WORKDIR /src
COPY locks/build.lock locks/web.lock locks/
# `attr` is on the index as source only; nothing else runs code while it is installed.
RUN --mount=type=cache,target=/root/.cache/pip,sharing=locked \
    pip install --require-hashes --no-deps --requirement locks/build.lock && \
    pip install --require-hashes --only-binary :all: --no-binary attr --no-build-isolation --no-deps --requirement locks/web.lock
COPY pyproject.toml README.md LICENSE ./
COPY argus argus
COPY argus_cli argus_cli
COPY label_studio_config label_studio_config
COPY ml_backend ml_backend
COPY search_service search_service
COPY --from=help /src/search_service/help search_service/help
RUN --mount=type=cache,target=/root/.cache/pip,sharing=locked \
    pip install --no-build-isolation --no-deps .

FROM python:${PYTHON}
# One number in every image of Argus, because they share a volume.
RUN groupadd --gid 10001 argus && \
    useradd --uid 10001 --gid argus --create-home --home-dir /var/lib/argus --shell /usr/sbin/nologin argus && \
    install --directory --owner argus --group argus --mode 0755 /models
COPY --from=build /opt/argus /opt/argus
COPY docker/setup.py /opt/argus/setup.py
ENV PATH=/opt/argus/bin:$PATH \
    ARGUS_HOME=/var/lib/argus \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2
USER 10001:10001
WORKDIR /var/lib/argus
CMD ["argus", "--help"]
