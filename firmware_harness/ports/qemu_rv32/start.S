# Start code for qemu-system-riscv32 -M virt, machine mode, without firmware (-bios none).
    .section .text.init, "ax"
    .globl _start
_start:
    .option push
    .option norelax
    la   gp, __global_pointer$
    .option pop
    la   sp, __stack_top
    la   t0, trap
    .option push
    .option arch, +zicsr          # the multilib of rv32imc has no CSR instructions in its name
    csrw mtvec, t0
    .option pop
    la   t0, __bss_start
    la   t1, __bss_end
1:  bgeu t0, t1, 2f
    sw   zero, 0(t0)
    addi t0, t0, 4
    j    1b
2:  call main
    .globl port_exit
port_exit:                        # a0: status. QEMU's test device: 0x5555 is success, code << 16 | 0x3333 is not
    li   t1, 0x100000
    li   t0, 0x5555
    beqz a0, 3f
    slli a0, a0, 16
    li   t0, 0x3333
    or   t0, t0, a0
3:  sw   t0, 0(t1)
4:  j    4b
    .align 2
trap:                             # any trap ends with 100 + its cause, so that a test fails loudly
    .option push
    .option arch, +zicsr
    csrr a0, mcause
    .option pop
    andi a0, a0, 31
    addi a0, a0, 100
    j    port_exit
