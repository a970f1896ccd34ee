"""Train the tiny SigLIP 2: ``python -m demo.train.siglip2``.

The classes are those of the fixed-resolution SigLIP 2 checkpoints (``SiglipModel``, ``Siglip2Tokenizer``). A step
compares 16 frames with some 30 captions (parts, coloured parts, pairs, "empty belt", things never seen) by SigLIP's
sigmoid loss; every caption is judged against every frame, so frames with the wrong part of the right colour are
negatives of their own accord. A linear head on the patches, thrown away afterwards, names the part and the colour in
each patch: without it the encoder takes several times as many steps to tell the parts apart. The vision tower begins
as a copy of the trained SAM 3 encoder, which has the same layers and has already learnt the parts.
"""

import argparse
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor
from transformers import Siglip2Tokenizer, SiglipConfig, SiglipImageProcessor, SiglipModel, SiglipProcessor

from demo.draw import Split
from demo.train.cells import KINDS, cell_loss, cover
from demo.train.dataset import CACHE, IMAGE_SIZE, SceneSet, load
from demo.train.tokenizers import SIGLIP_LENGTH, siglip2_tokenizer
from demo.vocabulary import ABSENT, COLOUR_NAMES, EMPTY, LABELS, NAMES, TEMPLATES

WIDTH: Final = 96  # of the embedding
PATCH: Final = 16
GRID: Final = IMAGE_SIZE // PATCH
LETTERS: Final = "aeiouaeioubcdfghklmnprstvwz"
BILINEAR: Final = 2  # SigLIP 2's resampling; SigLIP 1 used bicubic


@dataclass(frozen=True)
class Settings:
    """The schedule of one cosine cycle."""

    steps: int = 4500
    batch: int = 16
    learning_rate: float = 1e-3
    warmup: int = 150
    seed: int = 0


def config(tokenizer: Siglip2Tokenizer) -> SiglipConfig:
    """About 0.7 million parameters: 4 vision and 2 text layers of width 96."""
    return SiglipConfig(
        text_config={
            "vocab_size": len(tokenizer), "hidden_size": WIDTH, "intermediate_size": 2 * WIDTH,
            "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": SIGLIP_LENGTH,
            "pad_token_id": tokenizer.pad_token_id, "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
        },
        vision_config={
            "hidden_size": WIDTH, "intermediate_size": 3 * WIDTH, "num_hidden_layers": 4, "num_attention_heads": 4,
            "image_size": IMAGE_SIZE, "patch_size": PATCH,
        },
    )  # fmt: skip


def save(model: SiglipModel, tokenizer: Siglip2Tokenizer, folder: Path) -> None:
    """Write model and processor the way ``AutoModel`` and ``AutoProcessor`` read them."""
    model.save_pretrained(folder)
    size = {"height": IMAGE_SIZE, "width": IMAGE_SIZE}
    images = SiglipImageProcessor(size=size, resample=BILINEAR)
    SiglipProcessor(images, tokenizer).save_pretrained(folder)  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Contents:
    """What each scene shows: ``parts`` (n, 6) and ``coloured`` (n, 6, 6; part, colour), bool."""

    parts: NDArray[np.bool_]
    coloured: NDArray[np.bool_]


def contents(scenes: SceneSet) -> Contents:
    """Read the contents from the scenes' objects."""
    coloured = np.zeros((len(scenes), len(LABELS), len(COLOUR_NAMES)), bool)
    coloured[scenes.objects.scene, scenes.objects.label, scenes.objects.colour] = True
    return Contents(np.asarray(coloured.any(axis=2)), coloured)


Caption = tuple[str, NDArray[np.bool_]]


