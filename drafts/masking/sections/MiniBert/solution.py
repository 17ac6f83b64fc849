class MiniBert(nn.Module):
    """BERT sans tête, à partir d'un dictionnaire de tailles. / BERT without a head, out of a dictionary of sizes."""

    def __init__(self, config):
        super().__init__()
        ### BEGIN SOLUTION
        width, inner = config["hidden_size"], config["intermediate_size"]
        self.n_heads = config["num_attention_heads"]

        def square():
            return nn.Linear(width, width)

        def added(size):
            return nn.ModuleDict({"dense": nn.Linear(size, width), "LayerNorm": nn.LayerNorm(width)})

        def layer():
            heads = nn.ModuleDict({"query": square(), "key": square(), "value": square()})
            attention = nn.ModuleDict({"self": heads, "output": added(width)})
            middle = nn.ModuleDict({"dense": nn.Linear(width, inner)})
            return nn.ModuleDict({"attention": attention, "intermediate": middle, "output": added(inner)})

        self.embeddings = nn.ModuleDict(
            {
                "word_embeddings": nn.Embedding(config["vocab_size"], width),
                "position_embeddings": nn.Embedding(config["max_position_embeddings"], width),
                "token_type_embeddings": nn.Embedding(config["type_vocab_size"], width),
                "LayerNorm": nn.LayerNorm(width),
            }
        )
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(layer() for _ in range(config["num_hidden_layers"]))})
        self.pooler = nn.ModuleDict({"dense": square()})
        ### END SOLUTION

    def forward(self, ids, m, seg):
        """ids, m, seg: int64 [B, L] -> (float [B, L, D], float [B, D])"""
        ### BEGIN SOLUTION
        h = bert_embeddings(ids, seg, dict(self.embeddings.named_parameters()))
        for layer in self.encoder["layer"]:
            h = bert_layer(h, dict(layer.named_parameters()), self.n_heads, m)
        return h, torch.tanh(self.pooler["dense"](h[:, 0]))
        ### END SOLUTION

    def load_hf(self, sd):
        """Les poids d'un BertModel, tous et eux seuls. / The weights of a BertModel, all of them and nothing else."""
        ### BEGIN SOLUTION
        self.load_state_dict(sd)  # strict by default
        ### END SOLUTION

    def count(self):
        """Le nombre de paramètres (int). / The number of parameters (int)."""
        ### BEGIN SOLUTION
        return sum(parameter.numel() for parameter in self.parameters())
        ### END SOLUTION
