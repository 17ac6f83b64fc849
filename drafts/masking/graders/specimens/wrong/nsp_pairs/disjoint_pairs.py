import torch


def nsp_pairs(docs, rng):
    sentences = [(number, sentence) for number, doc in enumerate(docs) for sentence in doc]
    pairs = []
    for number, doc in enumerate(docs):
        if len(doc) == 0:
            continue
        pool = [sentence for other, sentence in sentences if other != number]
        for i in range(0, len(doc) - 1, 2):
            if not pool or torch.rand((), generator=rng) < 0.5:
                pairs.append((doc[i], doc[i + 1], 0))
            else:
                pairs.append((doc[i], pool[torch.randint(len(pool), (), generator=rng)], 1))
    return pairs
