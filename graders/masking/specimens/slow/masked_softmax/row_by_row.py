import torch


def masked_softmax(s, m):
    sentences = []
    for b in range(s.shape[0]):
        real = m[b] == 1
        heads = []
        for h in range(s.shape[1]):
            rows = []
            for i in range(s.shape[2]):
                row = torch.zeros_like(s[b, h, i])
                row[real] = torch.softmax(s[b, h, i][real], dim=0)
                rows.append(row)
            heads.append(torch.stack(rows))
        sentences.append(torch.stack(heads))
    return torch.stack(sentences)
