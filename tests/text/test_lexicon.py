from __future__ import annotations

from wakegen.text.lexicon import Lexicon, lexicon_from_json, lexicon_to_json


def test_a_kept_lexicon_is_the_same_lexicon(russian_lexicon: Lexicon) -> None:
    again = lexicon_from_json(lexicon_to_json(russian_lexicon))
    assert (again.language, again.words) == (russian_lexicon.language, russian_lexicon.words)
    assert again.phonemes == russian_lexicon.phonemes
    assert again.frequencies.tobytes() == russian_lexicon.frequencies.tobytes()
