"""Train the tracker of the tiny SAM 3, which answers clicks: ``python -m demo.train.tracker``.

The detector and its encoder stay as they are; what learns is what ``Sam3TrackerModel`` adds to them: a neck of its
own, the prompt encoder and the mask decoder. Each prompt is one to four points: in an object, and sometimes beside it
with the sign "not this"; a click on the bare belt means nothing and should give an empty mask.

From transformers' own start (weights of deviation 0.02) the mask decoder hardly notices the points: 1,400 steps ended
at an IoU of 0.4 with the same mask wherever the click fell. So it starts from Xavier weights, points and pixels share
one positional code, and the attention between them begins as "look where the point is".
"""

import argparse
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from transformers import Sam3Model, Sam3TrackerConfig, Sam3TrackerModel

from demo.draw import Split
from demo.train import sam3_tiny
from demo.train.dataset import CACHE, IMAGE_SIZE, MASK_SIZE, SceneSet, batches, load
from demo.train.losses import dice
from demo.train.predict import load_sam3

POINTS: Final = (1, 1, 1, 2, 2, 3, 4)  # how many a prompt has, one of these a step
BELT_SHARE: Final = 0.12  # of prompts: a click on the bare belt
FOCUS: Final = 1.6  # of the first attention: exp(4 * FOCUS²) between the cell under the point and a far one


@dataclass(frozen=True)
class Settings:
    """The schedule. ``minutes`` ends training by the clock: on a slow machine the schedule has fewer steps."""

    steps: int = 7000
    minutes: float = 60.0
    batch: int = 8
    prompts: int = 4  # an image
    learning_rate: float = 1.5e-3
    warmup: int = 100
    average: float = 0.998
    save_every: int = 500
    seed: int = 0


@dataclass(frozen=True)
class Trained:
    """A trained tracker (the running average of its weights), and how many steps it took."""

    model: Sam3TrackerModel
    steps: int


@dataclass(frozen=True)
class Clicks:
    """Prompts of b images, p each, with k points: ``points`` (b, p, k, 2) x and y in pixels of the square picture,
    ``signs`` (b, p, k) of 1 and 0, ``masks`` (b, p, 48, 48) float of 0 and 1: empty where the belt was clicked.
    """

    points: Tensor
    signs: Tensor
    masks: Tensor


def config(detector: Sam3Model) -> Sam3TrackerConfig:
    """About 0.4 million parameters beside the detector's encoder: the width of the detector, a two-way decoder of 2."""
    width = sam3_tiny.WIDTH
    return Sam3TrackerConfig(
        vision_config=detector.config.to_dict()["vision_config"],
        prompt_encoder_config={
            "hidden_size": width, "image_size": IMAGE_SIZE, "patch_size": sam3_tiny.PATCH, "mask_input_channels": 4,
        },
        mask_decoder_config={
            "hidden_size": width, "mlp_dim": 2 * width, "num_hidden_layers": 2, "num_attention_heads": 4,
            "attention_downsample_rate": 1, "iou_head_hidden_dim": width,
        },
    )  # fmt: skip


def build(detector: Sam3Model) -> Sam3TrackerModel:
    """A fresh tracker on the detector's encoder, which is frozen; its neck starts as a copy of the detector's."""
    model = Sam3TrackerModel(config(detector))
    model.vision_encoder.load_state_dict(detector.vision_encoder.state_dict())
    model.vision_encoder.backbone.requires_grad_(False)
    for weight in (w for part in (model.mask_decoder, model.prompt_encoder) for w in part.parameters()):
        if weight.dim() > 1:
            torch.nn.init.xavier_uniform_(weight)
    decoder: Any = model.mask_decoder.transformer
    tokens = [model.mask_decoder.mask_tokens, model.mask_decoder.iou_token, model.mask_decoder.obj_score_token]
    with torch.no_grad():
        for token in (*tokens, model.prompt_encoder.point_embed, model.prompt_encoder.not_a_point_embed):
            token.weight.normal_()
        model.prompt_encoder.no_mask_embed.weight.zero_()
        model.prompt_encoder.shared_embedding.positional_embedding.copy_(
            model.shared_image_embedding.positional_embedding
        )
        for attention in (
            *(layer.cross_attn_token_to_image for layer in decoder.layers),
            *(layer.cross_attn_image_to_token for layer in decoder.layers),
            decoder.final_attn_token_to_image,
        ):
            torch.nn.init.orthogonal_(attention.q_proj.weight, FOCUS)
            attention.k_proj.weight.copy_(attention.q_proj.weight)
    return model


