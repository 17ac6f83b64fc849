import torch


def mask_tokens(ids, special, mask_id, vocab_size, special_ids, p, rng):
    words = [token for token in range(vocab_size) if token not in special_ids]
    inputs, labels = ids.clone(), torch.full_like(ids, -100)
    for b in range(ids.shape[0]):
        for i in range(ids.shape[1]):
            if special[b, i] or torch.rand((), generator=rng) >= p:
                continue
            labels[b, i] = ids[b, i]
            fate = torch.rand((), generator=rng)
            if fate < 0.8:
                inputs[b, i] = mask_id
            elif fate < 0.9:
                inputs[b, i] = words[torch.randint(len(words), (), generator=rng)]
    return inputs, labels
