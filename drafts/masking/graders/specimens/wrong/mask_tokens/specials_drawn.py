import torch


def mask_tokens(ids, special, mask_id, vocab_size, special_ids, p, rng):
    chosen = (torch.rand(ids.shape, generator=rng) < p) & ~special
    labels = ids.clone()
    labels[~chosen] = -100
    inputs = ids.clone()
    fate = torch.rand(ids.shape, generator=rng)
    inputs[chosen & (fate < 0.8)] = mask_id
    swapped = chosen & (fate >= 0.8) & (fate < 0.9)
    inputs[swapped] = torch.randint(vocab_size, (int(swapped.sum()),), generator=rng)
    return inputs, labels
