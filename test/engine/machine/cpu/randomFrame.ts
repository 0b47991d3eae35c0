import { a, bType, CSR, type Item } from './assembler.ts';
import { FLOAT_STORES } from './floatAssembler.ts';
import {
  DATA,
  DATA_END,
  DATA_VA,
  TEST_DEVICE,
  FS,
  LEAVES,
  MIDDLE,
  MPRV,
  MXR,
  PMP_OPEN,
  type ProgramKind,
  ROOT,
  SAVE,
  SAVED,
  SUM,
  TOP,
  UART,
} from './randomLayout.ts';
import { PTE, pte, storeConstant } from './randomTables.ts';

/**
 * The code around the blocks of a random program: the start code, the trap handler, and the code that prints a block's
 * hashes.
 */
/**
 * The start code. The page tables contain an identity mapping for supervisor code, a second mapping of the code for U
 * mode, and tables for the data.
 */
export function startUp(kind: ProgramKind): Item[] {
  const everything = PTE.V | PTE.R | PTE.W | PTE.X | PTE.A | PTE.D;
  return [
    a.la(5, 'handler'),
    a.csrw(CSR.mtvec, 5),
    a.li(5, SAVE),
    a.csrw(CSR.mscratch, 5),
    a.li(5, -1),
    a.csrw(CSR.pmpaddr0 + 7, 5),
    openMemory(5),
    storeConstant(ROOT + 8 * (DATA_VA >>> 30), pte(MIDDLE, PTE.V)),
    storeConstant(ROOT + 8 * 2, pte(0x8000_0000, everything)),
    storeConstant(ROOT + 8 * 3, pte(0x8000_0000, everything | PTE.U)),
    storeConstant(MIDDLE, pte(LEAVES, PTE.V)),
    storeConstant(TOP, pte(ROOT, PTE.V)),
    storeConstant(TOP + 8 * 511, pte(ROOT, PTE.V)),
    a.li(5, kind === 'general' ? (8n << 60n) | BigInt(ROOT >>> 12) : (9n << 60n) | BigInt(TOP >>> 12)),
    a.csrw(CSR.satp, 5),
  ];
}

/** Opens all of memory to S mode and U mode with a single PMP entry, NAPOT entry 7. */
const openMemory = (register: number): Item[] => [a.li(register, PMP_OPEN), a.csrw(CSR.pmpcfg0, register)];

/** Records the trap and skips the instruction. After a failed fetch, returns to x1, the return address of the jump. */
export function handler(): Item[] {
  const times31 = [a.slli(30, 28, 5), a.sub(28, 30, 28)];
  return [
    'handler:',
    a.csrrw(31, CSR.mscratch, 31),
    a.sd(30, SAVED.x30, 31),
    a.sd(29, SAVED.x29, 31),
    a.sd(28, SAVED.x28, 31),
    // Puts the physical address of mepc into x29.
    a.csrr(30, CSR.mepc),
    a.slli(29, 30, 34),
    a.srli(29, 29, 34),
    a.addi(28, 0, 1),
    a.slli(28, 28, 31),
    a.or(29, 29, 28),
    a.ld(28, SAVED.end, 31),
    a.to('atEnd', (offset) => bType(0, 29, 28, offset)),
    a.sd(29, SAVED.pc, 31),
    causeOfAtomics(),
    a.sd(30, SAVED.cause, 31),
    a.ld(28, SAVED.traps, 31),
    a.add(28, 28, 30),
    times31,
    a.csrr(30, CSR.mepc),
    a.add(28, 28, 30),
    times31,
    trapValue(),
    a.add(28, 28, 30),
    times31,
    a.sd(28, SAVED.traps, 31),
    a.csrr(30, CSR.mcause),
    a.addi(28, 0, 12),
    a.to('fetchFault', (offset) => bType(0, 30, 28, offset)),
    a.addi(28, 0, 1),
    a.to('fetchFault', (offset) => bType(0, 30, 28, offset)),
    a.ld(29, SAVED.pc, 31),
    // The instruction is 4 bytes long, or 2 if its low two bits are not 3.
    a.lhu(28, 0, 29),
    a.andi(28, 28, 3),
    a.sltiu(28, 28, 3),
    a.slli(28, 28, 1),
    a.addi(29, 0, 4),
    a.sub(28, 29, 28),
    a.csrr(30, CSR.mepc),
    a.add(30, 30, 28),
    a.csrw(CSR.mepc, 30),
    'resume:',
    a.ld(28, SAVED.x28, 31),
    a.ld(29, SAVED.x29, 31),
    a.ld(30, SAVED.x30, 31),
    a.csrrw(31, CSR.mscratch, 31),
    a.mret,
    'fetchFault:',
    a.csrw(CSR.mepc, 1),
    a.j('resume'),
    'atEnd:',
    a.ld(28, SAVED.left, 31),
    a.addi(28, 28, -1),
    a.sd(28, SAVED.left, 31),
    a.to('epilogue', (offset) => bType(0, 28, 0, offset)),
    a.ld(30, SAVED.start, 31),
    a.csrw(CSR.mepc, 30),
    a.j('resume'),
  ];
}

