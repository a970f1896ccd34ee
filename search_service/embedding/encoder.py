"""SigLIP 2: images and texts become vectors whose cosine is their similarity.

Facts of the checkpoints that the code honours (a mistake in any of them ruins retrieval without an error): texts are
lower-cased, padded to 64 tokens, and given without an attention mask; the vector is the pooled output.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import AutoModel, AutoProcessor, PreTrainedModel, ProcessorMixin
from transformers.utils import logging as transformers_logging

from argus import model_hub
from argus.checkpoints import weights_digest
from argus.devices import choose_device
from argus.errors import ArgusError
from argus.typed_text import model_text, unread
from search_service.vectors.store import Vectors, checkpoint_name

TEXT_TOKENS = 64


class Preempted(Exception):
    """The model was stopped between two of its layers, because something else is to be done first."""


@dataclass(frozen=True, eq=False)
class Pixels:
    """An image as the model takes it: its tensors by name, each with the image as its only row."""

    inputs: dict[str, torch.Tensor]


class SiglipEncoder:
    """One loaded SigLIP 2 checkpoint.

    Args:
        model: a name such as `google/siglip2-base-patch16-256`, or a folder in the Hugging Face format.
        device, dtype: see `argus.devices.choose_device`.
        threads: CPU threads torch may use; 0 leaves torch's own choice.

    Raises:
        ArgusError: `model_not_found`, `model_broken` (weights missing, or the self-test fails), `device_unusable`, and
            what `argus.model_hub.refusal` says.
    """

    def __init__(self, model: str, device: str = "auto", dtype: str = "auto", threads: int = 0) -> None:
        if threads:
            torch.set_num_threads(threads)
        self.device, self.dtype = choose_device(device, dtype)
        self._model: Any
        self._processor: Any
        self._model, self._processor = _load(model, self.dtype)
        self._model.to(self.device).eval()
        self.name = checkpoint_name(model)
        self.revision = _revision(model, self._model, self._processor)
        self.logit_scale = float(self._model.logit_scale.detach().float().exp())
        self.logit_bias = float(self._model.logit_bias.detach().float())
        self.self_test()

    @functools.cached_property
    def dim(self) -> int:
        """Numbers of a vector."""
        return int(self._text_features(["a"]).shape[1])

    @property
    def image_side(self) -> int:
        """Side in pixels of the square the model sees; of a `naflex` checkpoint, which sees any shape, 512."""
        size = self._processor.image_processor.size or {}
        return int(size.get("height") or size.get("shortest_edge") or 512)

    def prepare(self, image: Image.Image) -> Pixels:
        """Resize an RGB image to what the model takes. On a CPU, in any thread: it takes as long as a fast GPU's work.

        Args:
            image: upright, of any size and shape.
        """
        return Pixels(dict(self._processor.image_processor(images=[image], return_tensors="pt")))

    def encode_images(self, images: Sequence[Image.Image | Pixels]) -> Vectors:
        """Return float32 `(len(images), dim)`, each row of length 1.

        Args:
            images: as `prepare` takes or gives them.
        """
        if not images:
            return np.empty((0, self.dim), np.float32)
        rows = [image.inputs if isinstance(image, Pixels) else self.prepare(image).inputs for image in images]
        inputs = {key: torch.cat([row[key] for row in rows]).to(
            self.device, self.dtype if rows[0][key].is_floating_point() else None) for key in rows[0]}
        with torch.inference_mode():
            return _unit(self._model.get_image_features(**inputs).pooler_output)

    @contextmanager
    def preemptible(self, when: Callable[[], bool]) -> Iterator[None]:
        """Let an image raise `Preempted` in this block as soon as `when()` holds, which is asked before each layer.

        On a CPU alone, where an image of a large model takes a second: a GPU has long been given all layers.
        """
        def look(*_: object) -> None:
            if when():
                raise Preempted

        layers = self._model.vision_model.encoder.layers if self.device.type == "cpu" else []
        hooks = [layer.register_forward_pre_hook(look) for layer in layers]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Return float32 `(len(texts), dim)`, each row of length 1. Text beyond 64 tokens is cut off."""
        return _unit(self._text_features(texts)) if texts else np.empty((0, self.dim), np.float32)

    def unread(self, texts: Sequence[str]) -> list[str]:
        """Return of each text the end that lies beyond the 64 tokens; "" where all of it is read."""
        return unread(self._processor.tokenizer, texts, TEXT_TOKENS)

    def _tokens(self, texts: Sequence[str]) -> torch.Tensor:
        tokens: torch.Tensor = self._processor.tokenizer(
            [model_text(text) for text in texts], padding="max_length", truncation=True, max_length=TEXT_TOKENS,
            return_tensors="pt")["input_ids"]
        return tokens

    def _text_features(self, texts: Sequence[str]) -> torch.Tensor:
        with torch.inference_mode():
            features: torch.Tensor = self._model.get_text_features(
                input_ids=self._tokens(texts).to(self.device)).pooler_output
        return features

    def self_test(self) -> None:
        """Raise `model_broken` for a checkpoint whose vectors are unusable, before any of them is stored."""
        # A text tower reads the last place, so a text must fill all of them, whatever the tokenizer calls its length.
        given = self._tokens(["a", "fan " * 100]).shape[1]
        places = self._model.config.text_config.max_position_embeddings
        if (given, places) != (TEXT_TOKENS, TEXT_TOKENS):
            raise _broken(self.name, f"a text is {given} tokens and it reads {places}; SigLIP 2 has {TEXT_TOKENS}")
        texts = self.encode_texts(["a cpu on a belt", "A CPU on a BELT", "an empty belt"])
        image = self.encode_images([Image.new("RGB", (64, 48), (90, 120, 60))])
        every = np.concatenate([texts, image])
        if not np.isfinite(every).all() or not np.allclose(np.linalg.norm(every, axis=1), 1, atol=1e-3):
            raise _broken(self.name, "its vectors are not finite or not of length 1")
        if not np.allclose(texts[0], texts[1], atol=1e-3):
            raise _broken(self.name, "upper and lower case give different vectors")
        if np.allclose(texts[0], texts[2], atol=1e-5):
            raise _broken(self.name, "different texts give the same vector")


