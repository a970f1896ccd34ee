"""The encoder on real classes: what SigLIP 2 needs is done, and what is wrong with a checkpoint is said."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from argus.errors import ArgusError
from demo.draw import Split
from demo.scenes import make_scene, render_scene
from demo.train.tokenizers import siglip2_tokenizer
from search_service.embedding.encoder import SiglipEncoder
from tests.unit.search_service.conftest import DIM, SIDE, make_random_siglip

DEMO = Path(__file__).parents[4] / "demo" / "checkpoints" / "siglip2-tiny"


@pytest.fixture(scope="module")
def encoder(random_siglip: Path) -> SiglipEncoder:
    return SiglipEncoder(str(random_siglip), "cpu", "auto", threads=1)


def noise(seed: int, size: tuple[int, int] = (80, 60)) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (*size[::-1], 3), np.uint8))


def test_encode_images__rows_are_float32_of_length_1_in_the_order_given(encoder: SiglipEncoder) -> None:
    images = [noise(1), noise(2, (33, 200)), noise(3)]
    together = encoder.encode_images(images)
    assert (together.shape, together.dtype) == ((3, DIM), np.float32)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    alone = np.concatenate([encoder.encode_images([image]) for image in images])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_encode_texts__matches_the_model_called_by_hand(encoder: SiglipEncoder, random_siglip: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(random_siglip)(["red fan"], padding="max_length", max_length=64,
                                                         return_tensors="pt")
    model = AutoModel.from_pretrained(random_siglip)
    with torch.inference_mode():
        by_hand = model.get_text_features(input_ids=tokens["input_ids"]).pooler_output
    by_hand = torch.nn.functional.normalize(by_hand).numpy()
    np.testing.assert_allclose(encoder.encode_texts(["Red FAN"]), by_hand, atol=1e-5)


def test_encode_texts__case_and_neighbours_change_nothing_and_long_text_is_cut(encoder: SiglipEncoder) -> None:
    cpu, long, upper = encoder.encode_texts(["a cpu", "fan " * 500, "A CPU"])
    np.testing.assert_allclose(cpu, upper, atol=1e-6)
    np.testing.assert_allclose(cpu, encoder.encode_texts(["a cpu"])[0], atol=1e-6)
    assert np.isfinite(long).all()


def test_image_side__is_what_the_checkpoint_says(encoder: SiglipEncoder) -> None:
    assert encoder.image_side == SIDE


def test_prepare__gives_the_same_vectors_as_the_images_in_any_mixture(encoder: SiglipEncoder) -> None:
    images = [noise(1, (640, 360)), noise(2, (90, 400)), noise(3, (640, 360)), noise(4, (32, 32))]
    together = encoder._model.get_image_features(**encoder._processor.image_processor(
        images=images, return_tensors="pt")).pooler_output.detach().numpy()  # as the library prepares a batch
    expected = together / np.linalg.norm(together, axis=1, keepdims=True)
    prepared = [encoder.prepare(image) for image in images]
    np.testing.assert_allclose(encoder.encode_images(prepared), expected, atol=1e-6)
    np.testing.assert_array_equal(encoder.encode_images([images[0], *prepared[1:3], images[3]]),
                                  encoder.encode_images(images))


def test_encode_images__of_a_naflex_checkpoint(tmp_path: Path) -> None:
    from transformers import Siglip2Config, Siglip2ImageProcessor, Siglip2Model, Siglip2Processor

    tokenizer = siglip2_tokenizer(300)
    sizes = {"hidden_size": DIM, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = {**sizes, "vocab_size": len(tokenizer), "max_position_embeddings": 64, "pad_token_id": 0, "bos_token_id": 2,
            "eos_token_id": 1}
    Siglip2Model(Siglip2Config(text_config=text, vision_config={**sizes, "patch_size": 16})).save_pretrained(tmp_path)
    Siglip2Processor(Siglip2ImageProcessor(), tokenizer).save_pretrained(tmp_path)
    naflex = SiglipEncoder(str(tmp_path), "cpu", threads=1)
    vectors = naflex.encode_images([noise(1, (200, 50)), noise(2, (50, 200))])
    assert vectors.shape == (2, DIM)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    prepared = [naflex.prepare(noise(1, (200, 50))), naflex.prepare(noise(2, (50, 200)))]
    np.testing.assert_array_equal(naflex.encode_images(prepared), vectors)
    assert naflex.image_side == 512


def test_encode__nothing_gives_no_rows(encoder: SiglipEncoder) -> None:
    assert encoder.encode_images([]).shape == encoder.encode_texts([]).shape == (0, DIM)


def test_revision__is_stable_and_changes_with_weights_or_preprocessing(random_siglip: Path, tmp_path: Path) -> None:
    def revision(folder: Path) -> str:
        return SiglipEncoder(str(folder), "cpu").revision

    same = shutil.copytree(random_siglip, tmp_path / "same")
    other = make_random_siglip(tmp_path / "other", seed=1)
    resized = shutil.copytree(random_siglip, tmp_path / "resized")
    for name in ("processor_config.json", "preprocessor_config.json"):
        if (path := resized / name).exists():
            path.write_text(path.read_text().replace('"resample": 2', '"resample": 3'))
    revisions = [revision(folder) for folder in (random_siglip, same, other, resized)]
    assert revisions[0] == revisions[1]
    assert len(set(revisions)) == 3


def test_load__missing_weights_are_refused(random_siglip: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(random_siglip, tmp_path / "holes")
    weights = load_file(folder / "model.safetensors")
    del weights["text_model.head.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ArgusError, match=r"text_model\.head\.weight") as error:
        SiglipEncoder(str(folder), "cpu")
    assert error.value.code == "model_broken"


def test_load__weights_that_are_not_numbers_are_refused(random_siglip: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(random_siglip, tmp_path / "nan")
    weights = load_file(folder / "model.safetensors")
    weights = {name: torch.full_like(tensor, float("nan")) for name, tensor in weights.items()}
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ArgusError) as error:
        SiglipEncoder(str(folder), "cpu")
    assert error.value.code == "model_broken"


def test_load__another_kind_of_model_is_refused(random_siglip: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(random_siglip, tmp_path / "bert")
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(ArgusError) as error:
        SiglipEncoder(str(folder), "cpu")
    assert error.value.code == "model_broken"


@pytest.mark.parametrize("tokens", [32, 128])
def test_self_test__a_text_tower_of_another_length_is_refused(tmp_path: Path, tokens: int) -> None:
    """The longer one would answer without an error: the text's vector is read behind its end."""
    with pytest.raises(ArgusError, match=f"a text is 64 tokens and it reads {tokens}") as error:
        SiglipEncoder(str(make_random_siglip(tmp_path, tokens=tokens)), "cpu")
    assert error.value.code == "model_broken"


