"""Real servers for the figures, in a home that is deleted afterwards."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from argus import home as argus_home
from argus.labelstudio import get_label_studio
from argus.settings import Settings, get_settings
from argus_cli.stack.ports import free_port
from argus_cli.stack.stack import Stack
from argus_cli.stack.template import copy_home, template_home, temporary_home


@contextlib.contextmanager
def stack(services: Collection[str], **changes: Any) -> Iterator[Stack]:
    """Start services; this process's settings point at them. Label Studio's first boot is taken from the template.

    Call it once a process: what a process keeps of its settings (pools, clients) is not given up in between.
    """
    home = temporary_home()
    if "label-studio" in services:
        home = copy_home(template_home(Settings(_env_file=None)), home)  # type: ignore[call-arg]
    settings = Settings(_env_file=None, home=home, label_studio_port=free_port(), ml_backend_port=free_port(),
                        search_service_port=free_port(), **changes)  # type: ignore[call-arg]
    with Stack(settings, services) as running:
        os.environ.update({name: value for name, value in running.env.items() if name.startswith("ARGUS_")})
        get_settings.cache_clear()
        get_label_studio.cache_clear()
        try:
            yield running
        finally:
            from argus.db import get_pool

            if get_pool.cache_info().currsize:
                get_pool().close()
    argus_home.forget(home)


def full_size_siglip(folder: Path) -> Path:
    """Write SigLIP 2 base-256 with random weights: the architecture's cost without its knowledge (375 M weights)."""
    import torch
    from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel, SiglipProcessor

    from demo.train.tokenizers import siglip2_tokenizer

    torch.manual_seed(0)
    text = {"vocab_size": 256_000, "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
            "num_attention_heads": 12, "max_position_embeddings": 64, "pad_token_id": 0, "bos_token_id": 2,
            "eos_token_id": 1}
    vision = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
              "image_size": 256, "patch_size": 16}
    SiglipModel(SiglipConfig(text_config=text, vision_config=vision)).save_pretrained(folder)
    processor = SiglipImageProcessor(size={"height": 256, "width": 256}, resample=2)
    SiglipProcessor(processor, siglip2_tokenizer(500)).save_pretrained(folder)  # type: ignore[no-untyped-call]
    return folder


def photos(count: int) -> list[bytes]:
    """Return JPEG files of 1920 × 1080 pixels: rendered scenes of the demo with different content."""
    import io

    from demo.draw import Split
    from demo.scenes import make_scene, render_scene

    files = []
    for number in range(count):
        image, _ = render_scene(make_scene(Split.TRAIN, f"benchmark {number}"), 1920)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=90)
        files.append(buffer.getvalue())
    return files
