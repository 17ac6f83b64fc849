import bisect
import itertools

import torch


def nsp_pairs(docs, rng):
    ends = list(itertools.accumulate(len(doc) for doc in docs))
    total = ends[-1] if docs else 0
    result = []
    for number, doc in enumerate(docs):
        for i in range(len(doc) - 1):
            label = int(torch.rand(1, generator=rng).item() < 0.5)
            if total == len(doc):
                label = 0
            if label == 0:
                b = doc[i + 1]
            else:
                rank = torch.randint(0, total - len(doc), (1,), generator=rng).item()
                if rank >= ends[number] - len(doc):
                    rank += len(doc)
                source = bisect.bisect_right(ends, rank)
                b = docs[source][rank - ends[source]]
            result.append((doc[i].clone(), b.clone(), label))
    return result
