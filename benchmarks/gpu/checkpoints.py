"""Full-size checkpoints of random weights, in the form in which the published ones come."""

from __future__ import annotations

import contextlib
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from benchmarks.annotate.world import CHECKPOINT as TINY

# The so400m towers, as the published configurations of `google/siglip2-so400m-patch14-384` have them: images and texts
# alike. 256,000 tokens, texts of 64.
SO400M = {"hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27, "num_attention_heads": 16}
IMAGE_SIDE, PATCH, WORDS, TEXT_TOKENS = 384, 14, 256_000, 64
_MERGES = 49_152 - 256 - 2  # lines that Meta's tokenizer reads of its vocabulary


@contextlib.contextmanager
def _made(device: str) -> Iterator[None]:
    """Make weights in bfloat16 on `device`, the same each time; a CPU would take a minute for a billion of them."""
    before = torch.get_default_dtype()
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device(device):
            yield
    finally:
        torch.set_default_dtype(before)


def write_sam3(folder: Path, device: str, config: Any = None) -> Path:
    """Write detector and tracker in the form of `facebook/sam3`, the encoder once, and return the folder.

    Args:
        config: a `Sam3VideoConfig`; None: transformers' default, which is the full size.
    """
    from transformers import Sam3Model, Sam3TrackerConfig, Sam3TrackerModel, Sam3VideoConfig

    folder.mkdir()
    about: Any = config or Sam3VideoConfig()
    tracked = about.tracker_config
    with _made(device):
        detector = Sam3Model(about.detector_config).state_dict()
        tracker = Sam3TrackerModel(Sam3TrackerConfig(
            vision_config=tracked.vision_config, prompt_encoder_config=tracked.prompt_encoder_config,
            mask_decoder_config=tracked.mask_decoder_config)).state_dict()
    weights = {f"detector_model.{name}": weight for name, weight in detector.items()}
    for name, weight in tracker.items():
        if name.startswith("vision_encoder.neck."):
            weights[name.replace("vision_encoder.neck.", "tracker_neck.")] = weight
        elif not name.startswith("vision_encoder."):
            weights[f"tracker_model.{name}"] = weight
    save_file({name: weight.cpu().contiguous() for name, weight in weights.items()}, folder / "model.safetensors",
              {"format": "pt"})
    about.architectures = ["Sam3VideoModel"]
    about.save_pretrained(folder)
    _write_tokenizer(folder, about.detector_config.text_config.vocab_size)
    return folder


def _write_tokenizer(folder: Path, words: int) -> None:
    """Write the demo's tokenizer, filled up to so many words: only the number counts."""
    tokenizer = json.loads((TINY / "tokenizer.json").read_text("utf-8"))
    known = tokenizer["model"]["vocab"]
    known |= {f"unused {number}": number for number in range(len(known), words)}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), "utf-8")
    (folder / "tokenizer_config.json").write_bytes((TINY / "tokenizer_config.json").read_bytes())


def write_siglip2(folder: Path, device: str, sizes: dict[str, int] | None = None, side: int = IMAGE_SIDE,
                  words: int = WORDS) -> Path:
    """Write a SigLIP 2 checkpoint with towers of `sizes` (None: so400m), and return the folder."""
    from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel, SiglipProcessor

    from demo.train.tokenizers import siglip2_tokenizer

    tokenizer = siglip2_tokenizer()
    towers = sizes or SO400M
    config = SiglipConfig(
        text_config={**towers, "vocab_size": words, "max_position_embeddings": TEXT_TOKENS,
                     "pad_token_id": tokenizer.pad_token_id, "bos_token_id": tokenizer.bos_token_id,
                     "eos_token_id": tokenizer.eos_token_id},
        vision_config={**towers, "image_size": side, "patch_size": PATCH})
    with _made(device):
        model: Any = SiglipModel(config)
    model.cpu().save_pretrained(folder)
    images = SiglipImageProcessor(size={"height": side, "width": side})
    SiglipProcessor(images, tokenizer).save_pretrained(folder)  # type: ignore[no-untyped-call]
    return folder


def write_vocabulary(file: Path) -> Path:
    """Write a vocabulary for Meta's package, whose wheel has none; only the number of its words counts."""
    with gzip.open(file, "wt", encoding="utf-8") as lines:
        lines.write("# version\n" + "".join(f"a{number} b{number}\n" for number in range(_MERGES)))
    return file
