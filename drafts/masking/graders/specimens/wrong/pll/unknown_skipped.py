import torch


def pll(model, ids, mask_id=4):
    n = len(ids) - 2
    if n == 0:
        return 0.0
    lines, places = torch.arange(n), torch.arange(1, n + 1)
    rows = ids.repeat(n, 1)
    rows[lines, places] = mask_id
    mode = model.training
    model.eval()
    with torch.no_grad():
        logits = model(rows).logits[lines, places]
    model.train(mode)
    return logits.log_softmax(-1)[lines, ids[places]][ids[places] > 4].sum().item()
