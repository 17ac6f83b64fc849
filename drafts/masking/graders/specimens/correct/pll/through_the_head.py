import torch
from torch import nn


def hidden_one_by_one(ids, mask_id):
    rows = []
    for place in range(1, len(ids) - 1):
        rows.append(torch.cat([ids[:place], torch.tensor([mask_id]), ids[place + 1 :]]))
    return rows


def pll(model, ids, mask_id=4):
    rows = hidden_one_by_one(ids, mask_id)
    if not rows:
        return 0.0
    training = model.training
    model.train(False)
    try:
        with torch.inference_mode():
            states = model.bert(torch.stack(rows)).last_hidden_state
            own = torch.stack([state[number + 1] for number, state in enumerate(states)])
            loss = nn.NLLLoss(reduction="none")(torch.log_softmax(model.cls(own), dim=1), ids[1:-1])
    finally:
        if training:
            model.train()
    return -float(loss.sum())
