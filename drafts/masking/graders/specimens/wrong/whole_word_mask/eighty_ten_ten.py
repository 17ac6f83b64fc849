import torch


def whole_word_mask(ids, word_ids, p, mask_id, rng):
    words, previous = [], None
    for position, word in enumerate(word_ids):
        if word is not None:
            if word != previous:
                words.append([])
            words[-1].append(position)
        previous = word
    inputs, labels = ids.clone(), torch.full_like(ids, -100)
    for places in words:
        if torch.rand(1, generator=rng) < p:
            labels[places] = ids[places]
            for i in places:
                fate = torch.rand(1, generator=rng)
                if fate < 0.8:
                    inputs[i] = mask_id
                elif fate < 0.9:
                    inputs[i] = torch.randint(5, 300, (), generator=rng)
    return inputs, labels
