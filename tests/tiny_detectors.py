"""Tiny object detectors of transformers' real classes with random weights: they find something, and know nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers

SIDE = 64  # pixels
_BACKBONE = {"embedding_size": 8, "hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1], "layer_type": "basic"}
_HYBRID = {"encoder_hidden_dim": 32, "encoder_in_channels": [16, 24, 32], "encoder_ffn_dim": 32,
           "encoder_attention_heads": 2, "d_model": 32, "decoder_in_channels": [32, 32, 32], "decoder_ffn_dim": 32,
           "decoder_layers": 2, "decoder_attention_heads": 2, "num_queries": 12, "num_denoising": 0}
_FIXED = {"size": {"height": SIDE, "width": SIDE}}
_SHORTEST = {"size": {"shortest_edge": SIDE, "longest_edge": 2 * SIDE}}


def _rt_detr(names: dict[str, Any]) -> tuple[Any, Any]:
    backbone = transformers.RTDetrResNetConfig(**_BACKBONE, out_features=["stage2", "stage3", "stage4"])
    config = transformers.RTDetrConfig(backbone_config=backbone, **_HYBRID, **names)
    return transformers.RTDetrForObjectDetection(config), transformers.RTDetrImageProcessor(**_FIXED)


def _d_fine(names: dict[str, Any]) -> tuple[Any, Any]:
    backbone = transformers.HGNetV2Config(
        stem_channels=[3, 8, 8], stage_in_channels=[8, 8, 16, 24], stage_mid_channels=[8, 8, 8, 8],
        stage_out_channels=[8, 16, 24, 32], stage_num_blocks=[1, 1, 1, 1], stage_numb_of_layers=[1, 1, 1, 1],
        hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1], out_features=["stage2", "stage3", "stage4"])
    config = transformers.DFineConfig(backbone_config=backbone, **_HYBRID, **names)
    return transformers.DFineForObjectDetection(config), transformers.RTDetrImageProcessor(**_FIXED)


def _detr(names: dict[str, Any]) -> tuple[Any, Any]:
    backbone = transformers.ResNetConfig(**_BACKBONE, out_features=["stage4"])
    config = transformers.DetrConfig(
        backbone_config=backbone, use_timm_backbone=False, d_model=32, encoder_layers=1, decoder_layers=1,
        encoder_ffn_dim=32, decoder_ffn_dim=32, encoder_attention_heads=2, decoder_attention_heads=2, num_queries=12,
        **names)
    return transformers.DetrForObjectDetection(config), transformers.DetrImageProcessor(**_SHORTEST)


def _yolos(names: dict[str, Any]) -> tuple[Any, Any]:
    config = transformers.YolosConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
                                      image_size=[SIDE, SIDE], patch_size=16, num_detection_tokens=12, **names)
    return transformers.YolosForObjectDetection(config), transformers.YolosImageProcessor(**_SHORTEST)


def _rf_detr(names: dict[str, Any]) -> tuple[Any, Any]:
    backbone = transformers.RfDetrDinov2Config(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=56, patch_size=14, num_windows=2,
        out_features=["stage1", "stage2"])
    config = transformers.RfDetrConfig(
        backbone_config=backbone, d_model=32, decoder_layers=2, decoder_self_attention_heads=2,
        decoder_cross_attention_heads=2, decoder_ffn_dim=32, num_queries=12, group_detr=2, **names)
    return (transformers.RfDetrForObjectDetection(config),
            transformers.RfDetrImageProcessor(size={"height": 56, "width": 56}))


MAKERS: dict[str, Callable[[dict[str, Any]], tuple[Any, Any]]] = {
    "rt_detr": _rt_detr, "d_fine": _d_fine, "detr": _detr, "yolos": _yolos, "rf_detr": _rf_detr}


def save(folder: Path, kind: str, classes: Sequence[str], seed: int = 0) -> Path:
    """Write a detector of random weights with these classes as its own library does; return the folder.

    Its scores spread over 0 to 1, so that something is found: fresh weights are made to find nothing.
    """
    torch.manual_seed(seed)
    names = {"id2label": dict(enumerate(classes)), "label2id": {name: i for i, name in enumerate(classes)}}
    model, processor = MAKERS[kind](names)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "class_embed" in name or "class_labels_classifier.layers.2" in name \
                    or name.startswith("class_labels_classifier"):
                weights.normal_(0, 1)
    model.eval().save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
