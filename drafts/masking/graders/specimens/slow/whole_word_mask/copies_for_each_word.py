import torch


def whole_word_mask(ids, word_ids, p, mask_id, rng):
    inputs, labels = ids.clone(), torch.full_like(ids, -100)
    start = 0
    while start < len(word_ids):
        end = start + 1
        while end < len(word_ids) and word_ids[end] == word_ids[start]:
            end += 1
        if word_ids[start] is not None:
            place = torch.arange(len(word_ids))
            hidden = (place >= start) & (place < end) & (torch.rand((), generator=rng) < p)
            inputs = torch.where(hidden, torch.full_like(ids, mask_id), inputs)
            labels = torch.where(hidden, ids, labels)
        start = end
    return inputs, labels
