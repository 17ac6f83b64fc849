"""The pieces of BERT that exercises ask to write, out of libraries: what a later exercise's checks call in their place.

A grader gives them by the mark ``given``, so that a mistake in one exercise costs no other. Attention and layer are
ELECTRA's, which are BERT's line by line in transformers: BERT's own classes are forbidden where these must work.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch.nn import Module
from torch.nn.functional import cross_entropy, embedding, layer_norm
from transformers import ElectraConfig
from transformers.models.electra.modeling_electra import ElectraLayer, ElectraSelfAttention

Weights = dict[str, torch.Tensor]


@lru_cache(maxsize=16)
def _config(width: int, inner: int, n_heads: int) -> ElectraConfig:
    sizes = {"hidden_size": width, "intermediate_size": inner, "num_attention_heads": n_heads}
    dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return ElectraConfig.from_dict({**sizes, **dropout, "attn_implementation": "eager"})


def _call(made: Callable[..., Module], config: ElectraConfig, w: Weights, x: torch.Tensor, m: torch.Tensor) -> Any:
    """A module's output with the weights ``w``; of its own it draws none, which would use the global generator."""
    with torch.device("meta"):
        module = made(config).eval()
    own = {name: w[name] for name, _ in module.named_parameters()}
    return torch.func.functional_call(module, own, (x, _unseen(m, x.dtype)))


def _unseen(m: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """What is added to scores, [B, 1, 1, L]: the least number at pads."""
    return torch.zeros_like(m, dtype=dtype).masked_fill(m == 0, torch.finfo(dtype).min)[:, None, None, :]


def self_attention(x: torch.Tensor, w: Weights, n_heads: int, m: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """As the exercise says: float [B, L, D], and weights [B, H, L, L]; zero for a sentence of pads alone."""
    batch, length, width = x.shape
    if batch * length == 0:
        return x * 1.0, x.new_zeros(batch, n_heads, length, length)
    out, p = _call(ElectraSelfAttention, _config(width, 1, n_heads), w, x, m)
    some_key = m.bool().any(dim=1)
    return out * some_key[:, None, None], p * some_key[:, None, None, None]


def bert_embeddings(ids: torch.Tensor, seg: torch.Tensor, w: Weights, pad: int | None = None) -> torch.Tensor:
    """As the exercise says: word + position + segment, normalised; [B, L, D] of the weights' dtype.

    pad: with it, positions are CamemBERT's, counted from ``pad`` + 1 among the tokens that are not ``pad``.
    """
    positions = torch.arange(ids.shape[1])
    if pad is not None:
        real = ids != pad
        positions = real.cumsum(1) * real + pad
    words = embedding(ids, w["word_embeddings.weight"])
    places = embedding(positions, w["position_embeddings.weight"])
    kinds = embedding(seg, w["token_type_embeddings.weight"])
    norm = w["LayerNorm.weight"]
    return layer_norm(words + places + kinds, norm.shape, norm, w["LayerNorm.bias"], 1e-12)


def bert_layer(x: torch.Tensor, w: Weights, n_heads: int, m: torch.Tensor) -> torch.Tensor:
    """As the exercise says: [B, L, D]."""
    if x.numel() == 0:
        return x * 1.0
    out = _call(ElectraLayer, _config(x.shape[-1], len(w["intermediate.dense.bias"]), n_heads), w, x, m)
    layer: torch.Tensor = out[0] if isinstance(out, tuple) else out
    return layer


def mlm_loss(logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """As the exercise says: the mean over positions where ``y`` is not −100; 0 when there is none."""
    total = cross_entropy(logits.flatten(0, -2), y.flatten(), ignore_index=-100, reduction="sum")
    return total / (y != -100).sum().clamp(min=1)


def mask_tokens(
    ids: torch.Tensor,
    special: torch.Tensor,
    mask_id: int,
    vocab_size: int,
    special_ids: list[int],
    p: float,
    rng: torch.Generator,
) -> tuple[torch.Tensor, torch.Tensor]:
    """As the exercise says: inputs and labels, int64 [B, L]; as transformers' DataCollatorForLanguageModeling does."""
    chosen = torch.bernoulli(
        torch.full(ids.shape, p, dtype=torch.float32).masked_fill(special, 0.0), generator=rng
    ).bool()
    way = torch.multinomial(
        torch.tensor([0.8, 0.1, 0.1], dtype=torch.float32), ids.numel(), replacement=True, generator=rng
    )
    way = way.view_as(ids).masked_fill(~chosen, 2)
    left_out = set(special_ids)
    words = torch.tensor([one for one in range(vocab_size) if one not in left_out])
    drawn = words[torch.randint(len(words), ids.shape, generator=rng)]
    inputs = torch.where(way == 0, mask_id, torch.where(way == 1, drawn, ids))
    return inputs, ids.masked_fill(~chosen, -100)
