import torch


def whole_word_mask(ids, word_ids, p, mask_id, rng):
    words = {}
    for position, word in enumerate(word_ids):
        if word is not None:
            words.setdefault(word, []).append(position)
    inputs, labels = ids.clone(), torch.full_like(ids, -100)
    for places in words.values():
        if torch.rand(1, generator=rng) < p:
            labels[places] = ids[places]
            inputs[places] = mask_id
    return inputs, labels
