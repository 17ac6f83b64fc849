import torch


def mask_tokens(ids, special, mask_id, vocab_size, special_ids, p, rng):
    known = set(special_ids)
    words = [token for token in range(vocab_size) if token not in known]
    inputs, labels = [], []
    for row, barred in zip(ids, special):
        places = (~barred).nonzero().flatten()
        places = places[torch.rand(len(places), generator=rng) < p]
        fate = torch.randint(10, (len(places),), generator=rng)
        new, target = row.clone(), torch.full_like(row, -100)
        target[places] = row[places]
        new[places[fate > 1]] = mask_id
        swapped = places[fate == 1]
        new[swapped] = torch.tensor(words)[torch.randint(len(words), (len(swapped),), generator=rng)]
        inputs.append(new)
        labels.append(target)
    if not inputs:
        return ids.clone(), ids.clone()
    return torch.stack(inputs), torch.stack(labels)
