docs = [[torch.tensor([1, 2]), torch.tensor([3]), torch.tensor([4, 5])], [], [torch.tensor([6]), torch.tensor([7, 8])]]
pairs = nsp_pairs(docs, torch.Generator().manual_seed(0))
assert type(pairs) is list and len(pairs) == 3
assert all(type(pair) is tuple and len(pair) == 3 for pair in pairs)
assert [a.tolist() for a, b, label in pairs] == [[1, 2], [3], [6]]
assert all(type(label) is int and label in (0, 1) for a, b, label in pairs)
assert nsp_pairs([], torch.Generator()) == []
