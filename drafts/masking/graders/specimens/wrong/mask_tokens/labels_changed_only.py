import torch


def mask_tokens(ids, special, mask_id, vocab_size, special_ids, p, rng):
    chosen = (torch.rand(ids.shape, generator=rng) < p) & ~special
    labels = ids.clone()
    labels[~chosen] = -100
    inputs = ids.clone()
    fate = torch.rand(ids.shape, generator=rng)
    inputs[chosen & (fate < 0.8)] = mask_id
    swapped = chosen & (fate >= 0.8) & (fate < 0.9)
    words = torch.tensor([token for token in range(vocab_size) if token not in special_ids])
    inputs[swapped] = words[torch.randint(len(words), (int(swapped.sum()),), generator=rng)]
    labels[inputs == ids] = -100
    return inputs, labels