/**
 * Puts the cause into x30. QEMU 7.2 reports AMO faults as load faults (4, 5, 13), so they are mapped to store faults
 * (6, 7, 15).
 */
export function causeOfAtomics(): Item[] {
  const isLoadFault = (cause: number): Item[] => [
    a.addi(28, 0, cause),
    a.to('isLoadFault', (offset) => a.beq(30, 28, offset)),
  ];
  return [
    a.csrr(30, CSR.mcause),
    [4, 5, 13].map(isLoadFault),
    a.j('isCause'),
    'isLoadFault:',
    a.lhu(28, 0, 29),
    a.andi(28, 28, 0x7f),
    a.addi(28, 28, -0x2f),
    a.to('isCause', (offset) => a.bne(28, 0, offset)),
    a.ori(30, 30, 2),
    'isCause:',
  ];
}

/**
 * Puts mtval into x30. For a misaligned access outside memory (causes 5 and 7), QEMU reports the address of the aligned
 * part that failed.
 */
export function trapValue(): Item[] {
  return [
    a.csrr(30, CSR.mtval),
    a.ld(29, SAVED.cause, 31),
    a.andi(29, 29, -3),
    a.addi(29, 29, -5),
    a.to('isValue', (offset) => a.bne(29, 0, offset)),
    a.andi(30, 30, -8),
    'isValue:',
  ];
}

export const RECORDED_CSRS = [CSR.mstatus, CSR.sscratch, CSR.stval, CSR.scause, CSR.stvec, CSR.mcause, CSR.mtval];

/** Hashes fcsr and all floating-point registers, whether or not the block could use them. */
const FLOAT_WORDS = 33;
function floats(location: number): Item[] {
  return [
    a.li(1, FS),
    a.csrrs(0, CSR.mstatus, 1),
    a.csrr(1, CSR.fcsr),
    a.sd(1, location, 31),
    Array.from({ length: 32 }, (_, i) => FLOAT_STORES.fsd(i, location + 8 + 8 * i, 31)),
  ];
}

/** Prints the block's line and jumps to the next block. */
export function epilogue(hashEnd = DATA_END): Item[] {
  const saved = (register: number): number => SAVED.registers + register * 8;
  return [
    'epilogue:',
    Array.from({ length: 27 }, (_, i) => a.sd(i + 1, saved(i + 1), 31)),
    [28, 29, 30].map((register) => [a.ld(1, SAVED[`x${register}` as 'x28'], 31), a.sd(1, saved(register), 31)]),
    a.csrrw(1, CSR.mscratch, 31),
    a.sd(1, saved(31), 31),
    RECORDED_CSRS.map((csr, i) => [a.csrr(1, csr), a.sd(1, saved(32 + i), 31)]),
    a.li(1, MPRV | SUM | MXR),
    a.csrrc(0, CSR.mstatus, 1),
    floats(saved(32 + RECORDED_CSRS.length)),
    openMemory(1),
    a.addi(10, 31, saved(1)),
    a.addi(11, 31, saved(32 + RECORDED_CSRS.length + FLOAT_WORDS)),
    a.to('hash', (offset) => a.jal(1, offset)),
    a.li(10, SAVE + SAVED.traps),
    a.addi(11, 10, 8),
    a.to('hash', (offset) => a.jal(1, offset)),
    a.li(10, DATA),
    a.li(11, hashEnd),
    a.to('hash', (offset) => a.jal(1, offset)),
    a.addi(5, 0, 10),
    a.to('print', (offset) => a.jal(1, offset)),
    a.li(31, SAVE),
    a.ld(5, SAVED.next, 31),
    a.jalr(0, 0, 5),
    // Prints a hash of the 64-bit words between the addresses in x10 and x11, and then a space.
    'hash:',
    a.addi(7, 1, 0),
    a.li(12, 0x9e37_79b9_7f4a_7c15n),
    a.addi(13, 0, 0),
    'more:',
    a.ld(14, 0, 10),
    a.add(13, 13, 14),
    a.mul(13, 13, 12),
    a.srli(14, 13, 32),
    a.xor(13, 13, 14),
    a.addi(10, 10, 8),
    a.to('more', (offset) => a.bltu(10, 11, offset)),
    a.addi(15, 0, 60),
    'digit:',
    a.srl(5, 13, 15),
    a.andi(5, 5, 15),
    a.slti(14, 5, 10),
    a.to('decimal', (offset) => a.bne(14, 0, offset)),
    a.addi(5, 5, 39),
    'decimal:',
    a.addi(5, 5, 48),
    a.to('print', (offset) => a.jal(1, offset)),
    a.addi(15, 15, -4),
    a.to('digit', (offset) => a.bge(15, 0, offset)),
    a.addi(5, 0, 32),
    a.addi(1, 7, 0),
    // Prints the character in x5.
    'print:',
    a.lui(6, UART),
    'busy:',
    a.lbu(14, 5, 6),
    a.andi(14, 14, 0x20),
    a.to('busy', (offset) => a.beq(14, 0, offset)),
    a.sb(5, 0, 6),
    a.jalr(0, 0, 1),
  ];
}

export const powerOff = (): Item[] => [a.li(5, TEST_DEVICE), a.li(6, 0x5555), a.sw(6, 0, 5), 'wait:', a.j('wait')];
