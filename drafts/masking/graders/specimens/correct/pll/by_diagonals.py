import math

import torch


@torch.no_grad()
def pll(model, ids, mask_id=4):
    if ids.shape[0] <= 2:
        return float(0)
    rows = torch.stack([ids] * (ids.shape[0] - 2))
    rows.diagonal(offset=1).fill_(mask_id)
    before = [(module, module.training) for module in model.modules()]
    scores = model.eval()(input_ids=rows, attention_mask=torch.ones_like(rows)).logits
    for module, mode in before:
        module.training = mode
    scores = scores.diagonal(offset=1, dim1=0, dim2=1).T.double()  # [L - 2, V]
    terms = [scores[i, token] - scores[i].logsumexp(0) for i, token in enumerate(ids[1:-1].tolist())]
    return math.fsum(term.item() for term in terms)
