"""Train the tiny SAM 3: ``python -m demo.train.sam3``.

One pass of text and exemplar prompts over the rendered scenes. Half of the prompts name something that is not there,
so the presence token learns "nothing"; the focal loss turns into plain cross entropy in the last third, so scores
come out as honest frequencies.

From boxes and prompts alone the encoder takes long to tell the parts apart. A linear head on its patches, thrown away
afterwards, names the part and the colour in each patch and shortens that to a few hundred steps.
"""

import argparse
import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from transformers import CLIPTokenizer, Sam3Model

from demo.draw import Split
from demo.train import sam3_tiny
from demo.train.cells import KINDS, cell_loss, cover
from demo.train.dataset import CACHE, SceneSet, batches, load
from demo.train.losses import Target, total_loss
from demo.train.tokenizers import clip_tokenizer
from demo.vocabulary import ABSENT, COLOUR_NAMES, LABELS, NAMES

EXEMPLAR_SHARE: Final = 0.22  # of steps
COLOUR_SHARE: Final = 0.10  # of prompts
FOREIGN_SHARE: Final = 0.05  # of prompts: things that never lie on the belt


@dataclass(frozen=True)
class Settings:
    """The schedule.

    ``minutes`` ends training by the clock: on a slow machine the schedule has fewer steps. ``cells_from`` is the step
    at which the patch head joins: with it from the start, the decoder had not begun to place boxes after 1,900 steps.
    ``begun`` (0..1) is how far along the losses' schedule training starts. With ``frozen`` the encoder stays as it is.
    """

    steps: int = 9700
    minutes: float = 65.0
    batch: int = 8
    learning_rate: float = 8e-4
    warmup: int = 150
    average: float = 0.998
    cells_from: int = 2250
    begun: float = 0.0
    frozen: bool = False
    save_every: int = 250
    seed: int = 0


@dataclass(frozen=True)
class Ask:
    """A prompt in words and the object rows that answer it; ``alike`` answers an example box in its place."""

    image: int
    text: str
    rows: NDArray[np.int64]
    alike: NDArray[np.int64]


@dataclass(frozen=True)
class Trained:
    """A trained model (the running average of its weights), its tokenizer, and how many steps it took."""

    model: Sam3Model
    tokenizer: CLIPTokenizer
    steps: int


# The questions about one image: its place in the batch, the rows of its objects, all scenes, and the random numbers.
Questions = Callable[[int, NDArray[np.int64], SceneSet, random.Random], list[Ask]]


