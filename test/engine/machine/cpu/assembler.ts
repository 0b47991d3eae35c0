/**
 * A minimal assembler for test programs. Each function returns the bits of one instruction; as in the ISA, a number
 * whose low two bits are not 3 is a compressed instruction. `assemble` turns a list of instructions, labels ('name:')
 * and label references into bytes. The encodings come from the ISA manual's tables and not from decode.ts, so that the
 * two check each other.
 */
export type Register = number;
/**
 * An instruction, a label, a function that returns an instruction for its location in the program, or a list of items.
 */
export type Item = number | string | ((here: Here) => number) | CompressedReference | Item[];

/** A compressed jump or branch to a label. */
export interface CompressedReference {
  compressed: (here: Here) => number;
}

export interface Here {
  pc: bigint;
  /** The distance from this instruction to a label. */
  to(label: string): number;
}

/** The bytes of a program that starts at `origin`. */
export function assemble(items: Item[], origin = 0x8000_0000n): Uint8Array {
  return assembleWithLabels(items, origin).bytes;
}

export function assembleWithLabels(items: Item[], origin = 0x8000_0000n) {
  const flat = items.flat(Infinity as 1) as Exclude<Item, Item[]>[];
  const labels = new Map<string, number>();
  let end = 0;
  for (const item of flat) {
    if (typeof item === 'string') labels.set(item.replace(/:$/, ''), end);
    else end += lengthOf(item);
  }
  const bytes = new Uint8Array(end);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const item of flat) {
    if (typeof item === 'string') continue;
    const here: Here = { pc: origin + BigInt(at), to: (label) => find(label) - at };
    const bits = typeof item === 'number' ? item : typeof item === 'function' ? item(here) : item.compressed(here);
    if (lengthOf(item) === 2) view.setUint16(at, bits, true);
    else view.setUint32(at, bits >>> 0, true);
    at += lengthOf(item);
  }
  function find(label: string): number {
    const offset = labels.get(label);
    if (offset === undefined) throw new Error(`no label ${label}`);
    return offset;
  }
  return { bytes, addressOf: (label: string) => origin + BigInt(find(label)) };
}

function lengthOf(item: number | ((here: Here) => number) | CompressedReference): 2 | 4 {
  if (typeof item === 'number') return (item & 3) === 3 ? 4 : 2;
  return typeof item === 'function' ? 4 : 2;
}

// --- formats (Volume I, "Base Instruction Formats") --------------------------------------------------------------------

export const rType = (opcode: number, funct3: number, funct7: number, rd: number, rs1: number, rs2: number): number =>
  (opcode | (rd << 7) | (funct3 << 12) | (rs1 << 15) | (rs2 << 20) | (funct7 << 25)) >>> 0;
export const iType = (opcode: number, funct3: number, rd: number, rs1: number, immediate: number): number =>
  (opcode | (rd << 7) | (funct3 << 12) | (rs1 << 15) | ((immediate & 0xfff) << 20)) >>> 0;
export const sType = (opcode: number, funct3: number, rs1: number, rs2: number, immediate: number): number =>
  rType(opcode, funct3, (immediate >> 5) & 0x7f, immediate & 31, rs1, rs2);
export const bType = (funct3: number, rs1: number, rs2: number, offset: number): number =>
  rType(
    0x63,
    funct3,
    (((offset >> 12) & 1) << 6) | ((offset >> 5) & 0x3f),
    (offset & 0x1e) | ((offset >> 11) & 1),
    rs1,
    rs2,
  );
export const uType = (opcode: number, rd: number, upper: number): number =>
  (opcode | (rd << 7) | (upper & 0xffff_f000)) >>> 0;
const jType = (rd: number, offset: number): number =>
  (0x6f |
    (rd << 7) |
    (offset & 0xff000) |
    (((offset >> 11) & 1) << 20) |
    (((offset >> 1) & 0x3ff) << 21) |
    (((offset >> 20) & 1) << 31)) >>>
  0;

// --- instructions ------------------------------------------------------------------------------------------------------

