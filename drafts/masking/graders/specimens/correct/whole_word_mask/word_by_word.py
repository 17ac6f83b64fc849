import torch


def whole_word_mask(ids, word_ids, p, mask_id, rng):
    inputs, labels = ids.tolist(), [-100] * len(word_ids)
    previous, hide = None, False
    for i, word in enumerate(word_ids):
        if word is None:
            previous = None
            continue
        if previous is None or word != previous:
            hide = torch.rand((), generator=rng).item() < p
        previous = word
        if hide:
            labels[i], inputs[i] = inputs[i], mask_id
    return torch.tensor(inputs, dtype=torch.int64), torch.tensor(labels, dtype=torch.int64)
