import torch
from torch import nn


class FeedForward(nn.Module):
    def __init__(self, d, i):
        super().__init__()
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(d, i)})
        self.output = nn.ModuleDict({"dense": nn.Linear(i, d), "LayerNorm": nn.LayerNorm(d, eps=1e-12)})

    def forward(self, h):
        z = nn.functional.gelu(self.intermediate["dense"](h))
        return self.output["LayerNorm"](h + self.output["dense"](z))


def bert_layer(x, w, n_heads, m):
    attention, feed = {}, {}
    for name, value in w.items():
        group, _, rest = name.partition("attention.")
        if group:
            feed[name] = value
        else:
            attention[rest] = value
    mine = {k[len("self.") :]: v for k, v in attention.items() if k.startswith("self.")}
    out = self_attention(x, mine, n_heads, m)[0]  # noqa: F821
    out = out @ attention["output.dense.weight"].T + attention["output.dense.bias"] + x
    norm = attention["output.LayerNorm.weight"], attention["output.LayerNorm.bias"]
    h = nn.functional.layer_norm(out, (x.shape[-1],), *norm, eps=1e-12)
    with torch.random.fork_rng(), torch.device("meta"):
        module = FeedForward(x.shape[-1], len(w["intermediate.dense.bias"]))
    return torch.func.functional_call(module, feed, (h,))