type Two = (rd: Register, rs1: Register) => number;
type Three = (rd: Register, rs1: Register, rs2: Register) => number;
type WithImmediate = (rd: Register, rs1: Register, immediate: number) => number;
type Branch = (rs1: Register, rs2: Register, offset: number) => number;
/** Operands are in the manual's order: load rd, offset(rs1); store rs2, offset(rs1). */
type Load = (rd: Register, offset: number, rs1: Register) => number;

const register =
  (opcode: number, funct3: number, funct7: number): Three =>
  (rd, rs1, rs2) =>
    rType(opcode, funct3, funct7, rd, rs1, rs2);
const immediate =
  (opcode: number, funct3: number): WithImmediate =>
  (rd, rs1, value) =>
    iType(opcode, funct3, rd, rs1, value);
const shift =
  (opcode: number, funct3: number, funct7: number): WithImmediate =>
  (rd, rs1, amount) =>
    iType(opcode, funct3, rd, rs1, (funct7 << 5) | amount);
const branch =
  (funct3: number): Branch =>
  (rs1, rs2, offset) =>
    bType(funct3, rs1, rs2, offset);
const load =
  (funct3: number): Load =>
  (rd, offset, rs1) =>
    iType(0x03, funct3, rd, rs1, offset);
const store =
  (funct3: number): Load =>
  (rs2, offset, rs1) =>
    sType(0x23, funct3, rs1, rs2, offset);
/** The operands are rd, rs2, (rs1); the lowest bits of funct7 are aq and rl. */
const atomic =
  (funct5: number, funct3: number): Three =>
  (rd, rs2, rs1) =>
    rType(0x2f, funct3, funct5 << 2, rd, rs1, rs2);

export const REGISTER_OPERATIONS = {
  add: register(0x33, 0, 0x00),
  sub: register(0x33, 0, 0x20),
  sll: register(0x33, 1, 0x00),
  slt: register(0x33, 2, 0x00),
  sltu: register(0x33, 3, 0x00),
  xor: register(0x33, 4, 0x00),
  srl: register(0x33, 5, 0x00),
  sra: register(0x33, 5, 0x20),
  or: register(0x33, 6, 0x00),
  and: register(0x33, 7, 0x00),
  addw: register(0x3b, 0, 0x00),
  subw: register(0x3b, 0, 0x20),
  sllw: register(0x3b, 1, 0x00),
  srlw: register(0x3b, 5, 0x00),
  sraw: register(0x3b, 5, 0x20),
  mul: register(0x33, 0, 0x01),
  mulh: register(0x33, 1, 0x01),
  mulhsu: register(0x33, 2, 0x01),
  mulhu: register(0x33, 3, 0x01),
  div: register(0x33, 4, 0x01),
  divu: register(0x33, 5, 0x01),
  rem: register(0x33, 6, 0x01),
  remu: register(0x33, 7, 0x01),
  mulw: register(0x3b, 0, 0x01),
  divw: register(0x3b, 4, 0x01),
  divuw: register(0x3b, 5, 0x01),
  remw: register(0x3b, 6, 0x01),
  remuw: register(0x3b, 7, 0x01),
  'add.uw': register(0x3b, 0, 0x04),
  sh1add: register(0x33, 2, 0x10),
  sh2add: register(0x33, 4, 0x10),
  sh3add: register(0x33, 6, 0x10),
  'sh1add.uw': register(0x3b, 2, 0x10),
  'sh2add.uw': register(0x3b, 4, 0x10),
  'sh3add.uw': register(0x3b, 6, 0x10),
  andn: register(0x33, 7, 0x20),
  orn: register(0x33, 6, 0x20),
  xnor: register(0x33, 4, 0x20),
  min: register(0x33, 4, 0x05),
  minu: register(0x33, 5, 0x05),
  max: register(0x33, 6, 0x05),
  maxu: register(0x33, 7, 0x05),
  rol: register(0x33, 1, 0x30),
  rolw: register(0x3b, 1, 0x30),
  ror: register(0x33, 5, 0x30),
  rorw: register(0x3b, 5, 0x30),
  bclr: register(0x33, 1, 0x24),
  bext: register(0x33, 5, 0x24),
  binv: register(0x33, 1, 0x34),
  bset: register(0x33, 1, 0x14),
  clmul: register(0x33, 1, 0x05),
  clmulr: register(0x33, 2, 0x05),
  clmulh: register(0x33, 3, 0x05),
  'czero.eqz': register(0x33, 5, 0x07),
  'czero.nez': register(0x33, 7, 0x07),
};

