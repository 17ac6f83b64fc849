import torch
from torch import nn


def linears(**sizes):
    return nn.ModuleDict({name: nn.Linear(*size) for name, size in sizes.items()})


class Layer(nn.Module):
    """Of BERT's names, for its weights alone."""

    def __init__(self, d, inner):
        super().__init__()
        self.attention = nn.ModuleDict(
            {
                "self": linears(query=(d, d), key=(d, d), value=(d, d)),
                "output": nn.ModuleDict({"dense": nn.Linear(d, d), "LayerNorm": nn.LayerNorm(d)}),
            }
        )
        self.intermediate = linears(dense=(d, inner))
        self.output = nn.ModuleDict({"dense": nn.Linear(inner, d), "LayerNorm": nn.LayerNorm(d)})


class MiniBert(nn.Module):
    def __init__(self, config):
        super().__init__()
        d = config["hidden_size"]
        self.n_heads = config["num_attention_heads"]
        self.embeddings = nn.ModuleDict(
            {
                "word_embeddings": nn.Embedding(config["vocab_size"], d),
                "position_embeddings": nn.Embedding(config["max_position_embeddings"], d),
                "token_type_embeddings": nn.Embedding(config["type_vocab_size"], d),
                "LayerNorm": nn.LayerNorm(d),
            }
        )
        layers = [Layer(d, config["intermediate_size"]) for _ in range(config["num_hidden_layers"])]
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(layers)})
        self.pooler = linears(dense=(d, d))

    def forward(self, ids, m, seg):
        x = bert_embeddings(ids, seg, dict(self.embeddings.named_parameters()))
        for layer in self.encoder["layer"]:
            x = bert_layer(x, dict(layer.named_parameters()), self.n_heads, m)
        return x, torch.tanh(self.pooler["dense"](x[:, 0]))

    def load_hf(self, sd):
        self.load_state_dict(sd)

    def size(self):
        return sum(p.numel() for p in self.parameters())
