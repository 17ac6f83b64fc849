ids = torch.tensor([[2, 9, 7, 8, 6, 3]])
special = torch.tensor([[True, False, False, False, False, True]])
inputs, labels = mask_tokens(ids, special, 4, 10, [0, 1, 2, 3, 4], 1.0, torch.Generator().manual_seed(0))
assert inputs.shape == labels.shape == ids.shape
assert inputs.dtype == labels.dtype == torch.int64
assert labels.tolist() == [[-100, 9, 7, 8, 6, -100]]
assert inputs[special].tolist() == [2, 3]
inputs, labels = mask_tokens(ids, special, 4, 10, [0, 1, 2, 3, 4], 0.0, torch.Generator().manual_seed(0))
assert inputs.tolist() == ids.tolist() and (labels == -100).all()
