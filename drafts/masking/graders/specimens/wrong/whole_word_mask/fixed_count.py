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
    for number in torch.randperm(len(words), generator=rng)[: round(p * len(words))]:
        places = words[number]
        labels[places] = ids[places]
        inputs[places] = mask_id
    return inputs, labels
