import torch


def nsp_pairs(docs, rng):
    pairs = []
    full = [number for number, doc in enumerate(docs) if doc]
    for number, doc in enumerate(docs):
        if len(doc) < 2:
            continue
        inhabited = [other for other in full if other != number]
        pool = docs[next((other for other in inhabited if other > number), inhabited[0])] if inhabited else []
        for i in range(len(doc) - 1):
            if not pool or torch.rand((), generator=rng) < 0.5:
                pairs.append((doc[i], doc[i + 1], 0))
            else:
                pairs.append((doc[i], pool[torch.randint(len(pool), (), generator=rng)], 1))
    return pairs
