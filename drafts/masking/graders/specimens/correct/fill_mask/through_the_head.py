import torch
from torch.nn import functional as F


def candidates(log_p, names, k):
    values, ids = torch.sort(log_p, descending=True)
    return [(names[one], value) for one, value in zip(ids[:k].tolist(), values[:k].exp().tolist())]


def fill_mask(model, tokenizer, text, k):
    encoded = tokenizer([text], return_tensors="pt")
    hidden_words = torch.where(encoded.input_ids == tokenizer.mask_token_id)
    names = {number: piece for piece, number in tokenizer.get_vocab().items()}
    training = model.training
    model.train(False)
    with torch.no_grad():
        states = model.bert(**encoded).last_hidden_state
        log_p = F.log_softmax(model.cls(states[hidden_words]), dim=1)
    if training:
        model.train()
    return [candidates(row, names, k) for row in log_p]
