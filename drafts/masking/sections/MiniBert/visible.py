config = {
    "vocab_size": 10,
    "hidden_size": 4,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 6,
    "max_position_embeddings": 5,
    "type_vocab_size": 2,
}
model = MiniBert(config)
assert model.count() == 250
ids, m, seg = torch.tensor([[2, 7, 3], [2, 3, 0]]), torch.tensor([[1, 1, 1], [1, 1, 0]]), torch.zeros(2, 3, dtype=torch.int64)
h, pooled = model(ids, m, seg)
assert h.shape == (2, 3, 4) and pooled.shape == (2, 4)

body = load_model("tiny-encoder").bert  # sans pooler : le voici, neutre / it has no pooler: here is a neutral one
width = body.config.hidden_size
pooler = {"pooler.dense.weight": torch.eye(width), "pooler.dense.bias": torch.zeros(width)}
mini = MiniBert(body.config.to_dict())
mini.load_hf({**body.state_dict(), **pooler})
ids = torch.tensor([load_tokenizer("tiny-encoder").encode("Le chat dort. The cat sleeps.")])
h, pooled = mini(ids, torch.ones_like(ids), torch.zeros_like(ids))
assert h.shape == (1, ids.shape[1], width) and h.isfinite().all()