def captions(shown: Contents, rng: random.Random) -> list[Caption]:
    """Captions for a batch, each with the frames (batch,) it is true of."""
    found: list[Caption] = []
    nothing = np.zeros(len(shown.parts), bool)

    def add(words: str, truth: NDArray[np.bool_]) -> None:
        template = "{}" if rng.random() < 0.4 else rng.choice(TEMPLATES)
        found.append((template.format(words).lower(), truth))

    for label in range(len(LABELS)):
        for _ in range(2):
            add(rng.choice(NAMES[label].all), shown.parts[:, label])
    pairs = np.argwhere(shown.coloured.any(axis=0))
    for k in range(10):
        # Two thirds are true of some frame of the batch; the rest are any combination.
        if k % 3 and len(pairs):
            label, colour = (int(i) for i in rng.choice(pairs))
        else:
            label, colour = rng.randrange(len(LABELS)), rng.randrange(len(COLOUR_NAMES))
        add(f"{COLOUR_NAMES[colour]} {rng.choice(NAMES[label].all)}", shown.coloured[:, label, colour])
    for _ in range(2):
        a, b = rng.sample(range(len(LABELS)), 2)
        words = f"{rng.choice(NAMES[a].all)} and a {rng.choice(NAMES[b].all)}"
        add(words, shown.parts[:, a] & shown.parts[:, b])
    for words in rng.sample(EMPTY, 1):
        found.append((words, np.asarray(~shown.parts.any(axis=1))))
    for words in rng.sample(ABSENT, 2):
        add(words, nothing)
    for _ in range(2):  # a word nobody taught the model must not land on a part by chance
        add("".join(rng.choice(LETTERS) for _ in range(rng.randint(3, 9))), nothing)
    return found


def train(
    settings: Settings,
    scenes: SceneSet,
    encoder: Path,
    watch: Callable[[SiglipModel, Siglip2Tokenizer], None] | None = None,
) -> tuple[SiglipModel, Siglip2Tokenizer]:
    """Train on top of the encoder of a SAM 3 checkpoint; ``watch`` is called with the model every 500 steps."""
    torch.manual_seed(settings.seed)
    rng = random.Random(settings.seed)
    draw = np.random.default_rng(settings.seed)
    tokenizer = siglip2_tokenizer()
    model = SiglipModel(config(tokenizer))
    start_from_sam3(model, encoder, _pixels(scenes.images[:64], []))
    with torch.no_grad():  # SigLIP's initial values: temperature 10, bias -10
        model.logit_scale.fill_(math.log(10.0))
        model.logit_bias.fill_(-10.0)
    cells = torch.nn.Linear(WIDTH, KINDS)
    weights = [*model.parameters(), *cells.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=0.0, weight_decay=0.05, betas=(0.9, 0.98), fused=True)
    shown = contents(scenes)
    per_scene = scenes.objects.by_scene(len(scenes))
    started = time.monotonic()
    mean: NDArray[np.float64] = np.zeros(2)
    model.train()
    for step in range(settings.steps):
        rate = min(1, (step + 1) / settings.warmup) * (0.5 + 0.5 * math.cos(math.pi * step / settings.steps))
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * rate
        numbers = draw.integers(0, len(scenes), settings.batch)
        flips = [axis for axis in (1, 2) if rng.random() < 0.5]  # rows, columns
        seen = model.vision_model(pixel_values=_pixels(scenes.images[numbers], flips))
        texts = captions(Contents(shown.parts[numbers], shown.coloured[numbers]), rng)
        truth = torch.from_numpy(np.stack([true for _, true in texts], axis=1)).float()
        read = model.text_model(input_ids=tokens(tokenizer, [text for text, _ in texts])).pooler_output
        cosines = F.normalize(seen.pooler_output, dim=-1) @ F.normalize(read, dim=-1).T
        logits = cosines * model.logit_scale.exp() + model.logit_bias
        caption_loss = F.binary_cross_entropy_with_logits(logits, truth, reduction="none").sum(1).mean()
        patches = cells(seen.last_hidden_state).transpose(1, 2).unflatten(2, (GRID, GRID))
        loss = caption_loss + cell_loss(patches, cover([per_scene[n] for n in numbers], scenes, flips, GRID))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        now = np.array([float(caption_loss.detach()), float((loss - caption_loss).detach())])
        mean = now if step == 0 else 0.96 * mean + 0.04 * now
        if step % 100 == 0:
            spent = time.monotonic() - started
            print(
                f"step {step}/{settings.steps} {spent:.0f} s | captions {mean[0]:.3f} cells {mean[1]:.3f}",
                flush=True,
            )
        if watch is not None and step % 500 == 499:
            model.eval()  # type: ignore[no-untyped-call]
            watch(model, tokenizer)
            model.train()
    print(f"trained {settings.steps} steps in {(time.monotonic() - started) / 60:.1f} min", flush=True)
    return model.eval(), tokenizer  # type: ignore[no-untyped-call]


