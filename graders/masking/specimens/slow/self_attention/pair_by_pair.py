import math

import torch
import torch.nn.functional as F


def self_attention(x, w, n_heads, m):
    B, L, D = x.shape
    d = D // n_heads
    q, k, v = (
        F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"]).view(B, L, n_heads, d) for name in ("query", "key", "value")
    )
    rows = []
    for i in range(L):
        row = [(q[:, i] * k[:, j]).sum(-1) / math.sqrt(d) for j in range(L)]
        rows.append(torch.stack(row, dim=-1))
    scores = torch.stack(rows, dim=2)
    pads = (m == 0)[:, None, None, :]
    p = scores.masked_fill(pads, float("-inf")).softmax(-1).masked_fill(pads, 0.0)
    return torch.einsum("bhij,bjhd->bihd", p, v).reshape(B, L, D), p
