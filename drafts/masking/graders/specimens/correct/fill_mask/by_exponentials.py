import torch


@torch.inference_mode()
def fill_mask(model, tokenizer, text, k):
    ids = torch.tensor([tokenizer.encode(text)])
    before = {module: module.training for module in model.modules()}
    try:
        scores = model.eval()(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.squeeze(0)
    finally:
        for module, mode in before.items():
            module.training = mode
    filled = []
    for place, number in enumerate(ids[0].tolist()):
        if number != tokenizer.mask_token_id:
            continue
        e = torch.exp(scores[place] - scores[place].max())
        p = e / e.sum()
        best = p.argsort(descending=True)[:k].tolist()
        filled.append([(tokenizer.convert_ids_to_tokens(one), p[one].item()) for one in best])
    return filled
