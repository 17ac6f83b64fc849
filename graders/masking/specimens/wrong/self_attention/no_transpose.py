import math

import torch
import torch.nn.functional as F


def self_attention(x, w, n_heads, m):
    B, L, D = x.shape
    d = D // n_heads

    def heads(name):
        y = F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])
        return y.view(B, n_heads, L, d)

    q, k, v = heads("query"), heads("key"), heads("value")
    scores = q @ k.transpose(-1, -2) / math.sqrt(d)
    pads = (m == 0)[:, None, None, :]
    p = scores.masked_fill(pads, float("-inf")).softmax(-1).masked_fill(pads, 0.0)
    out = (p @ v).reshape(B, L, D)
    return out, p
