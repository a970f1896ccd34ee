"""The tiny ``Sam3Model``: configuration, saving, and a training forward pass that spares what no loss needs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import (
    CLIPTokenizer,
    Sam3Config,
    Sam3ImageProcessor,
    Sam3Model,
    Sam3Processor,
    Sam3TrackerModel,
    Sam3VideoConfig,
)
from transformers.models.sam3.modeling_sam3 import inverse_sigmoid

from demo.train.dataset import IMAGE_SIZE, MASK_SIZE

PATCH: Final = 16
GRID: Final = IMAGE_SIZE // PATCH
ENCODER_WIDTH: Final = 96
WIDTH: Final = 64  # of the detector; every head must share it
QUERY_GRID: Final = 5
QUERIES: Final = QUERY_GRID * QUERY_GRID


def config(tokenizer: CLIPTokenizer) -> Sam3Config:
    """About 1.5 million parameters: ViT 96 x 4 on 12 x 12 patches, detector of width 64, 25 queries."""
    head = {"hidden_size": WIDTH, "num_attention_heads": 4, "intermediate_size": 128, "dropout": 0.0}
    return Sam3Config(
        vision_config={
            "backbone_config": {
                "model_type": "sam3_vit_model", "hidden_size": ENCODER_WIDTH, "intermediate_size": 3 * ENCODER_WIDTH,
                "num_hidden_layers": 4, "num_attention_heads": 4, "image_size": IMAGE_SIZE, "patch_size": PATCH,
                "window_size": GRID // 2, "global_attn_indexes": [1, 3], "pretrain_image_size": IMAGE_SIZE,
            },
            "fpn_hidden_size": WIDTH,
            "backbone_feature_sizes": [[4 * GRID, 4 * GRID], [2 * GRID, 2 * GRID], [GRID, GRID]],
        },
        text_config={
            "model_type": "clip_text_model", "vocab_size": len(tokenizer), "hidden_size": 64,
            "intermediate_size": 128, "projection_dim": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
            "max_position_embeddings": 32, "hidden_act": "gelu", "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id,
        },
        geometry_encoder_config={**head, "num_layers": 1},
        detr_encoder_config={**head, "num_layers": 2},
        detr_decoder_config={**head, "num_layers": 3, "num_queries": QUERIES},
        mask_decoder_config={"hidden_size": WIDTH, "num_upsampling_stages": 3, "num_attention_heads": 4},
    )  # fmt: skip


def build(tokenizer: CLIPTokenizer) -> Sam3Model:
    """A fresh model whose queries start on a grid over the picture: from random places they take hours to spread."""
    model = Sam3Model(config(tokenizer))
    steps = (torch.arange(QUERY_GRID) + 0.5) / QUERY_GRID
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    size = torch.full((QUERIES,), 0.22)
    start = torch.stack([x.flatten(), y.flatten(), size, size * 1.5], dim=1)
    with torch.no_grad():
        model.detr_decoder.reference_points.weight.copy_(torch.logit(start))
    return model


def save(model: Sam3Model, tokenizer: CLIPTokenizer, folder: Path) -> None:
    """Write model and processor the way ``Sam3Model.from_pretrained`` and ``Sam3Processor`` read them."""
    model.save_pretrained(folder)
    image_processor = Sam3ImageProcessor(
        size={"height": IMAGE_SIZE, "width": IMAGE_SIZE}, mask_size={"height": MASK_SIZE, "width": MASK_SIZE}
    )
    Sam3Processor(image_processor, tokenizer, target_size=IMAGE_SIZE).save_pretrained(folder)


def save_whole(model: Sam3Model, tracker: Sam3TrackerModel, folder: Path) -> None:
    """Put detector and tracker in place of the detector in a folder that ``save`` wrote.

    The form is that of ``facebook/sam3``: ``Sam3Model`` and ``Sam3TrackerModel`` each read their part, and the encoder
    is in it once. The tracker's memory of earlier frames, which only ``Sam3VideoModel`` has, is not.
    """
    part = tracker.config.to_dict()
    names = ("vision_config", "prompt_encoder_config", "mask_decoder_config")
    about = Sam3VideoConfig(
        detector_config=model.config.to_dict(),
        tracker_config={"image_size": IMAGE_SIZE, **{name: part[name] for name in names}},
        low_res_mask_size=MASK_SIZE,
        architectures=["Sam3VideoModel"],
        dtype="float32",
    )
    about.save_pretrained(folder)
    weights = {f"detector_model.{name}": weight for name, weight in model.state_dict().items()}
    for name, weight in tracker.state_dict().items():
        if name.startswith("vision_encoder.neck."):
            weights[name.replace("vision_encoder.neck.", "tracker_neck.")] = weight
        elif not name.startswith("vision_encoder."):
            weights[f"tracker_model.{name}"] = weight
    save_file({k: v.contiguous() for k, v in weights.items()}, folder / "model.safetensors", {"format": "pt"})


@dataclass(frozen=True)
class Prompts:
    """Prompts of a batch, one row each.

    ``image``: (p,) index of the prompt's image; ``ids``, ``mask``: (p, t) tokens; ``boxes``: (p, 1, 4) cxcywh
    exemplars in 0..1, or None.
    """

    image: Tensor
    ids: Tensor
    mask: Tensor
    boxes: Tensor | None


@dataclass(frozen=True)
class Answers:
    """What the model says, for L decoder layers, p prompts and q queries.

    ``logits``: (L, p, q); ``boxes``: (L, p, q, 4) cxcywh in 0..1; ``presence``: (L, p); for the first m prompts
    only ``masks``: (m, q, 48, 48) and ``semantic``: (m, 48, 48) logits. ``features``: (b, 96, 12, 12), the encoder's
    view of the b images.
    """

    logits: Tensor
    boxes: Tensor
    presence: Tensor
    masks: Tensor
    semantic: Tensor
    features: Tensor


def forward(model: Sam3Model, pixels: Tensor, prompts: Prompts, with_masks: int) -> Answers:
    """The forward pass of ``Sam3Model`` with all decoder layers' answers, masks for ``with_masks`` prompts only.

    Each image is encoded once for all its prompts, and the two fine feature levels (half of the cost) are computed
    for the images of the first ``with_masks`` prompts alone.
    """
    hidden = model.vision_encoder.backbone(pixels).last_hidden_state
    hidden = hidden.view(len(pixels), GRID, GRID, -1).permute(0, 3, 1, 2)
    neck = model.vision_encoder.neck
    coarse = neck.fpn_layers[2](hidden)
    position = neck.position_encoding(coarse.shape, coarse.device, coarse.dtype)
    features, positions = coarse[prompts.image], position[prompts.image]

    text = model.get_text_features(input_ids=prompts.ids, attention_mask=prompts.mask, return_dict=True).pooler_output
    text_mask = prompts.mask.bool()
    if prompts.boxes is not None:
        ones = torch.ones(prompts.boxes.shape[:2], dtype=torch.long)
        exemplars = model.geometry_encoder(
            box_embeddings=prompts.boxes,
            box_mask=ones.bool(),
            box_labels=ones,
            img_feats=[features],
            img_pos_embeds=[positions],
        )
        text = torch.cat([text, exemplars.last_hidden_state], dim=1)
        text_mask = torch.cat([text_mask, exemplars.attention_mask], dim=1)

    encoded = model.detr_encoder(
        vision_features=[features], text_features=text, vision_pos_embeds=[positions], text_mask=text_mask
    )
    decoded = model.detr_decoder(
        vision_features=encoded.last_hidden_state,
        text_features=encoded.text_features,
        vision_pos_encoding=encoded.pos_embeds_flattened,
        text_mask=text_mask,
        spatial_shapes=encoded.spatial_shapes,
    )
    queries = decoded.intermediate_hidden_states
    boxes = (inverse_sigmoid(decoded.reference_boxes) + model.detr_decoder.box_head(queries)).sigmoid()
    logits = model.dot_product_scoring(
        decoder_hidden_states=queries, text_features=encoded.text_features, text_mask=text_mask
    ).squeeze(-1)

    images, rows = torch.unique(prompts.image[:with_masks], return_inverse=True)
    fine = [layer(hidden[images])[rows] for layer in neck.fpn_layers[:2]]
    masks = model.mask_decoder(
        decoder_queries=queries[-1][:with_masks],
        backbone_features=[*fine, features[:with_masks]],
        encoder_hidden_states=encoded.last_hidden_state[:with_masks],
        prompt_features=text[:with_masks],
        prompt_mask=text_mask[:with_masks],
    )
    presence = decoded.presence_logits.squeeze(-1)
    return Answers(logits, boxes, presence, masks.pred_masks, masks.semantic_seg[:, 0], hidden)