def train(settings: Settings, scenes: SceneSet, detector: Sam3Model, scratch: Path) -> Trained:
    """Train on rendered scenes; ``scratch`` gets the weights every few hundred steps."""
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    model = build(detector)
    average = get_ema_multi_avg_fn(settings.average)  # type: ignore[no-untyped-call]
    averaged = AveragedModel(model, multi_avg_fn=average, use_buffers=True)
    result: Any = averaged.module
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=0.0, weight_decay=1e-4, betas=(0.9, 0.98), fused=True)
    model.train()
    model.vision_encoder.backbone.eval()
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
        clicks = make_clicks([per_scene[n] for n in numbers], scenes, settings.prompts, rng)
        clicks = flipped(clicks, flips)
        loss, parts = _loss(model, _pixels(scenes, numbers, flips), clicks, several=step % 4 == 3)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        averaged.update_parameters(model)
        mean = {name: 0.98 * mean.get(name, value) + 0.02 * value for name, value in parts.items()}
        if step % 50 == 0:
            figures = " ".join(f"{name} {value:.3f}" for name, value in mean.items())
            print(f"step {step} {100 * done:.1f} % {spent:.1f} min | {figures}", flush=True)
        step += 1
        if step % settings.save_every == 0:
            scratch.mkdir(parents=True, exist_ok=True)
            torch.save(result.state_dict(), scratch / "tracker.pt")
    print(f"trained {step} steps in {(time.monotonic() - started) / 60:.1f} min", flush=True)
    return Trained(result.eval(), step)


def make_clicks(rows: list[NDArray[np.int64]], scenes: SceneSet, prompts: int, rng: np.random.Generator) -> Clicks:
    """``prompts`` clicks for each scene, whose object rows are given; all with the same number of points."""
    count = int(rng.choice(POINTS))
    points, signs, masks = [], [], []
    for objects in rows:
        seen = [scenes.objects.mask[row] for row in objects if scenes.objects.mask[row].any()]
        covered = np.any(seen, axis=0) if seen else np.zeros((MASK_SIZE, MASK_SIZE), bool)
        for _ in range(prompts):
            if not seen or rng.random() < BELT_SHARE:
                where = [_spot(~covered, rng) for _ in range(count)]
                points.append(where)
                signs.append([1] * count)
                masks.append(np.zeros_like(covered))
                continue
            mask = seen[int(rng.integers(len(seen)))]
            sign = [1, *(int(rng.random() < 0.5) for _ in range(count - 1))]
            points.append([_spot(mask if positive else _beside(mask, rng), rng) for positive in sign])
            signs.append(sign)
            masks.append(mask)
    shape = (len(rows), prompts)
    where_all = torch.tensor(np.array(points, np.float32)).view(*shape, count, 2) * (IMAGE_SIZE / MASK_SIZE) - 0.5
    truth = torch.from_numpy(np.array(masks)).float().view(*shape, MASK_SIZE, MASK_SIZE)
    return Clicks(where_all, torch.tensor(signs).view(*shape, count), truth)


def _spot(cells: NDArray[np.bool_], rng: np.random.Generator) -> tuple[float, float]:
    """x and y of a random place in the cells, in cells."""
    found = np.flatnonzero(cells)
    row, column = divmod(int(found[rng.integers(len(found))]), MASK_SIZE)
    return column + rng.random(), row + rng.random()


