# Start code for an ESP32-C3: the ROM jumps here in machine mode, with its own stack and both flash-boot watchdogs running.
    .section .text.init, "ax"
    .globl _start
    .option push
    .option arch, +zicsr          # the multilib of rv32imc has no CSR instructions in its name
_start:
    csrci mstatus, 8              # no interrupts: nothing here wants one
    .option push
    .option norelax
    la   gp, __global_pointer$
    .option pop
    la   sp, __stack_top
    la   t0, trap
    csrw mtvec, t0
    la   t0, __bss_start
    la   t1, __bss_end
1:  bgeu t0, t1, 2f
    sw   zero, 0(t0)
    addi t0, t0, 4
    j    1b
2:  call main
3:  j    3b
    .balign 256                   # the chip's mtvec has no lower bits
trap:
    csrr a0, mcause
    csrr a1, mepc
    la   sp, __stack_top
    call chip_trapped
4:  j    4b
    .option pop
