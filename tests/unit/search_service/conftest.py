"""A tiny SigLIP of the real classes with random weights: it runs and is deterministic, and knows nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

SIDE, DIM = 48, 32


def make_random_siglip(folder: Path, seed: int = 0, tokens: int = 64) -> Path:
    """Write a SigLIP checkpoint of random weights, with a SigLIP 2 tokenizer and image processor, into `folder`."""
    import torch
    from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel, SiglipProcessor

    from demo.train.tokenizers import siglip2_tokenizer

    tokenizer = siglip2_tokenizer(500)
    torch.manual_seed(seed)
    text = {"vocab_size": len(tokenizer), "hidden_size": DIM, "intermediate_size": 48, "num_hidden_layers": 1,
            "num_attention_heads": 2, "max_position_embeddings": tokens, "pad_token_id": 0, "bos_token_id": 2,
            "eos_token_id": 1}
    vision = {"hidden_size": DIM, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 2,
              "image_size": SIDE, "patch_size": 12}
    SiglipModel(SiglipConfig(text_config=text, vision_config=vision)).save_pretrained(folder)
    processor = SiglipImageProcessor(size={"height": SIDE, "width": SIDE}, resample=2)
    SiglipProcessor(processor, tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def random_siglip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_random_siglip(tmp_path_factory.mktemp("random") / "siglip2-random")
