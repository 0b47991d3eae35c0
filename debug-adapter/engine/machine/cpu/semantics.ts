import { type Code, I64, call, choose, i32, i64, select, sequence, set } from '../../base/wasm/code.ts';
import type { Frame, FunctionHandle, ModuleBuilder } from '../../base/wasm/moduleBuilder.ts';
import { addBitHelpers, BIT_MANIPULATION, type BitHelpers } from './bitManipulation.ts';
import { boxed, boxedHalf } from './floatFormat.ts';
import type { OperationName } from './operations.ts';

/** An instruction's operands, as code that produces 64-bit values: `a` is rs1, `b` is rs2, `imm` is the immediate. */
export interface Operands {
  a: Code;
  b: Code;
  imm: Code;
  helpers: ArithmeticHelpers;
}

export type Semantics = (operands: Operands) => Code;

const low = i32.wrap;
const sext = i64.extendS;
const flag = i64.extendU;

/**
 * Defines the result of each computational instruction (Volume I, chapters 2, 4 and 12), which is the new value of rd.
 * The interpreter and the translator both use this table, so their results cannot differ.
 */
export const COMPUTE: Partial<Record<OperationName, Semantics>> = {
  LI: ({ imm }) => imm,
  MV: ({ a }) => a,
  ADDI: ({ a, imm }) => i64.add(a, imm),
  SLTI: ({ a, imm }) => flag(i64.ltS(a, imm)),
  SLTIU: ({ a, imm }) => flag(i64.ltU(a, imm)),
  XORI: ({ a, imm }) => i64.xor(a, imm),
  ORI: ({ a, imm }) => i64.or(a, imm),
  ANDI: ({ a, imm }) => i64.and(a, imm),
  // WebAssembly masks shift counts to the operand's width, as RISC-V does.
  SLLI: ({ a, imm }) => i64.shl(a, imm),
  SRLI: ({ a, imm }) => i64.shrU(a, imm),
  SRAI: ({ a, imm }) => i64.shrS(a, imm),
  ADDIW: ({ a, imm }) => sext(i32.add(low(a), low(imm))),
  SLLIW: ({ a, imm }) => sext(i32.shl(low(a), low(imm))),
  SRLIW: ({ a, imm }) => sext(i32.shrU(low(a), low(imm))),
  SRAIW: ({ a, imm }) => sext(i32.shrS(low(a), low(imm))),
  ADD: ({ a, b }) => i64.add(a, b),
  SUB: ({ a, b }) => i64.sub(a, b),
  SLL: ({ a, b }) => i64.shl(a, b),
  SLT: ({ a, b }) => flag(i64.ltS(a, b)),
  SLTU: ({ a, b }) => flag(i64.ltU(a, b)),
  XOR: ({ a, b }) => i64.xor(a, b),
  SRL: ({ a, b }) => i64.shrU(a, b),
  SRA: ({ a, b }) => i64.shrS(a, b),
  OR: ({ a, b }) => i64.or(a, b),
  AND: ({ a, b }) => i64.and(a, b),
  ADDW: ({ a, b }) => sext(i32.add(low(a), low(b))),
  SUBW: ({ a, b }) => sext(i32.sub(low(a), low(b))),
  SLLW: ({ a, b }) => sext(i32.shl(low(a), low(b))),
  SRLW: ({ a, b }) => sext(i32.shrU(low(a), low(b))),
  SRAW: ({ a, b }) => sext(i32.shrS(low(a), low(b))),
  MUL: ({ a, b }) => i64.mul(a, b),
  MULW: ({ a, b }) => sext(i32.mul(low(a), low(b))),
  MULH: ({ a, b, helpers }) => call(helpers.mulh, a, b),
  MULHSU: ({ a, b, helpers }) => call(helpers.mulhsu, a, b),
  MULHU: ({ a, b, helpers }) => call(helpers.mulhu, a, b),
  DIV: ({ a, b, helpers }) => call(helpers.div, a, b),
  DIVU: ({ a, b, helpers }) => call(helpers.divu, a, b),
  REM: ({ a, b, helpers }) => call(helpers.rem, a, b),
  REMU: ({ a, b, helpers }) => call(helpers.remu, a, b),
  // For 32-bit operands extended to 64 bits, the 64-bit division gives the same result, including the edge cases.
  DIVW: ({ a, b, helpers }) => i64.extend32S(call(helpers.div, i64.extend32S(a), i64.extend32S(b))),
  REMW: ({ a, b, helpers }) => i64.extend32S(call(helpers.rem, i64.extend32S(a), i64.extend32S(b))),
  DIVUW: ({ a, b, helpers }) => i64.extend32S(call(helpers.divu, flag(low(a)), flag(low(b)))),
  REMUW: ({ a, b, helpers }) => i64.extend32S(call(helpers.remu, flag(low(a)), flag(low(b)))),
  // Zicond: the result is zero if the condition on rs2 holds, and otherwise rs1 (chapter 12.3).
  CZERO_EQZ: ({ a, b }) => select(i64.eqz(b), i64.const(0), a),
  CZERO_NEZ: ({ a, b }) => select(i64.eqz(b), a, i64.const(0)),
  ...BIT_MANIPULATION,
};

/** The branch conditions. */
export const CONDITION: Record<string, (a: Code, b: Code) => Code> = {
  BEQ: i64.eq,
  BNE: i64.ne,
  BLT: i64.ltS,
  BGE: i64.geS,
  BLTU: i64.ltU,
  BGEU: i64.geU,
};

