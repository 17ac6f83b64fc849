ids = torch.tensor([[2, 5, 6, 7, 3, 0], [2, 8, 9, 10, 11, 3]])
part = {"ids": ids, "special": ids < 5, "attention_mask": (ids != 0).long()}
data = {"train": part, "validation": part, "mask_id": 4, "vocab_size": 12, "special_ids": [0, 1, 2, 3, 4]}
model = tiny_bert(12, seed=0)
losses = train_mlm(model, data, steps=20, lr=1e-3, seed=1)
assert isinstance(losses, list) and len(losses) == 20
assert all(isinstance(loss, float) for loss in losses)
again = train_mlm(tiny_bert(12, seed=0), data, steps=20, lr=1e-3, seed=1)
assert all(math.isclose(*pair, rel_tol=1e-3) for pair in zip(losses, again))
assert not model.training
assert train_mlm(model, data, steps=0, lr=1e-3, seed=1) == []
