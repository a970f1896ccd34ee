"""Loading a SAM 3 checkpoint with transformers: the class by name, every weight present, failures in sentences."""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING

import torch
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from argus import model_hub
from argus.checkpoints import is_missing_folder
from argus.errors import ArgusError

if TYPE_CHECKING:
    from transformers import CLIPTokenizer, PreTrainedModel, Sam3Config

log = logging.getLogger(__name__)


def load_model(class_name: str, checkpoint: str, device: torch.device, dtype: torch.dtype,
               config: Sam3Config | None = None) -> PreTrainedModel:
    """Return `transformers.<class_name>` with the weights of `checkpoint`, in evaluation mode on `device`.

    The class is named because `AutoModel` picks the video model for the same folder. A checkpoint that lacks weights
    would answer with noise, so it is refused.

    Args:
        config: instead of the checkpoint's own.

    Raises:
        ArgusError: `model_not_found`, `model_broken`, and what `argus.model_hub.refusal` says.
    """
    check_folder(checkpoint)
    transformers = importlib.import_module("transformers")
    transformers.logging.disable_progress_bar()
    transformers.logging.set_verbosity_error()  # its table of missing weights says what the error below says
    try:
        model, info = getattr(transformers, class_name).from_pretrained(
            checkpoint, config=config, dtype=dtype, attn_implementation="sdpa", output_loading_info=True)
    except Exception as error:
        raise explain(checkpoint, error) from error
    bad = sorted(str(k) for k in [*info["missing_keys"], *info.get("mismatched_keys", ())])
    if bad:
        raise ArgusError("model_broken", f"The checkpoint {checkpoint} does not fit {class_name}: {len(bad)} weights "
                         f"are missing or have another shape, {bad[0]} first.", "Is it a complete SAM 3 checkpoint?",
                         missing=bad[:10])
    log.info("model loaded", extra={"model": checkpoint, "class": class_name, "device": str(device),
                                    "dtype": str(dtype)})
    loaded: PreTrainedModel = model.eval().requires_grad_(False).to(device)
    return loaded


def load_tokenizer(checkpoint: str, words: int) -> CLIPTokenizer:
    """Return the checkpoint's CLIP tokenizer. One without its files is made empty by the library: refused here.

    Args:
        words: size of the model's vocabulary.

    Raises:
        ArgusError: as `load_model`.
    """
    try:
        tokenizer: CLIPTokenizer = importlib.import_module("transformers").CLIPTokenizer.from_pretrained(checkpoint)
    except Exception as error:
        raise explain(checkpoint, error) from error
    if not words // 2 < len(tokenizer) <= words:
        raise ArgusError("model_broken", f"The tokenizer of {checkpoint} has {len(tokenizer)} words, its model "
                         f"{words}.",
                         "Are tokenizer.json and tokenizer_config.json in the folder?")
    return tokenizer


def check_folder(checkpoint: str) -> None:
    """Raise `model_not_found` when `checkpoint` is a path and there is no such folder."""
    if is_missing_folder(checkpoint):
        raise ArgusError("model_not_found", f"There is no folder {checkpoint}.",
                         "Set ARGUS_SAM3_MODEL to a checkpoint's folder, or to a name like facebook/sam3.")


def explain(checkpoint: str, error: BaseException) -> ArgusError:
    """Return the failure to load `checkpoint` as a sentence that says what to do."""
    if refused := model_hub.refusal(checkpoint, "ARGUS_SAM3_MODEL", error):
        return refused
    offline = (LocalEntryNotFoundError, HfHubHTTPError, ConnectionError)
    if any(isinstance(e, offline) for e in model_hub.chain(error)) or "couldn't connect" in str(error):
        return ArgusError("model_not_found", f"{checkpoint} is not in the model cache, and Hugging Face does not "
                          "answer.",
                          "Go online once, or set ARGUS_SAM3_MODEL to a folder with the checkpoint.")
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return ArgusError("model_broken", f"The checkpoint {checkpoint} cannot be loaded: {said}",
                      "Download it again; the folder needs config.json, model.safetensors and the tokenizer's files.")
