import torch


def mask_tokens(ids, special, mask_id, vocab_size, special_ids, p, rng):
    """One uniform number for each position decides all: below 0.8 p a mask, below 0.9 p a random word, below p as it is."""
    u = torch.rand(ids.shape, generator=rng, dtype=torch.float64)
    u[special] = 2.0
    allowed = torch.ones(vocab_size)
    allowed[special_ids] = 0
    inputs, labels = ids.clone(), torch.full_like(ids, -100)
    labels[u < p] = ids[u < p]
    inputs[u < 0.8 * p] = mask_id
    swap = (u >= 0.8 * p) & (u < 0.9 * p)
    if swap.any():
        inputs[swap] = torch.multinomial(allowed, int(swap.sum()), replacement=True, generator=rng)
    return inputs, labels
