import torch


def fill_mask(model, tokenizer, text, k):
    encoded = tokenizer(text, return_tensors="pt")
    mode, filled = model.training, []
    model.eval()
    for place, number in enumerate(encoded["input_ids"][0].tolist()):
        if number == tokenizer.mask_token_id:
            with torch.no_grad():
                p = model(**encoded).logits[0, place].softmax(-1)
            pieces = tokenizer.convert_ids_to_tokens(list(range(len(p))))
            filled.append(sorted(zip(pieces, p.tolist()), key=lambda pair: -pair[1])[:k])
    model.train(mode)
    return filled
