/* The int8 tile for RV32IM: 4 outputs at 4 positions, 2.5 instructions for each multiplication, nothing put aside.
 *
 * void wg_tile_rv32(const int8_t *const x[4], uint32_t segments, uint32_t length, uint32_t step, const int8_t *w,
 *                   const int32_t *bias, int32_t sums[16]);                              (wg_kernels_i8.h)
 *
 * All 28 registers that a function may use are in use in the loop: 16 sums, 4 weights, a code, a product, a pointer for
 * each position, one for the weights, and where the run ends. */
#if defined(__riscv) && __riscv_xlen == 32 && defined(__riscv_mul)

#define P0 t0
#define P1 t1
#define P2 t2
#define P3 ra
#define W a4
#define END a7
#define CODE a5
#define PRODUCT a6

    .text
    .align 2
    .globl wg_tile_rv32
    .type wg_tile_rv32, @function

.macro row at, pointer, sum0, sum1, sum2, sum3
    lb   CODE, \at(\pointer)
    mul  PRODUCT, CODE, a0
    add  \sum0, \sum0, PRODUCT
    mul  PRODUCT, CODE, a1
    add  \sum1, \sum1, PRODUCT
    mul  PRODUCT, CODE, a2
    add  \sum2, \sum2, PRODUCT
    mul  CODE, CODE, a3
    add  \sum3, \sum3, CODE
.endm

.macro round at
    lb   a0, 4 * \at(W)
    lb   a1, 4 * \at + 1(W)
    lb   a2, 4 * \at + 2(W)
    lb   a3, 4 * \at + 3(W)
    row  \at, P0, s0, s1, s2, s3
    row  \at, P1, s4, s5, s6, s7
    row  \at, P2, s8, s9, s10, s11
    row  \at, P3, t3, t4, t5, t6
.endm

wg_tile_rv32:
    addi sp, sp, -80
    sw   ra, 76(sp)
    sw   s0, 72(sp)
    sw   s1, 68(sp)
    sw   s2, 64(sp)
    sw   s3, 60(sp)
    sw   s4, 56(sp)
    sw   s5, 52(sp)
    sw   s6, 48(sp)
    sw   s7, 44(sp)
    sw   s8, 40(sp)
    sw   s9, 36(sp)
    sw   s10, 32(sp)
    sw   s11, 28(sp)
    sw   a6, 24(sp)             /* sums */
    sw   a1, 20(sp)             /* segments that are left */
    sw   a2, 16(sp)             /* length */
    sub  a3, a3, a2
    sw   a3, 12(sp)             /* from the end of a run to the next */
    lw   P0, 0(a0)
    lw   P1, 4(a0)
    lw   P2, 8(a0)
    lw   P3, 12(a0)
    lw   s0, 0(a5)
    lw   s1, 4(a5)
    lw   s2, 8(a5)
    lw   s3, 12(a5)
    mv   s4, s0
    mv   s5, s1
    mv   s6, s2
    mv   s7, s3
    mv   s8, s0
    mv   s9, s1
    mv   s10, s2
    mv   s11, s3
    mv   t3, s0
    mv   t4, s1
    mv   t5, s2
    mv   t6, s3
segment:
    lw   END, 16(sp)
    add  END, END, P0
run:
    round 0
    round 1
    round 2
    round 3
    round 4
    round 5
    round 6
    round 7
    addi P0, P0, 8
    addi P1, P1, 8
    addi P2, P2, 8
    addi P3, P3, 8
    addi W, W, 32
    bne  P0, END, run
    lw   a0, 20(sp)
    lw   a1, 12(sp)
    addi a0, a0, -1
    sw   a0, 20(sp)
    add  P0, P0, a1
    add  P1, P1, a1
    add  P2, P2, a1
    add  P3, P3, a1
    bnez a0, segment
    lw   a0, 24(sp)
    sw   s0, 0(a0)
    sw   s1, 4(a0)
    sw   s2, 8(a0)
    sw   s3, 12(a0)
    sw   s4, 16(a0)
    sw   s5, 20(a0)
    sw   s6, 24(a0)
    sw   s7, 28(a0)
    sw   s8, 32(a0)
    sw   s9, 36(a0)
    sw   s10, 40(a0)
    sw   s11, 44(a0)
    sw   t3, 48(a0)
    sw   t4, 52(a0)
    sw   t5, 56(a0)
    sw   t6, 60(a0)
    lw   ra, 76(sp)
    lw   s0, 72(sp)
    lw   s1, 68(sp)
    lw   s2, 64(sp)
    lw   s3, 60(sp)
    lw   s4, 56(sp)
    lw   s5, 52(sp)
    lw   s6, 48(sp)
    lw   s7, 44(sp)
    lw   s8, 40(sp)
    lw   s9, 36(sp)
    lw   s10, 32(sp)
    lw   s11, 28(sp)
    addi sp, sp, 80
    ret
    .size wg_tile_rv32, . - wg_tile_rv32
#endif
