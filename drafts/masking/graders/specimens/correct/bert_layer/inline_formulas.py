import math

import torch
from torch import Tensor


def linear(h: Tensor, w: dict[str, Tensor], name: str) -> Tensor:
    return torch.einsum("bli,oi->blo", h, w[name + ".weight"]) + w[name + ".bias"]


def norm(h: Tensor, w: dict[str, Tensor], name: str) -> Tensor:
    mean = h.mean(-1, keepdim=True)
    variance = h.var(-1, keepdim=True, correction=0)
    return (h - mean) * torch.rsqrt(variance + 1e-12) * w[name + ".weight"] + w[name + ".bias"]


def bert_layer(x: Tensor, w: dict[str, Tensor], n_heads: int, m: Tensor) -> Tensor:
    """Everything written here, attention too: exact GELU by the error function."""
    B, L, D = x.shape
    q, k, v = (
        linear(x, w, f"attention.self.{name}").reshape(B, L, n_heads, D // n_heads) for name in ("query", "key", "value")
    )
    scores = torch.einsum("bihd,bjhd->bhij", q, k) / math.sqrt(D // n_heads)
    p = torch.softmax(scores.masked_fill(~m.bool()[:, None, None, :], -math.inf), dim=-1)
    mixed = torch.einsum("bhij,bjhd->bihd", p, v).reshape(B, L, D)
    h = norm(x + linear(mixed, w, "attention.output.dense"), w, "attention.output.LayerNorm")
    z = linear(h, w, "intermediate.dense")
    z = z * (1 + torch.erf(z / math.sqrt(2))) / 2
    return norm(h + linear(z, w, "output.dense"), w, "output.LayerNorm")
