w = {
    "word_embeddings.weight": torch.tensor([[9.0, 0.0, 3.0], [2.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
    "position_embeddings.weight": torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [3.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
    "token_type_embeddings.weight": torch.tensor([[0.0, 0.0, 0.0], [0.0, 2.0, 0.0]]),
    "LayerNorm.weight": torch.ones(3),
    "LayerNorm.bias": torch.zeros(3),
}
y = bert_embeddings(torch.tensor([[1, 1]]), torch.tensor([[0, 0]]), w)
a = math.sqrt(3 / 2)
assert y.shape == (1, 2, 3) and y.dtype == torch.float32
assert torch.allclose(y[0], torch.tensor([[a, 0.0, -a], [a, -a, 0.0]]), atol=1e-5)
# pad=2 : le seul vrai token est à la position 3, qui a ici le plongement de la position 0 / the one real token is at position 3
y = bert_embeddings(torch.tensor([[2, 1]]), torch.tensor([[0, 0]]), w, pad=2)
assert torch.allclose(y[0, 1], torch.tensor([a, 0.0, -a]), atol=1e-5)
