z = torch.tensor([[[0.0, 0.0, 0.0], [math.log(2), 0.0, 0.0], [9.0, 0.0, 0.0]]])
loss = mlm_loss(z, torch.tensor([[1, 0, -100]]))
assert isinstance(loss, torch.Tensor) and loss.shape == () and loss.dtype == z.dtype
assert math.isclose(loss.item(), (math.log(3) + math.log(2)) / 2, rel_tol=1e-5)
assert math.isclose(mlm_loss(z, torch.tensor([[2, -100, -100]])).item(), math.log(3), rel_tol=1e-5)
assert mlm_loss(z, torch.full((1, 3), -100)).item() == 0