def _unit(features: torch.Tensor) -> Vectors:
    vectors = features.float()
    vectors = vectors / vectors.norm(dim=-1, keepdim=True).clamp_min(1e-12)
    return vectors.cpu().numpy()  # type: ignore[no-any-return]


def _load(model: str, dtype: torch.dtype) -> tuple[PreTrainedModel, ProcessorMixin]:
    if os.sep in model and model.startswith((".", os.sep, "~")) and not Path(model).is_dir():
        raise ArgusError("model_not_found", f"There is no folder {model}.", "Check ARGUS_SIGLIP_MODEL.")
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # a worker's log is one JSON object a line
    try:
        loaded, info = AutoModel.from_pretrained(model, dtype=dtype, output_loading_info=True)
        processor = AutoProcessor.from_pretrained(model)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, KeyError) as error:
        raise _load_error(model, error) from error
    if missing := sorted(info["missing_keys"]) or sorted(str(key) for key in info["mismatched_keys"]):
        raise _broken(model, f"{len(missing)} weights are missing, among them {missing[0]}")
    if not hasattr(loaded, "get_text_features") or not hasattr(processor, "image_processor"):
        raise _broken(model, f"it is a {type(loaded).__name__}, not a SigLIP model")
    return loaded, processor


def _load_error(model: str, error: BaseException) -> ArgusError:
    said = " ".join(str(error).split())[:300]
    if Path(model).is_dir():
        return _broken(model, said)
    if refused := model_hub.refusal(model, "ARGUS_SIGLIP_MODEL", error):
        return refused
    return ArgusError("model_not_found", f"The checkpoint {model} could not be loaded: {said}",
                      "Check ARGUS_SIGLIP_MODEL and the connection to the Hugging Face Hub, or give a folder that "
                      "holds the checkpoint.")


def _broken(model: str, why: str) -> ArgusError:
    return ArgusError("model_broken", f"The checkpoint {model} cannot be used: {why}.",
                      "Download it again, or choose another SigLIP 2 checkpoint with ARGUS_SIGLIP_MODEL.")


def _revision(model: str, loaded: Any, processor: Any) -> str:
    """Return a digest of weights and preprocessing (16 hex digits). On the Hub the commit stands for the weights."""
    commit = getattr(loaded.config, "_commit_hash", None)
    digest = hashlib.sha256((commit or weights_digest(Path(model))).encode())
    settings = processor.image_processor.to_dict()
    digest.update(json.dumps({key: settings[key] for key in sorted(settings)}, default=str).encode())
    digest.update(f"{type(processor.tokenizer).__name__} lower max_length {TEXT_TOKENS}".encode())
    return digest.hexdigest()[:16]
