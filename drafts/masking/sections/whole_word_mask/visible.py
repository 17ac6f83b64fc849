ids = torch.tensor([2, 31, 32, 33, 18, 3, 21, 3])
word_ids = [None, 0, 0, 0, 1, None, 0, None]
inputs, labels = whole_word_mask(ids, word_ids, 1.0, 4, torch.Generator().manual_seed(0))
assert inputs.dtype == labels.dtype == torch.int64
assert inputs.tolist() == [2, 4, 4, 4, 4, 3, 4, 3]
assert labels.tolist() == [-100, 31, 32, 33, 18, -100, 21, -100]
inputs, labels = whole_word_mask(ids, word_ids, 0.0, 4, torch.Generator().manual_seed(0))
assert inputs.tolist() == ids.tolist() and (labels == -100).all()
