/* How a stream is cut, in both arithmetics. */
#ifndef WG_FRAMES_H
#define WG_FRAMES_H

#define WG_STEP 1280     /* samples: 80 ms at 16 kHz */
#define WG_BANDS 32      /* values of a mel frame */
#define WG_STEP_FRAMES 8 /* frames of a step; 5 at the first: a frame needs 512 samples, and one begins every 160 */
#define WG_TAIL 480      /* samples of the step before that this step's frames still read */
/* 76 frames are 9 pushes of 8 and 4 more. The layers' maxima pair rows, so a push must end 4 frames behind a multiple
 * of 8 of the window's first: one frame off, and every value looks plausible and is wrong. A stream's first step has 5
 * frames and its windows begin at frame 1, so 3 rows of nothing before it put every push where it must be. */
#define WG_NOTHING 3
#define WG_FIRST_PUSH 10 /* the first that gives an embedding */

/* Where a point of a DFT of 256 goes so that its result comes in order: its four base-4 digits turned round. */
static inline unsigned wg_turned(unsigned n) { return (n & 3u) << 6 | (n & 12u) << 2 | (n & 48u) >> 2 | n >> 6; }

#endif
