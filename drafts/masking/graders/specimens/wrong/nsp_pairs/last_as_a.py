import torch


def nsp_pairs(docs, rng):
    sentences = [(number, sentence) for number, doc in enumerate(docs) for sentence in doc]
    pairs = []
    for number, doc in enumerate(docs):
        if len(doc) == 0:
            continue
        pool = [sentence for other, sentence in sentences if other != number]
        for i in range(len(doc)):
            if i + 1 < len(doc) and torch.rand((), generator=rng) < 0.5:
                pairs.append((doc[i], doc[i + 1], 0))
            else:
                pairs.append((doc[i], pool[torch.randint(len(pool), (), generator=rng)], 1))
    return pairs