const unary =
  (opcode: number, funct3: number, upper: number): Two =>
  (rd, rs1) =>
    iType(opcode, funct3, rd, rs1, upper);

/** Instructions with one source operand; the upper 12 bits select the operation. */
export const UNARY_OPERATIONS = {
  clz: unary(0x13, 1, 0x600),
  clzw: unary(0x1b, 1, 0x600),
  ctz: unary(0x13, 1, 0x601),
  ctzw: unary(0x1b, 1, 0x601),
  cpop: unary(0x13, 1, 0x602),
  cpopw: unary(0x1b, 1, 0x602),
  'sext.b': unary(0x13, 1, 0x604),
  'sext.h': unary(0x13, 1, 0x605),
  'zext.h': unary(0x3b, 4, 0x080),
  'orc.b': unary(0x13, 5, 0x287),
  rev8: unary(0x13, 5, 0x6b8),
};

export const IMMEDIATE_OPERATIONS = {
  addi: immediate(0x13, 0),
  slti: immediate(0x13, 2),
  sltiu: immediate(0x13, 3),
  xori: immediate(0x13, 4),
  ori: immediate(0x13, 6),
  andi: immediate(0x13, 7),
  addiw: immediate(0x1b, 0),
};

export const SHIFT_OPERATIONS = {
  slli: shift(0x13, 1, 0x00),
  srli: shift(0x13, 5, 0x00),
  srai: shift(0x13, 5, 0x20),
  slliw: shift(0x1b, 1, 0x00),
  srliw: shift(0x1b, 5, 0x00),
  sraiw: shift(0x1b, 5, 0x20),
  rori: shift(0x13, 5, 0x30),
  roriw: shift(0x1b, 5, 0x30),
  'slli.uw': shift(0x1b, 1, 0x04),
  bclri: shift(0x13, 1, 0x24),
  bexti: shift(0x13, 5, 0x24),
  binvi: shift(0x13, 1, 0x34),
  bseti: shift(0x13, 1, 0x14),
};

/** The number of possible shift amounts for a 32-bit or 64-bit shift. */
export const shiftLimit = (name: string): number => (name.endsWith('iw') ? 32 : 64);

export const BRANCHES = {
  beq: branch(0),
  bne: branch(1),
  blt: branch(4),
  bge: branch(5),
  bltu: branch(6),
  bgeu: branch(7),
};

export const LOADS = {
  lb: load(0),
  lh: load(1),
  lw: load(2),
  ld: load(3),
  lbu: load(4),
  lhu: load(5),
  lwu: load(6),
};

export const STORES = { sb: store(0), sh: store(1), sw: store(2), sd: store(3) };

const bothWidths = (funct5: number) => [atomic(funct5, 2), atomic(funct5, 3)] as const;
const [lrW, lrD] = bothWidths(2);
const [scW, scD] = bothWidths(3);
export const ATOMICS = Object.fromEntries(
  Object.entries({ add: 0, swap: 1, xor: 4, or: 8, and: 12, min: 16, max: 20, minu: 24, maxu: 28 }).flatMap(
    ([name, funct5]) => bothWidths(funct5).map((encode, wide) => [`amo${name}.${'wd'[wide]}`, encode]),
  ),
) as Record<string, Three>;

/** The operands are rd, csr, rs1; the immediate forms have a number from 0 to 31 in the rs1 field. */
const csr = (funct3: number) => (rd: Register, number: number, rs1: number) => iType(0x73, funct3, rd, rs1, number);

const cacheBlock = (number: number) => (rs1: Register) => iType(0x0f, 2, 0, rs1, number);

