import torch


def fill_mask(model, tokenizer, text, k):
    ids = tokenizer(text, return_tensors="pt")["input_ids"]
    mode, filled = model.training, []
    model.eval()
    for place in (ids[0] == tokenizer.mask_token_id).nonzero().flatten().tolist():
        with torch.no_grad():
            best = model(ids).logits[0, place].softmax(-1).topk(k)
        ids[0, place] = best.indices[0]
        filled.append(list(zip(tokenizer.convert_ids_to_tokens(best.indices.tolist()), best.values.tolist())))
    model.train(mode)
    return filled