def _beside(mask: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Where a "not this" falls: half of the time anywhere else, half of the time close to the object."""
    if rng.random() < 0.5:
        return ~mask
    near = F.max_pool2d(torch.from_numpy(mask).float()[None], 9, 1, 4)[0].numpy() > 0
    return (near & ~mask) if (near & ~mask).any() else ~mask


def flipped(clicks: Clicks, flips: list[int]) -> Clicks:
    """The clicks on a picture whose axes (1 rows, 2 columns) were flipped."""
    points = clicks.points.clone()
    for axis, column in ((2, 0), (1, 1)):
        if axis in flips:
            points[..., column] = IMAGE_SIZE - 1 - points[..., column]
    return Clicks(points, clicks.signs, clicks.masks.flip([axis + 1 for axis in flips]))


def _epochs(count: int, settings: Settings) -> Iterator[NDArray[np.int64]]:
    shuffle = np.random.default_rng(settings.seed)
    while True:
        yield from batches(shuffle.permutation(count), settings.batch)


def _pixels(scenes: SceneSet, numbers: NDArray[np.int64], flips: list[int]) -> Tensor:
    raw = torch.from_numpy(scenes.images[numbers]).float() / 127.5 - 1
    gain = torch.empty(len(numbers), 1, 1, 1).uniform_(0.88, 1.12)
    return (raw * gain).flip(flips).permute(0, 3, 1, 2).contiguous()


def _loss(model: Sam3TrackerModel, pixels: Tensor, clicks: Clicks, several: bool) -> tuple[Tensor, dict[str, float]]:
    """Cross entropy and dice of the masks, the error of the promised IoU, and "is there anything".

    ``several``: train the three masks of an ambiguous click instead of the one mask; all mean the same here.
    """
    out = model(pixel_values=pixels, input_points=clicks.points, input_labels=clicks.signs, multimask_output=several)
    found = out.pred_masks
    wanted = clicks.masks[:, :, None].expand_as(found)
    flat, truth = found.flatten(0, 2), wanted.flatten(0, 2)
    entropy = F.binary_cross_entropy_with_logits(flat, truth)
    overlap = dice(flat, truth).mean()
    with torch.no_grad():
        both = ((found > 0) & (wanted > 0)).flatten(3).sum(-1)
        either = ((found > 0) | (wanted > 0)).flatten(3).sum(-1)
        iou = torch.where(either > 0, both / either.clamp(min=1), 1.0)
    promise = F.mse_loss(out.iou_scores, iou)
    there = (clicks.masks.flatten(2).amax(-1) > 0).float()[..., None]
    presence = F.binary_cross_entropy_with_logits(out.object_score_logits, there)
    loss = 5 * entropy + overlap + promise + 0.2 * presence
    objects = iou[there.bool().expand_as(iou)]
    parts = {"entropy": entropy, "dice": overlap, "promise": promise, "presence": presence, "iou": objects.mean()}
    return loss, {name: float(value.detach()) for name, value in parts.items()}


def main() -> None:
    """Train on the cached scenes and add the tracker to a checkpoint."""
    parser = argparse.ArgumentParser(description="Train the tracker of the demo's tiny SAM 3, which answers clicks.")
    parser.add_argument("checkpoint", type=Path, help="folder of the trained SAM 3, which the tracker is added to")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder of the scenes (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=Settings.steps)
    parser.add_argument("--minutes", type=float, default=Settings.minutes)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    settings = Settings(steps=options.steps, minutes=options.minutes)
    detector, _ = load_sam3(options.checkpoint)
    trained = train(settings, load(Split.TRAIN, options.cache), detector, options.cache / "tracker-scratch")
    sam3_tiny.save_whole(detector, trained.model, options.checkpoint)


if __name__ == "__main__":
    main()