/** The size and extension of a load or store. */
export interface MemoryOperation {
  sizeLog2: 0 | 1 | 2 | 3;
  /**
   * The kind of access that is passed to the slow path: 0-3 for unsigned or 64-bit accesses, 4-6 for sign-extended
   * loads.
   */
  kind: number;
}

export const LOADS: Partial<Record<OperationName, MemoryOperation & { load: typeof i64.load }>> = {
  LB: { sizeLog2: 0, kind: 4, load: i64.load8s },
  LH: { sizeLog2: 1, kind: 5, load: i64.load16s },
  LW: { sizeLog2: 2, kind: 6, load: i64.load32s },
  LD: { sizeLog2: 3, kind: 3, load: i64.load },
  LBU: { sizeLog2: 0, kind: 0, load: i64.load8u },
  LHU: { sizeLog2: 1, kind: 1, load: i64.load16u },
  LWU: { sizeLog2: 2, kind: 2, load: i64.load32u },
};

export const STORES: Partial<Record<OperationName, MemoryOperation & { store: typeof i64.store }>> = {
  SB: { sizeLog2: 0, kind: 0, store: i64.store8 },
  SH: { sizeLog2: 1, kind: 1, store: i64.store16 },
  SW: { sizeLog2: 2, kind: 2, store: i64.store32 },
  SD: { sizeLog2: 3, kind: 3, store: i64.store },
};

/** Floating-point loads; `fromRaw` converts the value in memory to register form. */
export const FLOAT_LOADS: Partial<
  Record<OperationName, MemoryOperation & { load: typeof i64.load; fromRaw: (value: Code) => Code }>
> = {
  FLH: { sizeLog2: 1, kind: 1, load: i64.load16u, fromRaw: boxedHalf },
  FLW: { sizeLog2: 2, kind: 2, load: i64.load32u, fromRaw: boxed },
  FLD: { sizeLog2: 3, kind: 3, load: i64.load, fromRaw: (value) => value },
};

export const FLOAT_STORES: typeof STORES = { FSH: STORES.SH, FSW: STORES.SW, FSD: STORES.SD };

export interface ArithmeticHelpers extends BitHelpers {
  mulh: FunctionHandle;
  mulhsu: FunctionHandle;
  mulhu: FunctionHandle;
  div: FunctionHandle;
  divu: FunctionHandle;
  rem: FunctionHandle;
  remu: FunctionHandle;
}

/** Adds functions (i64, i64) -> i64 for the instructions whose code is too long to generate in place. */
export function addArithmeticHelpers(builder: ModuleBuilder): ArithmeticHelpers {
  const add = (body: (frame: Frame) => Code): FunctionHandle =>
    builder.add({ parameters: [I64, I64], results: [I64] }, undefined, body);
  const mulhu = add(mulhuBody);
  const ifNegative = (value: Code, other: Code): Code => i64.and(i64.shrS(value, i64.const(63)), other);
  const zero = i64.const(0);
  const minusOne = i64.const(-1);
  const operands = (frame: Frame): [Code, Code] => [frame.parameters[0].get, frame.parameters[1].get];
  const divide = (byZero: (a: Code) => Code, otherwise: (a: Code, b: Code) => Code): FunctionHandle =>
    add((frame) => {
      const [a, b] = operands(frame);
      return choose(I64, i64.eqz(b), byZero(a), otherwise(a, b));
    });
  return {
    ...addBitHelpers(builder),
    mulhu,
    // A negative operand equals its unsigned value minus 2^64, so the other operand is subtracted from the high half.
    mulhsu: add((frame) => {
      const [a, b] = operands(frame);
      return i64.sub(call(mulhu, a, b), ifNegative(a, b));
    }),
    mulh: add((frame) => {
      const [a, b] = operands(frame);
      return i64.sub(i64.sub(call(mulhu, a, b), ifNegative(a, b)), ifNegative(b, a));
    }),
    // Division by zero gives a quotient of all ones, and the dividend as the remainder. In the overflow case, the
    // quotient is the dividend and the remainder is zero (section 12.2).
    div: divide(
      () => minusOne,
      (a, b) => choose(I64, i64.eq(b, minusOne), i64.sub(zero, a), i64.divS(a, b)),
    ),
    divu: divide(() => minusOne, i64.divU),
    // WebAssembly's rem_s returns 0 in the overflow case, whereas div_s traps.
    rem: divide((a) => a, i64.remS),
    remu: divide((a) => a, i64.remU),
  };
}

/** The high 64 bits of the unsigned product, computed from 32-bit halves. */
function mulhuBody(frame: Frame): Code {
  const [a, b] = frame.parameters;
  const middle = frame.local(I64);
  const lowHalf = (value: Code): Code => i64.and(value, i64.const(0xffffffffn));
  const highHalf = (value: Code): Code => i64.shrU(value, i64.const(32));
  return sequence(
    set(middle, i64.add(i64.mul(highHalf(a.get), lowHalf(b.get)), highHalf(i64.mul(lowHalf(a.get), lowHalf(b.get))))),
    i64.add(
      i64.add(i64.mul(highHalf(a.get), highHalf(b.get)), highHalf(middle.get)),
      highHalf(i64.add(i64.mul(lowHalf(a.get), highHalf(b.get)), lowHalf(middle.get))),
    ),
  );
}