def start_from_sam3(model: SiglipModel, folder: Path, pixels: Tensor) -> None:
    """Copy the vision encoder of a tiny SAM 3 checkpoint into SigLIP's vision tower, in place.

    The two differ in three ways, which training has to make up for: SAM 3 turns its positions (RoPE) where SigLIP
    only adds them, looks through windows in every second layer, and normalises the embedded patches. The last is
    made up for here by scaling the embedding to the size it has on ``pixels``, (n, 3, 192, 192) in -1..1.
    """
    weights = load_file(folder / "model.safetensors")
    prefix = "vision_encoder.backbone."
    parts = {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
    patches, positions = parts["embeddings.patch_embeddings.projection.weight"], parts["embeddings.position_embeddings"]
    embedded = F.conv2d(pixels, patches, stride=PATCH).flatten(2).transpose(1, 2) + positions
    gain = parts["layer_norm.weight"] / embedded.std(dim=-1).mean()
    tower = {
        "embeddings.patch_embedding.weight": patches * gain[:, None, None, None],
        "embeddings.patch_embedding.bias": parts["layer_norm.bias"],
        "embeddings.position_embedding.weight": positions[0] * gain,
    }
    for name, value in parts.items():
        if name.startswith("layers."):
            renamed = name.replace("attention.o_proj", "attention.out_proj").replace("attention.", "self_attn.")
            tower["encoder." + renamed] = value
    known = model.vision_model.state_dict()
    unknown = tower.keys() - known.keys()
    if unknown:
        raise ValueError(f"SigLIP's vision tower has no {sorted(unknown)[0]}")
    model.vision_model.load_state_dict(known | tower)


def tokens(tokenizer: Siglip2Tokenizer, texts: list[str]) -> Tensor:
    """(n, 64) token ids the way SigLIP 2 was trained: lower case, padded to full length, no attention mask."""
    lowered = [text.lower() for text in texts]
    padded = tokenizer(lowered, padding="max_length", max_length=SIGLIP_LENGTH, truncation=True, return_tensors="pt")
    ids: Tensor = padded.input_ids
    return ids


def _pixels(images: NDArray[np.uint8], flips: list[int]) -> Tensor:
    """(n, 3, 128, 128) in -1..1, flipped alike, each with a gain of its own."""
    raw = torch.from_numpy(images).float() / 127.5 - 1
    gain = torch.empty(len(images), 1, 1, 1).uniform_(0.88, 1.12)
    return (raw * gain).flip(flips).permute(0, 3, 1, 2).contiguous()


def main() -> None:
    """Train on the cached scenes and save the checkpoint."""
    parser = argparse.ArgumentParser(description="Train the demo's tiny SigLIP 2.")
    parser.add_argument("out", type=Path, help="folder for the checkpoint")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder of the scenes (default: %(default)s)")
    parser.add_argument("--encoder", type=Path, default=CACHE / "sam3-raw", help="SAM 3 checkpoint to start from")
    parser.add_argument("--steps", type=int, default=Settings.steps)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    scenes = load(Split.TRAIN, options.cache)
    scratch = options.cache / "siglip2-scratch"
    model, tokenizer = train(Settings(steps=options.steps), scenes, options.encoder, lambda m, t: save(m, t, scratch))
    save(model, tokenizer, options.out)


if __name__ == "__main__":
    main()
