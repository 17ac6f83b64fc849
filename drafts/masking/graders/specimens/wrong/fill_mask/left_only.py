import torch


def fill_mask(model, tokenizer, text, k):
    """Reads as a causal model does: up to each blank, and no further."""
    was_training = model.training
    model.eval()
    filled, end = [], text.find("[MASK]")
    while end >= 0:
        end += len("[MASK]")
        encoded = tokenizer(text[:end], return_tensors="pt")
        with torch.no_grad():
            p = model(**encoded).logits[0, -2].softmax(-1)
        best = p.topk(k)
        filled.append(list(zip(tokenizer.convert_ids_to_tokens(best.indices.tolist()), best.values.tolist())))
        end = text.find("[MASK]", end)
    model.train(was_training)
    return filled
