import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(d, 3 * d)
        self.project = nn.Linear(d, d)

    def forward(self, x, keys):
        q, k, v = (one.unflatten(-1, (self.heads, -1)).transpose(1, 2) for one in self.qkv(x).chunk(3, dim=-1))
        mixed = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=keys[:, None, None, :])
        return self.project(mixed.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, d, inner, heads):
        super().__init__()
        self.attention = Attention(d, heads)
        self.up, self.down = nn.Linear(d, inner), nn.Linear(inner, d)
        self.first, self.second = nn.LayerNorm(d, eps=1e-12), nn.LayerNorm(d, eps=1e-12)

    def forward(self, x, keys):
        x = self.first(x + self.attention(x, keys))
        return self.second(x + self.down(nn.functional.gelu(self.up(x))))


class MiniBert(nn.Module):
    """Names of its own, queries, keys and values in one matrix: `load_hf` translates."""

    def __init__(self, config):
        super().__init__()
        d, self.n = config["hidden_size"], config["num_hidden_layers"]
        self.words = nn.Embedding(config["vocab_size"], d, padding_idx=0)
        self.places = nn.Embedding(config["max_position_embeddings"], d)
        self.kinds = nn.Embedding(config["type_vocab_size"], d)
        self.norm = nn.LayerNorm(d, eps=1e-12)
        self.blocks = nn.ModuleList(
            Block(d, config["intermediate_size"], config["num_attention_heads"]) for _ in range(self.n)
        )
        self.pool = nn.Linear(d, d)

    def count(self):
        return sum(p.numel() for p in self.parameters())

    def load_hf(self, sd):
        rest = dict(sd)

        def take(name, shape):
            value = rest.pop(name)
            if tuple(value.shape) != tuple(shape):
                raise ValueError(f"{name} has the shape {tuple(value.shape)}")
            return value

        def fill(target, *names):
            for kind in ("weight", "bias") if getattr(target, "bias", None) is not None else ("weight",):
                own = getattr(target, kind)
                shape = (own.shape[0] // len(names), *own.shape[1:])
                own.copy_(torch.cat([take(f"{name}.{kind}", shape) for name in names]))

        with torch.no_grad():
            fill(self.words, "embeddings.word_embeddings")
            fill(self.places, "embeddings.position_embeddings")
            fill(self.kinds, "embeddings.token_type_embeddings")
            fill(self.norm, "embeddings.LayerNorm")
            for i, block in enumerate(self.blocks):
                at = f"encoder.layer.{i}"
                fill(block.attention.qkv, *(f"{at}.attention.self.{name}" for name in ("query", "key", "value")))
                fill(block.attention.project, f"{at}.attention.output.dense")
                fill(block.first, f"{at}.attention.output.LayerNorm")
                fill(block.up, f"{at}.intermediate.dense")
                fill(block.down, f"{at}.output.dense")
                fill(block.second, f"{at}.output.LayerNorm")
            fill(self.pool, "pooler.dense")
        if rest:
            raise ValueError(f"unknown: {sorted(rest)}")

    def forward(self, ids, m, seg):
        x = self.norm(self.words(ids) + self.places.weight[: ids.shape[1]] + self.kinds(seg))
        for block in self.blocks:
            x = block(x, m.bool())
        return x, self.pool(x[:, 0]).tanh()
