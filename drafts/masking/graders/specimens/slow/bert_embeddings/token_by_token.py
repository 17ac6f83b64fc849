import torch


def bert_embeddings(ids, seg, w, pad=None):
    sentences = []
    for tokens, kinds in zip(ids.tolist(), seg.tolist()):
        vectors, seen = [], 0
        for place, (token, kind) in enumerate(zip(tokens, kinds)):
            if pad is not None:
                seen += token != pad
                place = pad + seen if token != pad else pad
            e = w["word_embeddings.weight"][token] + w["token_type_embeddings.weight"][kind]
            e = e + w["position_embeddings.weight"][place]
            centred = e - e.mean()
            e = centred / torch.sqrt((centred * centred).mean() + 1e-12)
            vectors.append(e * w["LayerNorm.weight"] + w["LayerNorm.bias"])
        sentences.append(torch.stack(vectors))
    return torch.stack(sentences) if sentences else torch.zeros(*ids.shape, len(w["LayerNorm.bias"])).to(w["LayerNorm.bias"])
