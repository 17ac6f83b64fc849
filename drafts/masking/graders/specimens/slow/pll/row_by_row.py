import torch


def pll(model, ids, mask_id=4):
    mode = model.training
    model.eval()
    total = 0.0
    for place in range(1, len(ids) - 1):
        row = ids.clone()
        row[place] = mask_id
        with torch.no_grad():
            total += model(row[None]).logits[0, place].log_softmax(-1)[ids[place]].item()
    model.train(mode)
    return total
