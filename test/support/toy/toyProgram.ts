/** The opcodes of the instructions that only the toy machine has. */
export const DELAY = 0x0b;
export const READ_TIME = 0x2b;
export const HALT = 0x202b;

export const C_NOP = 0x0001;

type Word = number | ((offsetTo: (label: string) => number) => number);

/** One instruction or label of a toy program. */
export interface ToyLine {
  label?: string;
  /** The source line, or 0 for none. If undefined, it is the same as that of the preceding instruction. */
  line?: number;
  word?: Word;
}

/** A program and its line table. */
export interface ToyProgram {
  code: number[];
  /** The address of each label. */
  labels: Record<string, bigint>;
  /** The source line of each instruction, or 0. */
  lines: number[];
}

const BASE = 0x8000_0000n;

/** Assembles a program that begins at the start of RAM. */
export function assemble(parts: readonly (ToyLine | ToyLine[])[]): ToyProgram {
  const items = parts.flat();
  const labels: Record<string, bigint> = {};
  let next = BASE;
  for (const { label, word } of items) {
    if (label !== undefined) labels[label] = next;
    if (word !== undefined) next += 4n;
  }
  const code: number[] = [];
  const lines: number[] = [];
  let current = 0;
  for (const { line, word } of items) {
    current = line ?? current;
    if (word === undefined) continue;
    const pc = BASE + BigInt(4 * code.length);
    code.push(typeof word === 'number' ? word : word((label) => Number(labels[label] - pc)));
    lines.push(current);
  }
  return { code, labels, lines };
}

/** Assigns instructions to a source line. */
export const at = (line: number, ...instructions: ToyLine[]): ToyLine[] =>
  instructions.map((each) => ({ ...each, line }));

export const label = (name: string): ToyLine => ({ label: name });

const i = (opcode: number, rd: number, rs1: number, immediate: number): ToyLine => ({
  word: ((immediate & 0xfff) << 20) | (rs1 << 15) | (rd << 7) | opcode,
});
const s = (opcode: number, rs2: number, immediate: number, rs1: number): ToyLine => ({
  word: ((immediate & 0xfe0) << 20) | (rs2 << 20) | (rs1 << 15) | ((immediate & 31) << 7) | opcode,
});
const branch = (opcode: number, rs1: number, rs2: number, to: string): ToyLine => ({
  word: (offsetTo) => {
    const offset = offsetTo(to);
    const high = ((offset & 0x1000) << 19) | ((offset & 0x7e0) << 20);
    return high | (rs2 << 20) | (rs1 << 15) | ((offset & 0x1e) << 7) | ((offset & 0x800) >> 4) | opcode;
  },
});
const jal = (rd: number, to: string): ToyLine => ({
  word: (offsetTo) => {
    const offset = offsetTo(to);
    const high = ((offset & 0x10_0000) << 11) | ((offset & 0x7fe) << 20) | ((offset & 0x800) << 9);
    return high | (offset & 0xff000) | (rd << 7) | 0x6f;
  },
});

export const [RA, SP, A0, A1, T0] = [1, 2, 10, 11, 5];
export const addi = (rd: number, rs1: number, immediate: number): ToyLine => i(0x13, rd, rs1, immediate);
export const add = (rd: number, rs1: number, rs2: number): ToyLine => ({
  word: (rs2 << 20) | (rs1 << 15) | (rd << 7) | 0x33,
});
export const nop = addi(0, 0, 0);
export const lw = (rd: number, offset: number, rs1: number): ToyLine => i(0x2003, rd, rs1, offset);
export const ld = (rd: number, offset: number, rs1: number): ToyLine => i(0x3003, rd, rs1, offset);
export const sw = (rs2: number, offset: number, rs1: number): ToyLine => s(0x2023, rs2, offset, rs1);
export const sd = (rs2: number, offset: number, rs1: number): ToyLine => s(0x3023, rs2, offset, rs1);
export const beq = (rs1: number, rs2: number, to: string): ToyLine => branch(0x63, rs1, rs2, to);
export const bne = (rs1: number, rs2: number, to: string): ToyLine => branch(0x1063, rs1, rs2, to);
export const call = (to: string): ToyLine => jal(RA, to);
export const jump = (to: string): ToyLine => jal(0, to);
export const ret = i(0x67, 0, RA, 0);
export const ecall: ToyLine = { word: 0x73 };
export const mret: ToyLine = { word: 0x3020_0073 };
export const csrw = (csr: number, rs1: number): ToyLine => i(0x1073, 0, rs1, csr);
/** A compressed call to the address in a register, and a compressed `nop`. */
export const compressedCall = (rs1: number): ToyLine => ({ word: (C_NOP << 16) | 0x9002 | (rs1 << 7) });
/** Computes the address of label `to` from the address of label `from`, which is in register `rs1`. */
export const addressOf = (rd: number, to: string, rs1: number, from: string): ToyLine => ({
  word: (offsetTo) => Number(addi(rd, rs1, offsetTo(to) - offsetTo(from)).word),
});
/** An instruction that takes one step plus `steps` more. */
export const delay = (steps: number): ToyLine => ({ word: (steps << 12) | DELAY });
/** Reads a time from outside the machine. A recording stores this time. */
export const readTime = (rd: number): ToyLine => ({ word: (rd << 7) | READ_TIME });
export const halt: ToyLine = { word: HALT };
