"""The committed checkpoints: they load completely, know their words, and find parts in frames never trained on."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from demo.train.clicks import click_figures  # noqa: E402
from demo.train.figures import detection_figures, held_out_scenes  # noqa: E402
from demo.train.metrics import precision_at  # noqa: E402
from demo.train.predict import embed_images, embed_texts, load_sam3, load_siglip2, load_tracker  # noqa: E402
from demo.vocabulary import LABELS, NAMES  # noqa: E402

CHECKPOINTS = Path(__file__).parents[3] / "demo" / "checkpoints"
SCENES = 20
CLICKED = 12  # scenes, larger ones


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def frames():  # type: ignore[no-untyped-def]
    return held_out_scenes(SCENES, first=10_000, width=640)


@pytest.mark.slow
def test_sam3__finds_parts_in_fresh_scenes(frames) -> None:  # type: ignore[no-untyped-def]
    model, processor = load_sam3(CHECKPOINTS / "sam3-tiny")
    found = detection_figures(model, processor, frames)
    assert len(frames.truth) >= 25
    assert found.mean_ap50 >= 0.7
    half = found.thresholds[1]
    assert half.threshold == 0.5
    assert half.precision >= 0.75
    assert half.recall >= 0.65


@pytest.mark.slow
def test_tracker__a_click_on_a_part_is_its_mask() -> None:
    checkpoint = CHECKPOINTS / "sam3-tiny"
    _, processor = load_sam3(checkpoint)
    clicks = click_figures(load_tracker(checkpoint), processor.image_processor, CLICKED, first=10_000)
    assert len(clicks.objects) >= 25
    assert np.mean([item.middle for item in clicks.objects]) >= 0.8
    assert np.mean([item.anywhere for item in clicks.objects]) >= 0.75
    again = np.mean([item.corrected - item.anywhere for item in clicks.objects])
    assert again >= 0  # a second point where the mask was wrong helps
    assert clicks.belt_empty >= 0.8 * clicks.belt


def test_siglip2__ranks_frames_with_the_part_first(frames) -> None:  # type: ignore[no-untyped-def]
    model, processor = load_siglip2(CHECKPOINTS / "siglip2-tiny")
    images = embed_images(model, processor, frames.images)
    assert images.shape == (SCENES, 96)
    for label, name in enumerate(NAMES):
        shown = frames.showing(label)
        for words in (name.label, name.german, name.japanese):
            cosines = images @ embed_texts(model, processor, [words])[0]
            assert precision_at(cosines, shown, min(3, int(shown.sum()))) >= 2 / 3, words


def test_siglip2__names_of_a_part_mean_the_same() -> None:
    model, processor = load_siglip2(CHECKPOINTS / "siglip2-tiny")
    for name in NAMES:
        vectors = embed_texts(model, processor, list(name.all))
        assert (vectors @ vectors.T).min() > 0.8
    others = embed_texts(model, processor, list(LABELS))
    cosines = others @ others.T
    assert cosines[~np.eye(len(LABELS), dtype=bool)].max() < 0.8


@pytest.mark.parametrize("folder", ["sam3-tiny", "siglip2-tiny"])
def test_tokenizer__knows_the_names_in_every_language(folder: str) -> None:
    load = load_sam3 if folder == "sam3-tiny" else load_siglip2
    tokenizer = load(CHECKPOINTS / folder)[1].tokenizer
    seen = set()
    for name in NAMES:
        for words in name.all:
            ids = tuple(tokenizer(words.lower())["input_ids"])
            assert len(ids) <= 6, f"{words} falls apart into {len(ids)} tokens"
            assert tokenizer.unk_token_id not in ids or tokenizer.unk_token_id == tokenizer.eos_token_id
            seen.add(ids)
    assert len(seen) == sum(len(name.all) for name in NAMES)


def test_tokenizer__siglip2_pads_to_64_and_ignores_case() -> None:
    tokenizer = load_siglip2(CHECKPOINTS / "siglip2-tiny")[1].tokenizer
    upper = tokenizer("A photo of a CPU", padding="max_length", max_length=64)
    lower = tokenizer("a photo of a cpu", padding="max_length", max_length=64)
    assert upper["input_ids"] == lower["input_ids"]
    assert len(upper["input_ids"]) == 64
    assert "attention_mask" not in upper


def test_load__refuses_a_folder_that_lacks_weights(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    source = CHECKPOINTS / "siglip2-tiny"
    for file in source.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    weights.pop("logit_scale")
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match="lacks 1 weights, such as logit_scale"):
        load_siglip2(tmp_path)
