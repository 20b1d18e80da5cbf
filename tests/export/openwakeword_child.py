"""Run a detector in the openwakeword package: package folder or "", the model's files, the sound; scores to stdout."""

import json
import sys

import numpy as np

place, head, melspectrogram, embedding, sound = sys.argv[1:]
if place:
    sys.path.insert(0, place)

from openwakeword.model import Model  # noqa: E402

if place:
    model = Model(
        wakeword_models=[head],
        inference_framework="onnx",
        melspec_model_path=melspectrogram,
        embedding_model_path=embedding,
    )
else:
    model = Model(
        wakeword_model_paths=[head],
        melspec_onnx_model_path=melspectrogram,
        embedding_onnx_model_path=embedding,
    )
samples = np.load(sound)
scores = []
for at in range(0, len(samples) - 1279, 1280):
    (score,) = model.predict(samples[at : at + 1280]).values()
    scores.append(float(score))
print(json.dumps({"module": sys.modules["openwakeword"].__file__, "scores": scores}))
