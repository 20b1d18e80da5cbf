"""From what espeak_TextToPhonemes prints to words of IPA phonemes."""

from __future__ import annotations

import re

from wakegen.espeak.ipa import STRESS

SEPARATOR = "\u2063"  # "invisible separator": in no mnemonic and in no text
_MODE_SEPARATED = ord(SEPARATOR) << 8  # bits 8…23 of the mode hold the separator
MNEMONIC_MODE = _MODE_SEPARATED
IPA_MODE = _MODE_SEPARATED | 2

_SWITCH = re.compile(r"\([a-z0-9-]+\)", re.IGNORECASE)  # "(en)…(ru)": read by the rules of another language
_TONE = re.compile(r"(?<=\D)[1-7ɜ]+$")  # espeak-ng prints tone 3 as ɜ, and only a tone's first digit
_DIGITS = re.compile(r"\d+$")
# What espeak-ng leaves in its own alphabet when it prints IPA.
_TO_IPA = (
    ("s.", "ʂ"), ("z.", "ʐ"), ("r.", "ɽ"), ("t.", "ʈ"), ("d.", "ɖ"), ("n.", "ɳ"), ("l.", "ɭ"), ("i.", "ɨ"), ("i̪", "ɨ"),
    ("tɕh", "tɕʰ"), ("tʂh", "tʂʰ"), ("tsh", "tsʰ"), ("ph", "pʰ"), ("th", "tʰ"), ("kh", "kʰ"), ("onɡ", "ʊŋ"),
    ("o-", "ɤ"), ("ŋ-", "ŋ̩"), ("[", "\u032a"), ("A", "ɑ"), ("^", ""), ('"', ""), ("`", ""),
)  # fmt: skip


def words(ipa_clauses: list[str], mnemonic_clauses: list[str], *, tonal: bool) -> tuple[tuple[str, ...], ...]:
    """Give the words of a text, each as IPA phonemes; a stressed one begins with ˈ or ˌ.

    In tonal languages a vowel ends with the digits of its tone, as the mnemonics write it ("i214"): the IPA output
    garbles them.
    """
    out = []
    for ipa_clause, mnemonic_clause in zip(ipa_clauses, mnemonic_clauses, strict=True):
        ipa_words = [_tokens(word) for word in ipa_clause.split(" ")]
        spelled = [_tokens(word) for word in mnemonic_clause.split(" ")]
        for index, word in enumerate(ipa_words):
            if tonal and index < len(spelled):
                word = _with_tones(word, spelled[index])
            if cleaned := tuple(filter(None, map(clean, word))):
                out.append(cleaned)
    return tuple(out)


def switches(clauses: list[str]) -> bool:
    """Say whether espeak-ng read part of the text by the rules of another language."""
    return any(_SWITCH.search(clause) for clause in clauses)


def clean(token: str) -> str:
    """Turn one token of the IPA output into IPA ("" for pauses and marks)."""
    token = _SWITCH.sub("", token)
    for old, new in _TO_IPA:
        token = token.replace(old, new)
    return token if token.strip(STRESS + "_ː|;") else ""


def _tokens(word: str) -> list[str]:
    """Split at separators, leaving out pauses and marks, which the two outputs print differently."""
    tokens = (_SWITCH.sub("", token) for token in word.split(SEPARATOR))
    return [token for token in tokens if token.strip(STRESS + "_|:;!',%=")]


def _with_tones(word: list[str], spelled: list[str]) -> list[str]:
    if len(word) != len(spelled):
        return word
    out = []
    for ipa, mnemonic in zip(word, spelled, strict=True):
        tone = _DIGITS.search(mnemonic)
        out.append(_TONE.sub("", ipa) + tone.group() if tone else ipa)
    return out