def train(
    settings: Settings,
    scenes: SceneSet,
    scratch: Path,
    resume: Path | None = None,
    questions: Questions | None = None,
) -> Trained:
    """Train from nothing, or from a checkpoint's weights; ``scratch`` gets a loadable copy every few hundred steps.

    ``questions`` makes the prompts and what answers them; without it they are the true ones.
    """
    torch.manual_seed(settings.seed)
    rng = random.Random(settings.seed)
    tokenizer = clip_tokenizer()
    model = sam3_tiny.build(tokenizer)
    if resume is not None:
        model.load_state_dict(detector_weights(resume))
    model.vision_encoder.requires_grad_(not settings.frozen)
    cells = torch.nn.Conv2d(sam3_tiny.ENCODER_WIDTH, KINDS, 1)
    average = get_ema_multi_avg_fn(settings.average)  # type: ignore[no-untyped-call]
    averaged = AveragedModel(model, multi_avg_fn=average, use_buffers=True)
    result: Any = averaged.module
    weights = [weight for weight in (*model.parameters(), *cells.parameters()) if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=0.0, weight_decay=1e-4, betas=(0.9, 0.98), fused=True)
    model.train()
    mean: dict[str, float] = {}
    started = time.monotonic()
    order = _epochs(len(scenes), settings)
    per_scene = scenes.objects.by_scene(len(scenes))
    step = 0
    while True:
        spent = (time.monotonic() - started) / 60
        done = max(step / settings.steps, spent / settings.minutes)
        if done >= 1:
            break
        rate = settings.learning_rate * min(1, (step + 1) / settings.warmup) * (0.5 + 0.5 * math.cos(math.pi * done))
        for group in optimizer.param_groups:
            group["lr"] = max(rate, settings.learning_rate * 0.01)
        numbers = next(order)
        flips = [axis for axis in (1, 2) if rng.random() < 0.5]  # rows, columns
        pixels, prompts, targets = _batch(numbers, flips, scenes, per_scene, tokenizer, rng, questions or ask_truly)
        answers = sam3_tiny.forward(model, pixels, prompts, with_masks=min(len(targets), settings.batch // 2))
        along = settings.begun + (1 - settings.begun) * done
        gamma = 2 * min(1.0, max(0.0, (0.8 - along) / 0.25))
        loss, parts = total_loss(answers, targets, gamma, strict=along > 0.7)
        cell = float(step >= settings.cells_from) * cell_loss(
            cells(answers.features), cover([per_scene[n] for n in numbers], scenes, flips, sam3_tiny.GRID)
        )
        parts["cells"] = float(cell.detach())
        loss = loss + cell
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        averaged.update_parameters(model)
        parts["loss"] = float(loss.detach())
        mean = {name: 0.96 * mean.get(name, value) + 0.04 * value for name, value in parts.items()}
        if step % 50 == 0:
            figures = " ".join(f"{name} {value:.3f}" for name, value in mean.items())
            print(f"step {step} {100 * done:.1f} % {spent:.1f} min | {figures}", flush=True)
        step += 1
        if step % settings.save_every == 0:
            sam3_tiny.save(result, tokenizer, scratch)
    print(f"trained {step} steps in {(time.monotonic() - started) / 60:.1f} min", flush=True)
    return Trained(result.eval(), tokenizer, step)


def detector_weights(folder: Path) -> dict[str, Tensor]:
    """The weights of ``Sam3Model`` in a folder that ``save`` or ``save_whole`` of ``sam3_tiny`` wrote."""
    weights = load_file(folder / "model.safetensors")
    prefix = "detector_model."
    own = {name.removeprefix(prefix): weight for name, weight in weights.items() if name.startswith(prefix)}
    return own or weights


def _epochs(count: int, settings: Settings) -> Iterator[NDArray[np.int64]]:
    shuffle = np.random.default_rng(settings.seed)
    while True:
        yield from batches(shuffle.permutation(count), settings.batch)


def _batch(
    numbers: NDArray[np.int64],
    flips: list[int],
    scenes: SceneSet,
    per_scene: list[NDArray[np.int64]],
    tokenizer: CLIPTokenizer,
    rng: random.Random,
    questions: Questions,
) -> tuple[Tensor, sam3_tiny.Prompts, list[Target]]:
    """Pixels, two prompts an image (one in exemplar steps) and their targets, all flipped alike."""
    raw = torch.from_numpy(scenes.images[numbers]).float() / 127.5 - 1
    gain = torch.empty(len(numbers), 1, 1, 1).uniform_(0.88, 1.12)
    pixels = (raw * gain).flip(flips).permute(0, 3, 1, 2).contiguous()
    asks = [ask for k, number in enumerate(numbers) for ask in questions(k, per_scene[number], scenes, rng)]
    rng.shuffle(asks)
    boxes = None
    if rng.random() < EXEMPLAR_SHARE:
        asks = [_by_example(ask, rng) for ask in asks if len(ask.alike)] or asks
    targets = [_target(ask.rows, scenes, flips) for ask in asks]
    if all(len(target.boxes) for target in targets) and any(ask.text == "visual" for ask in asks):
        picks = torch.stack([target.boxes[rng.randrange(len(target.boxes))] for target in targets])
        boxes = (picks + 0.01 * torch.randn_like(picks)).clamp(0.01, 0.99)[:, None]
    tokens = tokenizer([ask.text for ask in asks], padding=True, truncation=True, max_length=32, return_tensors="pt")
    image = torch.tensor([ask.image for ask in asks])
    return pixels, sam3_tiny.Prompts(image, tokens.input_ids, tokens.attention_mask, boxes), targets


def ask_truly(image: int, rows: NDArray[np.int64], scenes: SceneSet, rng: random.Random) -> list[Ask]:
    """Two different questions about one image, about every second one about something that is not there."""
    true = rows_by_label(rows, scenes)
    return ask_about(image, true, true, scenes, rng)


def rows_by_label(rows: NDArray[np.int64], scenes: SceneSet) -> list[NDArray[np.int64]]:
    """An image's object rows, a list entry a label."""
    kinds = scenes.objects.label[rows]
    return [rows[kinds == label] for label in range(len(LABELS))]


def ask_about(
    image: int,
    taught: list[NDArray[np.int64]],
    true: list[NDArray[np.int64]],
    scenes: SceneSet,
    rng: random.Random,
) -> list[Ask]:
    """``ask_truly`` with any answers: ``taught`` holds each label's rows for its words, ``true`` for example boxes."""
    present = [label for label in range(len(LABELS)) if len(taught[label]) or len(true[label])]
    absent = [label for label in range(len(LABELS)) if label not in present]
    first = rng.choice(present) if present and (rng.random() < 0.8 or not absent) else rng.choice(absent)
    others = [label for label in present if label != first]
    missing = [label for label in absent if label != first]
    second = rng.choice(others) if others and (rng.random() < 0.4 or not missing) else rng.choice(missing)
    return [_ask(image, label, taught[label], true[label], scenes, rng) for label in (first, second)]


def _ask(
    image: int,
    label: int,
    rows: NDArray[np.int64],
    alike: NDArray[np.int64],
    scenes: SceneSet,
    rng: random.Random,
) -> Ask:
    """One of the label's names; now and then with a colour, or a word for something never seen."""
    name = NAMES[label]
    text = name.label if rng.random() < 0.4 else rng.choice(name.all)
    dice = rng.random()
    if dice < FOREIGN_SHARE and not len(rows):
        return Ask(image, rng.choice(ABSENT), rows, rows)
    if dice < COLOUR_SHARE:
        colours = scenes.objects.colour[rows]
        colour = int(rng.choice(colours)) if len(rows) and rng.random() < 0.6 else rng.randrange(len(COLOUR_NAMES))
        same = [of[scenes.objects.colour[of] == colour] for of in (rows, alike)]
        return Ask(image, f"{COLOUR_NAMES[colour]} {text}".lower(), *same)
    return Ask(image, text.lower(), rows, alike)


def _by_example(ask: Ask, rng: random.Random) -> Ask:
    shown = not len(ask.rows) or rng.random() < 0.75
    return Ask(ask.image, "visual", ask.alike, ask.alike) if shown else ask


def _target(rows: NDArray[np.int64], scenes: SceneSet, flips: list[int]) -> Target:
    boxes = torch.from_numpy(scenes.objects.box[rows])
    masks = torch.from_numpy(scenes.objects.mask[rows]).float()
    low, high = boxes[:, :2].clone(), boxes[:, 2:].clone()
    for axis, column in ((2, 0), (1, 1)):
        if axis in flips:
            low[:, column], high[:, column] = 1 - boxes[:, 2 + column], 1 - boxes[:, column]
    return Target(torch.cat([(low + high) / 2, high - low], dim=1), masks.flip(flips))


def main() -> None:
    """Train on the cached scenes and save the checkpoint."""
    parser = argparse.ArgumentParser(description="Train the demo's tiny SAM 3.")
    parser.add_argument("out", type=Path, help="folder for the checkpoint")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder of the scenes (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=Settings.steps)
    parser.add_argument("--minutes", type=float, default=Settings.minutes)
    parser.add_argument("--resume", type=Path, help="checkpoint to go on from, instead of random weights")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    begun = 0 if options.resume else Settings.cells_from
    settings = Settings(steps=options.steps, minutes=options.minutes, cells_from=begun)
    scenes = load(Split.TRAIN, options.cache)
    trained = train(settings, scenes, options.cache / "sam3-scratch", options.resume)
    sam3_tiny.save(trained.model, trained.tokenizer, options.out)


if __name__ == "__main__":
    main()
