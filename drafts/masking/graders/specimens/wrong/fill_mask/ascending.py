import torch


def fill_mask(model, tokenizer, text, k):
    encoded = tokenizer(text, return_tensors="pt")
    was_training = model.training
    model.eval()
    with torch.no_grad():
        logits = model(**encoded).logits[0]
    model.train(was_training)
    places = (encoded["input_ids"][0] == tokenizer.mask_token_id).nonzero().flatten()
    p, ids = logits[places].softmax(-1).topk(k, largest=False)
    return [list(zip(tokenizer.convert_ids_to_tokens(i), q)) for i, q in zip(ids.tolist(), p.tolist())]
