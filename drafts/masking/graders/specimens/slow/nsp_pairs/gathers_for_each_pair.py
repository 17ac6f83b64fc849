import torch


def nsp_pairs(docs, rng):
    pairs = []
    for number, doc in enumerate(docs):
        for i in range(len(doc) - 1):
            pool = [sentence for other, one in enumerate(docs) if other != number for sentence in one]
            if not pool or torch.rand((), generator=rng) < 0.5:
                pairs.append((doc[i], doc[i + 1], 0))
            else:
                pairs.append((doc[i], pool[torch.randint(len(pool), (), generator=rng)], 1))
    return pairs
