h = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [100.0, 100.0]]])
pooled = mean_pool(h, torch.tensor([[1, 1, 0]]))
assert isinstance(pooled, torch.Tensor) and pooled.shape == (1, 2) and pooled.dtype == h.dtype
assert torch.allclose(pooled, torch.tensor([[2.0, 3.0]]))
assert torch.allclose(mean_pool(h, torch.tensor([[1, 0, 0]])), torch.tensor([[1.0, 2.0]]))
assert mean_pool(h, torch.zeros(1, 3, dtype=torch.int64)).abs().sum() == 0
