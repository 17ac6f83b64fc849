names = ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"]
w = {f"{name}.weight": torch.eye(3) for name in names} | {f"{name}.bias": torch.zeros(3) for name in names}
w |= {"intermediate.dense.weight": torch.tensor([[1.0, 0.0, 0.0]]), "intermediate.dense.bias": torch.zeros(1)}
w |= {"output.dense.weight": torch.tensor([[0.0], [0.0], [1.0]]), "output.dense.bias": torch.zeros(3)}
for name in ("attention.output.LayerNorm", "output.LayerNorm"):
    w |= {f"{name}.weight": torch.ones(3), f"{name}.bias": torch.zeros(3)}
y = bert_layer(torch.tensor([[[2.0, 0.0, 1.0]]]), w, n_heads=1, m=torch.tensor([[1]]))
assert y.shape == (1, 1, 3) and y.dtype == torch.float32
assert torch.allclose(y[0, 0], torch.tensor([0.76, -1.41, 0.65]), atol=0.01)
y = bert_layer(torch.arange(24.0).view(2, 4, 3), w, n_heads=3, m=torch.tensor([[1, 1, 1, 0], [1, 1, 1, 1]]))
assert y.shape == (2, 4, 3)
