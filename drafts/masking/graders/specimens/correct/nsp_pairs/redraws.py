import torch


def nsp_pairs(docs, rng):
    everything = [(number, sentence) for number, doc in enumerate(docs) for sentence in doc]
    inhabited = sum(len(doc) > 0 for doc in docs)
    count = sum(max(len(doc) - 1, 0) for doc in docs)
    elsewhere = torch.bernoulli(torch.full((count,), 0.5), generator=rng).int().tolist()
    pairs = []
    for (first, a), (second, b) in zip(everything, everything[1:]):
        if first != second:
            continue
        label = elsewhere[len(pairs)] if inhabited > 1 else 0
        if label == 1:
            second = first
            while second == first:  # until it is another document's
                second, b = everything[torch.randint(len(everything), (1,), generator=rng).item()]
        pairs.append((a, b, label))
    return pairs
