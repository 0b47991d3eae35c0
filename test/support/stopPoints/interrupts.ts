import { csrNumber } from '../../../debug-adapter/engine/isa/csrs.ts';
import { a, CSR, type Item } from '../../engine/machine/cpu/assembler.ts';
import { FLOAT_OPERATIONS, FLOAT_STORES } from '../../engine/machine/cpu/floatAssembler.ts';
import { FS, SAVE } from '../../engine/machine/cpu/randomLayout.ts';
import type { SeededRandom } from '../seededRandom.ts';

export const CLINT = 0x200_0000;
export const PLIC = 0xc00_0000;
const PLIC_CLAIM = PLIC + 0x20_0004;
const TIME_COMPARE = CLINT + 0x4000;
const TIME = CLINT + 0xbff8;
const HARTID = csrNumber('mhartid');
const MIP = CSR.mip;

/** A counter that all harts except hart 0 increment. They also store a double at SHARED_DOUBLE. */
export const SHARED = SAVE + 0x800;
export const SHARED_DOUBLE = SHARED + 16;

/**
 * The trap handler of the driver and of harts 1 to 3. After an exception, it skips the instruction that caused it; an
 * interrupt is acknowledged. It uses x20 to x25.
 */
export function interruptHandler(random: SeededRandom): Item[] {
  return [
    'trap:',
    a.csrr(20, CSR.mcause),
    a.to('interrupt', (offset) => a.blt(20, 0, offset)),
    a.csrr(20, CSR.mepc),
    a.addi(20, 20, 4),
    a.csrw(CSR.mepc, 20),
    a.mret,
    'interrupt:',
    a.slli(20, 20, 1),
    a.csrr(21, HARTID),
    a.addi(22, 0, 2 * 7),
    a.to('timer', (offset) => a.beq(20, 22, offset)),
    a.addi(22, 0, 2 * 3),
    a.to('software', (offset) => a.beq(20, 22, offset)),
    // An external interrupt is acknowledged on both drives.
    a.li(22, PLIC_CLAIM),
    a.lw(23, 0, 22),
    a.addi(25, 0, 3),
    [0x1000_1064, 0x1000_2064].map((register) => [a.li(24, register), a.sw(25, 0, 24)]),
    a.sw(23, 0, 22),
    a.mret,
    'timer:',
    nextTimer(10 + random.below(50)),
    a.mret,
    'software:',
    a.slli(21, 21, 2),
    a.li(22, CLINT),
    a.add(22, 22, 21),
    a.sw(0, 0, 22),
    a.mret,
  ];
}

/** Sets the timer of the hart whose number is in x21. */
const nextTimer = (ticks: number): Item[] => [
  a.slli(21, 21, 3),
  a.li(22, TIME_COMPARE),
  a.add(22, 22, 21),
  a.li(23, TIME),
  a.ld(23, 0, 23),
  a.addi(23, 23, ticks),
  a.sd(23, 0, 22),
];

/**
 * The endless loop of harts 1 to 3. Each iteration changes registers, CSRs and memory, takes a trap, interrupts the
 * next hart and then waits.
 */
export function otherHarts(random: SeededRandom): Item[] {
  return [
    'others:',
    a.la(6, 'trap'),
    a.csrw(CSR.mtvec, 6),
    a.li(12, SHARED),
    a.addi(13, 0, 1),
    a.li(6, FS),
    a.csrrs(0, CSR.mstatus, 6),
    a.li(6, random.pick([0, 0x222])),
    a.csrw(CSR.mideleg, 6),
    a.csrr(21, HARTID),
    nextTimer(20),
    a.addi(6, 0, 0x88),
    a.csrw(CSR.mie, 6),
    a.csrrsi(0, CSR.mstatus, 8),
    'loop:',
    a.addi(10, 10, 1),
    a.xor(11, 11, 10),
    a.amoaddD(14, 13, 12),
    a.csrw(CSR.mscratch, 10),
    FLOAT_OPERATIONS['fcvt.d.l'].encode({ rd: 10, rs1: 11 }),
    FLOAT_STORES.fsd(10, SHARED_DOUBLE - SHARED, 12),
    a.slli(14, 10, 60),
    a.to('loop', (offset) => a.bne(14, 0, offset)),
    a.ecall,
    // Interrupts the next hart, and changes mip.SSIP.
    a.csrr(14, HARTID),
    a.addi(14, 14, 1),
    a.andi(14, 14, 3),
    a.slli(14, 14, 2),
    a.li(15, CLINT),
    a.add(15, 15, 14),
    a.sw(13, 0, 15),
    a.csrrsi(0, MIP, 2),
    a.nop,
    a.csrrci(0, MIP, 2),
    a.wfi,
    a.j('loop'),
  ];
}
