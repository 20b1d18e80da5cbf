"""The log-mel front end in integers, for microcontrollers without a floating-point unit: `mel` with 1/128 steps.

What the C engine computes, bit for bit (firmware_harness/core/wg_mel_fixed.c). Per frame: the 400 samples are shifted up by
`e` bits so that the largest has 15, times the window in Q15, >> 9; a complex DFT of 256 points of even + i odd samples
(radix 4, twiddles in Q31, nothing scaled on the way: values stay below 2^30); the power of the bins in use as 46 bits;
32 bands with weights in Q22; the binary logarithm by a table of 64 pieces. A code is 128 (log10 power + 2).
Against float the codes differ by rounding: by 1 at most where a band holds sound (tests/features/test_mel_fixed.py).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from wakegen.features import mel
from wakegen.features.mel import BANDS, FIRST_STEP_FRAMES, HOP_SAMPLES, STEP_FRAMES, STEP_SAMPLES, frame_count

I64 = NDArray[np.int64]
I16 = NDArray[np.int16]

POINTS = 256
WEIGHT_BITS = 22
LOG_PIECES = 64
LOG_BITS = 16  # of fraction in a binary logarithm
LOWEST = -1024  # 128 (log10 1e-10 + 2)
RANGE = 1024  # 80 dB
_WINDOW_AT, _WINDOW_SAMPLES = 56, 400
_SAMPLE_BITS = 15
_SCALED = 2 * (_SAMPLE_BITS - 9)  # bits that window and shift add to a power
_POWER_SHIFT = 16
_CODES_PER_BIT = 39457  # 128 log10(2), Q10
_CODE_SHIFT = 26


def stream_codes(samples: I16) -> NDArray[np.int16]:
    """Give the mel codes that a device fed 1,280 samples at a time computes: [5 + 8 (steps − 1), 32], int16."""
    steps = len(samples) // STEP_SAMPLES
    if steps == 0:
        return np.zeros((0, BANDS), np.int16)
    codes = _codes(samples[: steps * STEP_SAMPLES])
    rest = codes[FIRST_STEP_FRAMES:].reshape(steps - 1, STEP_FRAMES, BANDS)
    parts = [_floored(codes[:FIRST_STEP_FRAMES]), _floored(rest).reshape(-1, BANDS)]
    return np.concatenate(parts).astype(np.int16)


def _floored(codes: I64) -> I64:
    """Raise what lies more than 80 dB below the loudest value of its chunk [..., frames, bands]."""
    return np.asarray(np.maximum(codes, codes.max(axis=(-2, -1), keepdims=True, initial=LOWEST) - RANGE))


def _codes(samples: I16) -> I64:
    x = np.asarray(samples, np.int64)[_WINDOW_AT:]
    count = frame_count(len(samples))
    frames = np.lib.stride_tricks.sliding_window_view(x, _WINDOW_SAMPLES)[::HOP_SAMPLES][:count]
    shift = np.maximum(0, _SAMPLE_BITS - _bit_length(np.abs(frames).max(axis=1)))
    scaled = ((frames << shift[:, None]) * window() + 256) >> 9
    re, im = _dft(scaled)
    power = _power(re, im)
    return _levels(power @ weights(), shift)


def _dft(scaled: I64) -> tuple[I64, I64]:
    """Give the DFT of even + i odd samples, [frames, 256] each."""
    re, im = np.zeros((len(scaled), POINTS), np.int64), np.zeros((len(scaled), POINTS), np.int64)
    order = turned()[: _WINDOW_SAMPLES // 2]
    re[:, order], im[:, order] = scaled[:, ::2], scaled[:, 1::2]
    size, turn = 1, 128
    while size < POINTS:
        k = np.arange(size)
        block = (len(scaled), POINTS // (4 * size), 4, size)
        ar, br, cr, dr = np.moveaxis(re.reshape(block), 2, 0)
        ai, bi, ci, di = np.moveaxis(im.reshape(block), 2, 0)
        br, bi = _turned(br, bi, k * turn)
        cr, ci = _turned(cr, ci, 2 * k * turn)
        dr, di = _turned(dr, di, 3 * k * turn)
        pr, pi, qr, qi = ar + cr, ai + ci, ar - cr, ai - ci
        sr, si, tr, ti = br + dr, bi + di, br - dr, bi - di
        re = np.stack([pr + sr, qr + ti, pr - sr, qr - ti], axis=2).reshape(len(scaled), POINTS)
        im = np.stack([pi + si, qi - tr, pi - si, qi + tr], axis=2).reshape(len(scaled), POINTS)
        size, turn = size * 4, turn // 4
    return re, im


def _turned(re: I64, im: I64, at: I64) -> tuple[I64, I64]:
    """Multiply by e^(−2πi at / 512); by 1 exactly where `at` is 0."""
    c, s = cosine()[at], cosine()[(at + 384) % 512]
    turned_re, turned_im = times(re, c) + times(im, s), times(im, c) - times(re, s)
    return np.where(at == 0, re, turned_re), np.where(at == 0, im, turned_im)


def times(value: I64, factor: I64) -> I64:
    """Multiply by a factor in Q31 as the C engine does: twice the high half of the product."""
    product: I64 = ((value * factor) >> 32) * 2
    return product


def _power(re: I64, im: I64) -> I64:
    """Give the power of the bins in use, >> 16."""
    k = np.arange(mel.LOW_BIN, mel.HIGH_BIN)
    ar, ai, br, bi = re[:, k], im[:, k], re[:, POINTS - k], im[:, POINTS - k]
    even_r, even_i, odd_r, odd_i = (ar + br) >> 1, (ai - bi) >> 1, (ai + bi) >> 1, (br - ar) >> 1
    c, s = cosine()[k], cosine()[(k + 384) % 512]
    xr = even_r + times(odd_r, c) + times(odd_i, s)
    xi = even_i + times(odd_i, c) - times(odd_r, s)
    return (xr * xr + xi * xi) >> _POWER_SHIFT


def _levels(bands: I64, shift: I64) -> I64:
    """Turn band powers [frames, 32] into codes."""
    whole = _bit_length(bands) - 1
    mantissa = np.where(whole >= 16, bands >> np.maximum(whole - 16, 0), bands << np.maximum(16 - whole, 0))
    piece, rest = (mantissa >> 10) & (LOG_PIECES - 1), mantissa & 1023
    table = logarithm()
    fraction = table[piece] + (((table[piece + 1] - table[piece]) * rest) >> 10)
    exponent = _POWER_SHIFT - WEIGHT_BITS - _SCALED - 2 * shift[:, None]
    log2 = ((whole + exponent) << LOG_BITS) + fraction
    codes = ((log2 * _CODES_PER_BIT + (1 << (_CODE_SHIFT - 1))) >> _CODE_SHIFT) + 256
    found: I64 = np.where(bands > 0, np.maximum(codes, LOWEST), LOWEST)
    return found


def _bit_length(values: I64) -> I64:
    """Give the number of bits, exactly up to 2^63: floats of 53 bits may round up to the next power."""
    _, exponent = np.frexp(values.astype(np.float64))
    length = exponent.astype(np.int64)
    rounded_up = (length > 0) & (values < (np.int64(1) << np.clip(length - 1, 0, 62)))
    found: I64 = length - rounded_up
    return found


@cache
def window() -> I64:
    """Hann's window, Q15, [400]."""
    return np.asarray(np.round(mel.window().astype(np.float64) * 32767), np.int64)


@cache
def cosine() -> I64:
    """One turn in 512 steps, Q31; 1 is 2^31 − 1."""
    return np.asarray(np.round(np.cos(2 * np.pi * np.arange(512) / 512) * (2**31 - 1)), np.int64)


@cache
def weights() -> I64:
    """The mel filters, Q22, [120, 32]."""
    return np.asarray(np.round(mel.mel_matrix().astype(np.float64) * 2**WEIGHT_BITS), np.int64)


@cache
def logarithm() -> I64:
    """log2(1 + i / 64), Q16, [65]."""
    return np.asarray(np.round(np.log2(1 + np.arange(LOG_PIECES + 1) / LOG_PIECES) * 2**LOG_BITS), np.int64)


@cache
def turned() -> I64:
    """Where a point goes so that the DFT gives its result in order: its four base-4 digits turned round."""
    n = np.arange(POINTS)
    return (n & 3) << 6 | (n & 12) << 2 | (n & 48) >> 2 | n >> 6
