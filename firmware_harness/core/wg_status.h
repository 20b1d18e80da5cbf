/* What a call says when it cannot do what was asked: negative, and each with a row in wakegen's table of meanings. */
#ifndef WG_STATUS_H
#define WG_STATUS_H

enum wg_status {
    WG_OK = 0,
    WG_TRUNCATED = -1,   /* the file ends before what its header promises */
    WG_NOT_A_MODEL = -2, /* it does not begin as a .wgm does */
    WG_VERSION = -3,     /* a version, or an arithmetic, that this build does not know */
    WG_CORRUPT = -4,     /* the checksum differs */
    WG_SHAPE = -5,       /* layers that do not fit each other, or reach outside the file */
    WG_ARENA = -6,       /* the arena is too small: ask wg_..._bytes() first */
    WG_ALIGNMENT = -7    /* the file, or the arena, does not begin at a multiple of 16 bytes */
};

#endif
