import torch.nn.functional as F


def bert_layer(x, w, n_heads, m):
    def linear(h, name):
        return F.linear(h, w[name + ".weight"], w[name + ".bias"])

    def norm(h, name):
        return F.layer_norm(h, h.shape[-1:], w[name + ".weight"], w[name + ".bias"], eps=1e-12)

    own = {k[15:]: v for k, v in w.items() if k.startswith("attention.self.")}
    a, _ = self_attention(x, own, n_heads, m)  # noqa: F821
    a = linear(a, "attention.output.dense")
    h = norm(x + a, "output.LayerNorm")
    z = F.gelu(linear(h, "intermediate.dense"))
    z = linear(z, "output.dense")
    return norm(h + z, "attention.output.LayerNorm")
