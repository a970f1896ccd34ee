"""Tokenizers of the real classes, with a vocabulary made from the demo's own words.

``CLIPTokenizer`` (SAM 3) is a byte-level BPE, so any script works; ``Siglip2Tokenizer`` (Gemma's) works on characters,
so every character of the German and Japanese names is put into its vocabulary and the rest falls back to bytes.
"""

import json
from typing import Final

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTokenizer, Siglip2Tokenizer

from demo.vocabulary import ABSENT, COLOUR_NAMES, EMPTY, NAMES, TEMPLATES, UNKNOWN

CLIP_LENGTH: Final = 32
SIGLIP_LENGTH: Final = 64
_CHARACTERS: Final = "abcdefghijklmnopqrstuvwxyzäöüß0123456789.,-_()'▁"


def corpus() -> list[str]:
    """Every caption pattern with every name: what the merges are learnt from."""
    names = [name for part in NAMES for name in part.all]
    lines = [template.format(name) for name in names for template in TEMPLATES]
    lines += [f"{colour} {name}" for colour in COLOUR_NAMES for name in names]
    lines += [template.format(thing) for thing in ABSENT for template in TEMPLATES]
    lines += [*EMPTY, "visual", "and", "part", "object", *UNKNOWN] * 4
    return [line.lower() for line in lines]


def clip_tokenizer(vocabulary: int = 700) -> CLIPTokenizer:
    """SAM 3's tokenizer type, trained on ``corpus()``; pads to 32 tokens with its end token."""
    bpe = Tokenizer(models.BPE(continuing_subword_prefix="", end_of_word_suffix="</w>"))
    bpe.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    words = Regex(r"[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(words, behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, end_of_word_suffix="</w>", show_progress=False)
    bpe.train_from_iterator(corpus(), trainer)
    merges = _merges(bpe)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = letters + [letter + "</w>" for letter in letters] + ["".join(pair) for pair in merges]
    tokens = [*dict.fromkeys(tokens), "<|startoftext|>", "<|endoftext|>"]
    ids = {token: number for number, token in enumerate(tokens)}
    return CLIPTokenizer(vocab=ids, merges=merges, model_max_length=CLIP_LENGTH)  # type: ignore[arg-type]


def siglip2_tokenizer(vocabulary: int = 900) -> Siglip2Tokenizer:
    """SigLIP 2's tokenizer type, trained on ``corpus()``: lower case, end token, padding on the right to 64."""
    bpe = Tokenizer(models.BPE())
    bpe.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.Replace(" ", "▁")])
    bpe.pre_tokenizer = pre_tokenizers.Split("▁", behavior="merged_with_next")
    bpe.train_from_iterator(corpus(), trainers.BpeTrainer(vocab_size=vocabulary, show_progress=False))
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    letters = sorted(set(_CHARACTERS) | set("".join(corpus())) - {" "})
    merges = _merges(bpe)
    tokens = list(dict.fromkeys([*special, *letters, *("".join(pair) for pair in merges)]))
    ids = {token: number for number, token in enumerate(tokens)}
    merges = [pair for pair in merges if pair[0] in ids and pair[1] in ids]
    return Siglip2Tokenizer(
        vocab=ids,
        merges=merges,  # type: ignore[arg-type]
        model_max_length=SIGLIP_LENGTH,
        add_eos_token=True,
        padding_side="right",
        # SigLIP 2 was trained without an attention mask; passing one changes its embeddings.
        model_input_names=["input_ids"],
    )


def _merges(bpe: Tokenizer) -> list[tuple[str, str]]:
    merges = json.loads(bpe.to_str())["model"]["merges"]
    pairs = [pair.split(" ") if isinstance(pair, str) else pair for pair in merges]
    return [(left, right) for left, right in pairs]