export const a = {
  ...REGISTER_OPERATIONS,
  ...UNARY_OPERATIONS,
  ...IMMEDIATE_OPERATIONS,
  ...SHIFT_OPERATIONS,
  ...BRANCHES,
  ...LOADS,
  ...STORES,
  lui: (rd: Register, upper: number) => uType(0x37, rd, upper),
  auipc: (rd: Register, upper: number) => uType(0x17, rd, upper),
  jal: jType,
  jalr: (rd: Register, offset: number, rs1: Register) => iType(0x67, 0, rd, rs1, offset),
  lrW: (rd: Register, rs1: Register) => lrW(rd, 0, rs1),
  lrD: (rd: Register, rs1: Register) => lrD(rd, 0, rs1),
  scW,
  scD,
  amoaddW: ATOMICS['amoadd.w'],
  amoaddD: ATOMICS['amoadd.d'],
  csrrw: csr(1),
  csrrs: csr(2),
  csrrc: csr(3),
  csrrwi: csr(5),
  csrrsi: csr(6),
  csrrci: csr(7),
  csrw: (number: number, rs1: Register) => csr(1)(0, number, rs1),
  csrr: (rd: Register, number: number) => csr(2)(rd, number, 0),
  nop: 0x13,
  fence: 0x0ff0000f,
  fenceI: 0x100f,
  ecall: 0x73,
  ebreak: 0x100073,
  sret: 0x10200073,
  mret: 0x30200073,
  wfi: 0x10500073,
  wrsNto: 0x00d00073,
  wrsSto: 0x01d00073,
  sfenceVma: 0x12000073,
  sinvalVma: 0x16000073,
  sfenceWInval: 0x18000073,
  sfenceInvalIr: 0x18100073,
  cboInval: cacheBlock(0),
  cboClean: cacheBlock(1),
  cboFlush: cacheBlock(2),
  cboZero: cacheBlock(4),
  j: (label: string) => (here: Here) => jType(0, here.to(label)),
  /** A branch to a label: `a.to('loop', (offset) => a.bne(1, 2, offset))`. */
  to: (label: string, encode: (offset: number) => number) => (here: Here) => encode(here.to(label)),
  /** Loads the address of a label that is up to 2 GiB away. */
  la: (rd: Register, label: string): Item[] => [
    (here) => uType(0x17, rd, here.to(label) + 0x800),
    // Adds the lower 12 bits of the offset, which is relative to the auipc 4 bytes before this instruction.
    (here) => iType(0x13, 0, rd, rd, (here.to(label) + 4) & 0xfff),
  ],
  li: loadConstant,
  cNop: 0x0001,
  cEbreak: 0x9002,
  cLi: (rd: Register, value: number) => 0x4001 | (((value >> 5) & 1) << 12) | (rd << 7) | ((value & 31) << 2),
  cAddi: (rd: Register, value: number) => 0x0001 | (((value >> 5) & 1) << 12) | (rd << 7) | ((value & 31) << 2),
};

/** Loads any 64-bit constant. */
export function loadConstant(rd: Register, value: bigint | number): number[] {
  const wanted = BigInt.asIntN(64, BigInt(value));
  const low = BigInt.asIntN(12, wanted);
  if (wanted === low) return [iType(0x13, 0, rd, 0, Number(low))];
  if (wanted === BigInt.asIntN(32, wanted)) {
    const upper = uType(0x37, rd, Number(BigInt.asIntN(32, wanted - low)));
    return [upper, iType(0x1b, 0, rd, rd, Number(low))];
  }
  return [...loadConstant(rd, (wanted - low) >> 12n), a.slli(rd, rd, 12), iType(0x13, 0, rd, rd, Number(low))];
}

export const CSR = {
  fflags: 0x001,
  frm: 0x002,
  fcsr: 0x003,
  sstatus: 0x100,
  sie: 0x104,
  stvec: 0x105,
  scounteren: 0x106,
  senvcfg: 0x10a,
  sscratch: 0x140,
  sepc: 0x141,
  scause: 0x142,
  stval: 0x143,
  sip: 0x144,
  stimecmp: 0x14d,
  satp: 0x180,
  mstatus: 0x300,
  misa: 0x301,
  medeleg: 0x302,
  mideleg: 0x303,
  mie: 0x304,
  mtvec: 0x305,
  mcounteren: 0x306,
  menvcfg: 0x30a,
  mscratch: 0x340,
  mepc: 0x341,
  mcause: 0x342,
  mtval: 0x343,
  mip: 0x344,
  pmpcfg0: 0x3a0,
  pmpaddr0: 0x3b0,
  mcycle: 0xb00,
  minstret: 0xb02,
  cycle: 0xc00,
  time: 0xc01,
  instret: 0xc02,
} as const;
