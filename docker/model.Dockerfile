# A model worker: siglip-worker or sam3-worker. Two images, so that each may carry another transformers (LOCK) or torch.
#   TORCH        what pip installs for torch and torchvision; empty: locks/torch.lock, each file by its hash
#   TORCH_INDEX  the index to take them from, with everything they need; empty: pip's own
#                One of the two set: torch and what comes with it are not held against hashes, which only that index has.
#   LOCK         the lock of everything else: locks/sam3.lock for ARGUS_SAM3_ENGINE=sam3
# A tag can be moved; for builds that must not change at all, give PYTHON with its digest: 3.11-slim-bookworm@sha256:…
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_INPUT=1 \
    SOURCE_DATE_EPOCH=1767225600
RUN python -m venv /opt/argus
ENV PATH=/opt/argus/bin:$PATH
WORKDIR /src
ARG LOCK=locks/models.lock
COPY locks/build.lock locks/torch.in locks/torch.lock ${LOCK} locks/
# torch first, with its own dependencies: the lock has neither, so that one lock serves every build of torch.
ARG TORCH=""
ARG TORCH_INDEX=""
# hadolint ignore=DL3013,SC2086
RUN --mount=type=cache,target=/root/.cache/pip,sharing=locked \
    if [ -z "$TORCH$TORCH_INDEX" ]; then \
        pip install --require-hashes --no-deps --requirement locks/torch.lock; \
    else \
        sed -e 's/ *\\$//' -e '/--hash=/d' "$LOCK" > /tmp/pins.txt && \
        pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} --constraint /tmp/pins.txt \
            ${TORCH:---requirement locks/torch.in}; \
    fi
# `attr` and `iopath` (of sam3) are on the index as source only; nothing else runs code while it is installed.
RUN --mount=type=cache,target=/root/.cache/pip,sharing=locked \
    pip install --require-hashes --no-deps --requirement locks/build.lock && \
    pip install --require-hashes --only-binary :all: --no-binary attr,iopath --no-build-isolation --no-deps --requirement "$LOCK"
COPY pyproject.toml README.md LICENSE ./
COPY argus argus
COPY argus_cli argus_cli
COPY label_studio_config label_studio_config
COPY ml_backend ml_backend
COPY search_service search_service
RUN --mount=type=cache,target=/root/.cache/pip,sharing=locked \
    pip install --no-build-isolation --no-deps .

FROM python:${PYTHON}
# One number in every image of Argus, because they share a volume.
RUN groupadd --gid 10001 argus && \
    useradd --uid 10001 --gid argus --create-home --home-dir /var/lib/argus --shell /usr/sbin/nologin argus && \
    install --directory --owner argus --group argus --mode 0755 /models
COPY --from=build /opt/argus /opt/argus
ENV PATH=/opt/argus/bin:$PATH \
    ARGUS_HOME=/var/lib/argus \
    HF_HOME=/models \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2
USER 10001:10001
WORKDIR /var/lib/argus
CMD ["argus", "worker", "--help"]
