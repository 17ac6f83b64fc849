import torch


def whole_word_mask(ids, word_ids, p, mask_id, rng):
    """Words are counted at their first piece; one uniform number each."""
    length = len(word_ids)
    number = torch.tensor([-1 if one is None else one for one in word_ids], dtype=torch.int64)
    inside = torch.tensor([one is not None for one in word_ids], dtype=torch.bool)
    starts = inside.clone()
    starts[1:] &= (number[1:] != number[:-1]) | ~inside[:-1] if length else inside[1:]
    word = starts.cumsum(0) - 1
    draws = torch.rand(int(starts.sum()) + 1, generator=rng, dtype=torch.float64) < p
    hidden = inside & draws[word.clamp(min=0)]
    inputs, labels = torch.empty_like(ids), torch.empty_like(ids)
    inputs.copy_(ids)
    labels.fill_(-100)
    inputs[hidden] = mask_id
    labels[hidden] = ids[hidden]
    return inputs, labels
