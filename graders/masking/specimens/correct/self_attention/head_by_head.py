import torch
from torch import Tensor


def one_head(x: Tensor, w: dict[str, Tensor], columns: slice, real: Tensor) -> tuple[Tensor, Tensor]:
    """One head: its rows of the three matrices, then softmax over the real keys."""
    q, k, v = (
        torch.einsum("bld,ed->ble", x, w[name + ".weight"][columns]) + w[name + ".bias"][columns]
        for name in ("query", "key", "value")
    )
    scores = torch.einsum("bie,bje->bij", q, k) * q.shape[-1] ** -0.5
    scores = scores + (1 - real[:, None, :].to(x.dtype)) * torch.finfo(x.dtype).min
    p = torch.softmax(scores, dim=2) * real[:, None, :].to(x.dtype)
    return torch.einsum("bij,bje->bie", p, v), p


def self_attention(x: Tensor, w: dict[str, Tensor], n_heads: int, m: Tensor) -> tuple[Tensor, Tensor]:
    size = x.size(-1) // n_heads
    results = [one_head(x, w, slice(h * size, (h + 1) * size), m) for h in range(n_heads)]
    return torch.cat([out for out, _ in results], dim=-1), torch.stack([p for _, p in results], dim=1)
