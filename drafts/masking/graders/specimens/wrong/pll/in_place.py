import torch


def pll(model, ids, mask_id=4):
    n = len(ids) - 2
    if n == 0:
        return 0.0
    lines, places = torch.arange(n), torch.arange(1, n + 1)
    whole = ids.clone()
    rows = ids.repeat(n, 1)
    for line in range(n):
        ids[line + 1] = mask_id
        rows[line] = ids
        rows[line, 1 : line + 1] = whole[1 : line + 1]
    mode = model.training
    model.eval()
    with torch.no_grad():
        logits = model(rows).logits[lines, places]
    model.train(mode)
    return logits.log_softmax(-1)[lines, whole[places]].sum().item()
