import torch


def nsp_pairs(docs, rng):
    flat = [(number, sentence) for number, doc in enumerate(docs) for sentence in doc]
    pairs = []
    for (number, a), (_, successor) in zip(flat, flat[1:]):
        others = [sentence for other, sentence in flat if other != number]
        if not others or torch.rand((), generator=rng) < 0.5:
            pairs.append((a, successor, 0))
        else:
            pairs.append((a, others[torch.randint(len(others), (), generator=rng)], 1))
    return pairs
