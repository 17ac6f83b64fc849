import math

import torch
from torch.nn import functional as F


def shapes(config):
    d, inner = config["hidden_size"], config["intermediate_size"]
    yield "embeddings.word_embeddings.weight", (config["vocab_size"], d)
    yield "embeddings.position_embeddings.weight", (config["max_position_embeddings"], d)
    yield "embeddings.token_type_embeddings.weight", (config["type_vocab_size"], d)
    yield from pair("embeddings.LayerNorm", d)
    for n in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{n}"
        for name in ("self.query", "self.key", "self.value", "output.dense"):
            yield from pair(f"{layer}.attention.{name}", d, d)
        yield from pair(f"{layer}.attention.output.LayerNorm", d)
        yield from pair(f"{layer}.intermediate.dense", inner, d)
        yield from pair(f"{layer}.output.dense", d, inner)
        yield from pair(f"{layer}.output.LayerNorm", d)
    yield from pair("pooler.dense", d, d)


def pair(name, *shape):
    yield f"{name}.weight", shape
    yield f"{name}.bias", shape[:1]


class MiniBert(torch.nn.Module):
    """All weights in one ParameterDict, whose names may hold no dot; the whole computation written out."""

    def __init__(self, config):
        super().__init__()
        self.layers, self.heads = config["num_hidden_layers"], config["num_attention_heads"]
        start = {name.replace(".", "/"): 0.02 * torch.randn(shape) for name, shape in shapes(config)}
        self.w = torch.nn.ParameterDict(start)

    def load_hf(self, sd):
        names = {name.replace(".", "/") for name in sd}
        if names != set(self.w.keys()) or len(names) != len(sd):
            raise KeyError(sorted(names ^ set(self.w.keys())))
        for name, value in sd.items():
            if value.shape != self.w[name.replace(".", "/")].shape:
                raise ValueError(f"{name}: {tuple(value.shape)}")
        for name, value in sd.items():
            self.w[name.replace(".", "/")].data.copy_(value)

    def count(self):
        return sum(map(torch.numel, self.w.values()))

    def linear(self, name, x):
        name = name.replace(".", "/")
        return F.linear(x, self.w[f"{name}/weight"], self.w[f"{name}/bias"])

    def norm(self, name, x):
        name = name.replace(".", "/")
        return F.layer_norm(x, x.shape[-1:], self.w[f"{name}/weight"], self.w[f"{name}/bias"], 1e-12)

    def attention(self, layer, x, m):
        b, n, d = x.shape
        q, k, v = (
            self.linear(f"{layer}.attention.self.{name}", x).reshape(b, n, self.heads, d // self.heads).permute(0, 2, 1, 3)
            for name in ("query", "key", "value")
        )
        s = torch.einsum("bhid,bhjd->bhij", q, k) / math.sqrt(d // self.heads)
        p = s.masked_fill(m[:, None, None] == 0, -torch.inf).softmax(-1)
        return torch.einsum("bhij,bhjd->bihd", p, v).reshape(b, n, d)

    def forward(self, ids, m, seg):
        w = self.w
        x = w["embeddings/word_embeddings/weight"][ids] + w["embeddings/token_type_embeddings/weight"][seg]
        x = self.norm("embeddings.LayerNorm", x + w["embeddings/position_embeddings/weight"][: ids.shape[1]])
        for n in range(self.layers):
            layer = f"encoder.layer.{n}"
            y = self.linear(f"{layer}.attention.output.dense", self.attention(layer, x, m))
            x = self.norm(f"{layer}.attention.output.LayerNorm", x + y)
            y = self.linear(f"{layer}.output.dense", F.gelu(self.linear(f"{layer}.intermediate.dense", x)))
            x = self.norm(f"{layer}.output.LayerNorm", x + y)
        return x, self.linear("pooler.dense", x[:, 0]).tanh()