def test_self_test__a_tokenizer_that_does_not_fill_up_is_refused(encoder: SiglipEncoder,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "_tokens", lambda texts: torch.ones(len(texts), 3, dtype=torch.long))
    with pytest.raises(ArgusError, match="a text is 3 tokens"):
        encoder.self_test()


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_dtype__ranks_as_float32(dtype: str) -> None:
    """The formats that `auto` takes on modern and on older GPUs, here on the CPU."""
    exact, half = (SiglipEncoder(str(DEMO), "cpu", name, threads=1) for name in ("float32", dtype))
    images = [render_scene(make_scene(Split.VALIDATION, f"dtype {i}"), 320)[0] for i in range(24)]
    queries = ["cpu", "red fan", "battery", "blue hdd", "ram stick"]
    wanted, found = (one.encode_texts(queries) @ one.encode_images(images).T for one in (exact, half))
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, wanted, atol=0.02)
    np.testing.assert_array_equal(found.argmax(1), wanted.argmax(1))


def test_load__a_folder_that_is_not_there_says_which_setting(tmp_path: Path) -> None:
    with pytest.raises(ArgusError) as error:
        SiglipEncoder(str(tmp_path / "nowhere"), "cpu")
    assert error.value.code == "model_not_found"
    assert "ARGUS_SIGLIP_MODEL" in error.value.hint


def test_load__a_gated_checkpoint_says_how_to_get_access(monkeypatch: pytest.MonkeyPatch) -> None:
    import search_service.embedding.encoder as module

    class GatedRepoError(OSError):
        """Stands for huggingface_hub's error, which only the Hub itself can cause."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError("You are trying to access a gated repo.") from GatedRepoError("403")

    monkeypatch.setattr(module.AutoModel, "from_pretrained", refuse)
    with pytest.raises(ArgusError) as error:
        SiglipEncoder("google/siglip2-base-patch16-256", "cpu")
    assert error.value.code == "model_gated"
    assert "HF_TOKEN" in error.value.hint


def test_device__a_gpu_that_cannot_be_used_is_an_error() -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU that works")
    with pytest.raises(ArgusError) as error:
        SiglipEncoder("unused", "cuda")
    assert error.value.code == "device_unusable"
