import torch
import torch.nn.functional as F


def bert_layer(x, w, n_heads, m):
    def linear(h, name):
        return F.linear(h, w[name + ".weight"], w[name + ".bias"])

    def norm(h, name):
        return F.layer_norm(h, h.shape, w[name + ".weight"], w[name + ".bias"], eps=1e-12)

    own = {k[15:]: v for k, v in w.items() if k.startswith("attention.self.")}
    a, _ = self_attention(x, own, n_heads, m)  # noqa: F821
    y = torch.zeros_like(x)
    for b in range(x.shape[0]):
        for i in range(x.shape[1]):
            h = norm(x[b, i] + linear(a[b, i], "attention.output.dense"), "attention.output.LayerNorm")
            z = linear(F.gelu(linear(h, "intermediate.dense")), "output.dense")
            y[b, i] = norm(h + z, "output.LayerNorm")
    return y
