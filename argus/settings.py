"""Every setting of every process, declared once: environment variables `ARGUS_*` (or a `.env` file)."""

from __future__ import annotations

import functools
import ipaddress
import re
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from argus import addresses
from argus.errors import ArgusError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Settings(BaseSettings):
    """Typed settings. The field's description is its documentation; the table in `docs/settings.md` is made from it."""

    model_config = SettingsConfigDict(env_prefix="ARGUS_", env_file=".env", extra="ignore", frozen=True)

    home: Path = Field(Path(".argus"), description="Folder for all of Argus's data on disk.")
    database_url: str = Field("", description="PostgreSQL with pgvector. Empty: the embedded one under `home`.")
    redis_url: str = Field("", description="Redis or Valkey for RQ. Empty: the embedded one under `home`.")
    project: str = Field("", description="Project that commands work on without --project: its number or exact title. "
                         "Empty: the only connected one.")
    queue_memory_mb: int = Field(256, ge=16, description="MiB of memory for the embedded Valkey; when it is full, jobs "
                                                         "are neither accepted nor taken until there is more.")

    label_studio_url: str = Field("http://127.0.0.1:8080", description="Label Studio as this process reaches it, with "
                                  "the path it is served below, if any.")
    label_studio_public_url: str = Field("", description="Label Studio as a browser reaches it, as in its "
                                         "own LABEL_STUDIO_HOST. Empty: the same.")
    label_studio_token: SecretStr = Field(SecretStr(""), description="Personal access token of Label Studio. Empty: "
                             "read from `home`/label-studio.token, which the embedded stack writes.")
    proxy_url: SecretStr = Field(SecretStr(""), description="Proxy to Label Studio and to `image_origins`, as "
                                 "http://host:port or http://name:password@host:port. Hosts without a dot, private "
                                 "addresses and images of other origins bypass it. Empty: no proxy; proxies in the "
                                 "environment are ignored.")
    ml_backend_url: str = Field("http://127.0.0.1:9090", description="ML backend as Label Studio reaches it.")
    search_service_url: str = Field("http://127.0.0.1:8000", description="Search service as Label Studio reaches it.")
    basic_auth_user: str = Field("", description="Basic auth user of the ML backend. Empty: no auth.")
    basic_auth_password: SecretStr = Field(SecretStr(""), description="Basic auth password of the ML backend.")
    webhook_secret: SecretStr = Field(SecretStr(""), description="Secret that webhooks carry in X-Argus-Secret. "
                                      "Empty: not checked.")
    api_token: SecretStr = Field(SecretStr(""), description="Bearer token that the REST API requires. Empty: no auth.")

    require_person: bool = Field(False, description="The REST API serves only callers who send their own Label Studio "
                                 "token. ARGUS_API_TOKEN then opens /metrics alone, and a person needs only their own.")
    admins: str = Field("", description="E-mail addresses of Label Studio users who may do everything in the projects "
                                        "they can open, separated by commas; in addition to the owners of the "
                                        "organisation and of the service's token.")
    audit_days: int = Field(0, ge=0, le=36_500, description="Days to keep rows of the audit table; at least 30. 0: "
                                                            "forever.")

    own_hosts: str = Field("", description="Host names by which browsers and proxies reach the two web services, "
                                           "separated by commas, with the port unless it is the default. Their "
                                           "addresses, localhost and the hosts of the two URLs above are always "
                                           "allowed.")
    trusted_proxies: str = Field("", description="Addresses or networks (10.0.0.0/8) of the proxies in front of the "
                                 "two web services, separated by commas. X-Forwarded-For and X-Forwarded-Proto are "
                                 "trusted from these only; otherwise everybody behind a proxy shares one rate limit.")
    rate_limit: str = Field("6000/minute", pattern=r"^$|^\d+/(second|minute|hour)$", description="Requests to the "
                             "REST API allowed per address. Empty: no limit.")

    siglip_model: str = Field("google/siglip2-base-patch16-256", description="SigLIP 2 checkpoint: a name or a folder.")
    sam3_model: str = Field("facebook/sam3", description="SAM 3 checkpoint: a name or a folder.")
    sam3_engine: Literal["transformers", "sam3"] = Field("transformers", description="Implementation of SAM 3.")
    detectors: str = Field("", description="Folder with detectors of your own: each folder in it is one, as "
                           "transformers' save_pretrained writes it. Empty: `home`/detectors. Every process must see "
                           "the same.")
    device: str = Field("auto", description="auto (CUDA, else MPS, else the CPU), cpu, cuda, cuda:N or mps. A broken "
                                            "GPU is an error.")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field("auto", description="auto: bfloat16 on CUDA, "
                                                                     "float32 elsewhere.")
    torch_threads: int = Field(0, ge=0, description="Threads of a model worker on a CPU. 0: torch's own choice.")
    siglip_batch: int = Field(16, ge=1, le=512, description="Images per SigLIP batch.")
    sam3_batch: int = Field(8, ge=1, le=256, description="(image, label) pairs per SAM 3 batch.")
    sam3_resolution: int = Field(0, ge=0, description="Side of SAM 3's input in pixels: lower is faster and finds "
                                                      "less. "
                                 "0: the checkpoint's own (1008). Must be the same for every process, like the next "
                                 "four.")
    sam3_int8: bool = Field(False, description="Image encoder in int8, on a CPU only: about 1.5 times as fast.")
    sam3_tile: int = Field(0, ge=0, description="Also process images in tiles of this many pixels, to find small "
                                                "objects in large images. 0: no tiles.")
    sam3_tile_overlap: float = Field(0.2, ge=0, le=0.5, description="Overlap of neighbouring tiles, as a fraction of "
                             "a tile.")
    sam3_compile: bool = Field(False, description="Image encoder through torch.compile: the first image takes minutes.")
    feature_cache_mb: int = Field(1024, ge=0, description="MiB to cache the features of images that people are "
                                                          "working on: a second click does not encode the image again.")
    chunk_tasks: int = Field(32, ge=1, le=256, description="Most tasks of a queued SAM 3 job. It takes as many "
                             "as a second suffices for, and at least 8 of them.")

    score_threshold: float = Field(0.4, ge=0, le=1, description="Detections below this score are stored but not shown.")
    keep_threshold: float = Field(0.1, ge=0, le=1, description="Detections below this score are not stored.")
    nms_iou: float = Field(0.6, ge=0, le=1, description="Detections of one label with a higher IoU count as one "
                                                        "object.")
    max_detections: int = Field(500, ge=1, description="Detections kept per image and label; a run reports how many "
                                                       "more there were.")
    band_high: float = Field(0.9, ge=0, le=1, description="Lower edge of the high band.")
    band_medium: float = Field(0.7, ge=0, le=1, description="Lower edge of the medium band.")

    predict_deadline: float = Field(60.0, gt=0, description="Seconds /predict may take for many tasks.")
    predict_deadline_single: float = Field(3.0, gt=0, description="Seconds /predict may take when a person is waiting.")
    predict_deadline_click: float = Field(90.0, gt=0, description="Seconds a smart tool's answer may take; Label "
                                          "Studio itself waits 100.")
    predict_waiters: int = Field(8, ge=1, description="/predict calls that may wait at the same time; smart tools "
                                                      "have the same limit of their own.")
    predict_store_seconds: float = Field(0.16, ge=0, description="Seconds Label Studio takes to store one prediction.")
    claim_seconds: float = Field(180.0, gt=0, description="Seconds after which an unconfirmed delivery is checked and "
                                                          "released.")

    lease_seconds: int = Field(20, ge=4, description="Seconds after which the job of a worker that died goes to "
                               "another.")
    sync_seconds: float = Field(5.0, gt=0, description="Seconds between polls for changed tasks.")
    reconcile_seconds: float = Field(120.0, gt=0, description="Seconds between full listings of a project's tasks.")
    duplicate_seconds: float = Field(30.0, ge=0, description="A frame is compared with frames of the same video up to "
                             "this many seconds older. 0: no near-duplicates are marked.")
    duplicate_bits: int = Field(6, ge=0, le=256, description="Bits (of 256) by which the image hashes of "
                             "near-duplicates may differ.")
    duplicate_similarity: float = Field(0.985, ge=-1, le=1, description="Minimum cosine similarity of "
                             "near-duplicates' embeddings.")
    exact_search_rows: int = Field(1_000_000, ge=0, description="Projects of up to this many images are searched "
                                   "exactly. Larger ones get an approximate index.")
    search_memory_mb: int | None = Field(None, ge=0, description="MiB of memory in which the search service keeps "
                                         "compressed vectors (dimensions + 16 bytes an image) to search several times "
                                         "faster, with the same results. 0: none. Empty: a tenth of the machine's "
                                         "memory, at least 100. More than there is is refused. Must be the same for "
                                         "every process.")
    search_index: Literal["hnsw", "ivfflat"] = Field("hnsw", description="Index of larger projects. ivfflat builds "
                             "faster, but misses more or searches more slowly.")
    max_image_bytes: int = Field(64 * 2**20, description="Maximum size of an image file in bytes.")
    max_image_pixels: int = Field(120_000_000, description="Maximum number of pixels of an image.")
    picture_memory_mb: int = Field(576, ge=64, description="MiB of memory for decoding images in the search service: "
                                                           "requests wait for their turn, and an image that needs "
                                                           "more is refused.")
    image_timeout: float = Field(20.0, gt=0, description="Seconds to wait for an image.")
    image_origins: str = Field("", description="Additional origins from which images may be fetched, separated by "
                                               "commas.")

    export_waiting: int = Field(5, ge=1, description="Exports of one project that may be waiting or running at the "
                                                     "same time.")
    export_quota_mb: int = Field(51_200, ge=1, description="MiB for the exports of one project that are kept for "
                                                           "download: they stay until somebody deletes them, and one "
                                                           "that does not fit fails.")
    export_free_mb: int = Field(1024, ge=0, description="MiB of disk space that exports leave free.")

    upload_max_mb: int = Field(20_480, ge=1, description="MiB that one file uploaded over the page may have.")
    upload_quota_mb: int = Field(51_200, ge=1, description="MiB that the uploads of one person into one project may "
                                 "take at the same time; those under way count with their full size.")
    upload_free_mb: int = Field(5_120, ge=0, description="MiB of disk space that uploads leave free.")
    upload_max_frames: int = Field(50_000, ge=1, description="Frames that an uploaded video may be cut into; of \"only "
                                   "changes\", frames that are compared.")
    upload_keep: bool = Field(False, description="Keep an uploaded file after its import, under `home`/uploads, until "
                              "its owner removes it. Otherwise it is deleted when its tasks are made.")

    split_gap_seconds: float = Field(5.0, ge=0, description="Seconds that frames of one video in different splits of "
                                     "an export are apart at least; what is nearer is in no split.")

    host: str = Field("127.0.0.1", description="Address the web processes listen on.")
    ml_backend_port: int = Field(9090, description="Port of the ML backend.")
    search_service_port: int = Field(8000, description="Port of the search service.")
    worker_metrics_port: int = Field(0, ge=0, le=65_535, description="Port of a worker's /metrics on `host`. 0: none. "
                             "Each worker on a machine needs its own.")
    label_studio_port: int = Field(8080, description="Port of the embedded Label Studio.")
    label_studio_user: str = Field("argus@example.com", description="Login of the embedded Label Studio.")
    label_studio_password: SecretStr = Field(SecretStr("argus-demo"), description="Password of the embedded one.")
    label_studio_python: Path = Field(Path(".venv-label-studio/bin/python"),
                                      description="Python of the environment the embedded Label Studio lives in.")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @field_validator("label_studio_url", "label_studio_public_url", "ml_backend_url", "search_service_url")
    @classmethod
    def _address(cls, value: str) -> str:
        """Every address of the settings is read by the parser that judges what is dialled."""
        if value:
            addresses.parse(value)
        return value

    @field_validator("image_origins")
    @classmethod
    def _origins(cls, value: str) -> str:
        for one in value.split(","):
            cls._address(one.strip())
        return value

    @field_validator("search_memory_mb", mode="before")
    @classmethod
    def _unset(cls, value: int | str | None) -> int | str | None:
        return None if value == "" else value

    @field_validator("proxy_url")
    @classmethod
    def _proxy(cls, value: SecretStr) -> SecretStr:
        cls._address(re.sub(r"//[^/?#@\\\s]+@", "//", value.get_secret_value(), count=1))
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        _networks(value)
        return value

    @model_validator(mode="after")
    def _in_order(self) -> Settings:
        if self.score_threshold < self.keep_threshold:
            raise ValueError(f"ARGUS_SCORE_THRESHOLD is {self.score_threshold:g}, below ARGUS_KEEP_THRESHOLD "
                             f"({self.keep_threshold:g}): detections below that are not stored, so none could be shown")
        if not 0 < self.band_medium <= self.band_high:
            raise ValueError(f"ARGUS_BAND_MEDIUM ({self.band_medium:g}) must lie above 0 and not above ARGUS_BAND_HIGH "
                             f"({self.band_high:g})")
        return self

    @property
    def trusted_networks(self) -> tuple[Network, ...]:
        return _networks(self.trusted_proxies)

    @property
    def public_label_studio_url(self) -> str:
        return (self.label_studio_public_url or self.label_studio_url).rstrip("/")

    @property
    def token_path(self) -> Path:
        return self.home / "label-studio.token"

    @property
    def detectors_dir(self) -> Path:
        return Path(self.detectors) if self.detectors else self.home / "detectors"

    @property
    def access_token(self) -> str:
        """The personal access token: the setting, else what the embedded stack wrote, else an empty string."""
        if token := self.label_studio_token.get_secret_value():
            return token
        return self.token_path.read_text().strip() if self.token_path.exists() else ""

    @property
    def resolved_database_url(self) -> str:
        return self.database_url or f"postgresql://argus@/argus?host={self.run_dir}"

    @property
    def resolved_redis_url(self) -> str:
        return self.redis_url or f"unix://{self.run_dir / 'valkey.sock'}"

    @property
    def run_dir(self) -> Path:
        """Folder of the embedded servers' unix sockets; short, because a socket's path holds 107 bytes."""
        from argus.home import socket_dir

        return socket_dir(self.home)


@functools.cache
def _networks(text: str) -> tuple[Network, ...]:
    """Return networks from `10.0.0.0/8, ::1`. Raises `ValueError`."""
    return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())


@functools.cache
def get_settings() -> Settings:
    """Return the process's settings, read once. Tests call `get_settings.cache_clear()`.

    Raises:
        ArgusError: `bad_setting` names the first that is wrong; what it holds may be a password, and is not said.
    """
    try:
        return Settings()  # type: ignore[call-arg]
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = "_".join(str(part) for part in first["loc"]).removeprefix("ARGUS_").upper()
        raise ArgusError("bad_setting", f"ARGUS_{name} is wrong. {first['msg'].removeprefix('Value error, ')}",
                         "docs/settings.md lists what is allowed.") from None
