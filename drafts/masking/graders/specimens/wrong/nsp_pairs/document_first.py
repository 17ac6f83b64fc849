import torch


def nsp_pairs(docs, rng):
    pairs = []
    full = [number for number, doc in enumerate(docs) if doc]
    for number, doc in enumerate(docs):
        if len(doc) == 0:
            continue
        pool = [docs[other] for other in full if other != number]
        for i in range(len(doc) - 1):
            if not pool or torch.rand((), generator=rng) < 0.5:
                pairs.append((doc[i], doc[i + 1], 0))
            else:
                chosen = pool[torch.randint(len(pool), (), generator=rng)]
                pairs.append((doc[i], chosen[torch.randint(len(chosen), (), generator=rng)], 1))
    return pairs
