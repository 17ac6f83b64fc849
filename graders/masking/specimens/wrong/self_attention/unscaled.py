import torch
import torch.nn.functional as F


def self_attention(x, w, n_heads, m):
    B, L, D = x.shape
    d = D // n_heads

    def heads(name):
        y = F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])
        return y.view(B, L, n_heads, d).transpose(1, 2)

    q, k, v = heads("query"), heads("key"), heads("value")
    scores = q @ k.transpose(-1, -2)
    pads = (m == 0)[:, None, None, :]
    p = scores.masked_fill(pads, float("-inf")).softmax(-1).masked_fill(pads, 0.0)
    out = (p @ v).transpose(1, 2).reshape(B, L, D)
    return out, p
