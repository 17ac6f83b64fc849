import torch


def mlm_loss(logits, y):
    total, count = logits.sum() * 0, 0
    for sentence, labels in zip(logits, y.tolist()):
        for z, label in zip(sentence, labels):
            if label != -100:
                total = total + torch.logsumexp(z, 0) - z[label]
                count += 1
    return total / max(count, 1)
