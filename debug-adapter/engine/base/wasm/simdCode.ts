import { type Code, type Load, type ValueType, i32 } from './code.ts';

export const V128: ValueType = 0x7b;

const PREFIX = 0xfd;

const vector =
  (opcode: number) =>
  (...operands: Code[]): Code =>
  (out) => {
    for (const operand of operands) operand(out);
    out.u8(PREFIX);
    out.u32(opcode);
  };

const load: Load =
  (address, offset = 0) =>
  (out) => {
    vector(0)(address)(out);
    out.u8(0);
    out.u32(offset);
  };

/**
 * WebAssembly's instructions for 128-bit vectors (core specification 2.0, section 5.4, "Vector Instructions"), as
 * functions like those in `code.ts`.
 */
export const v128 = {
  load,
  or: vector(0x50),
  xor: vector(0x51),
  anyTrue: vector(0x53),
  /** A constant with two 64-bit lanes, low lane first. */
  const:
    (low: bigint, high: bigint): Code =>
    (out) => {
      vector(0x0c)()(out);
      const bytes = new DataView(new ArrayBuffer(16));
      bytes.setBigUint64(0, low, true);
      bytes.setBigUint64(8, high, true);
      for (let i = 0; i < 16; i++) out.u8(bytes.getUint8(i));
    },
};

export const i32x4 = {
  /** Selects four 32-bit lanes by number: lanes 0 to 3 are those of `a`, and lanes 4 to 7 are those of `b`. */
  shuffle:
    (a: Code, b: Code, lanes: readonly [number, number, number, number]): Code =>
    (out) => {
      vector(0x0d)(a, b)(out);
      for (const lane of lanes) for (let byte = 0; byte < 4; byte++) out.u8(4 * lane + byte);
    },
};

export const i64x2 = {
  extractLane:
    (a: Code, lane: 0 | 1): Code =>
    (out) => {
      vector(0x1d)(a)(out);
      out.u8(lane);
    },
  shrU: (a: Code, bits: number): Code => vector(0xcd)(a, i32.const(bits)),
  add: vector(0xce),
  mul: vector(0xd5),
  /**
   * Multiply the two low or the two high 32-bit lanes of the operands, as unsigned integers. The products are 64-bit
   * lanes.
   */
  extmulLowU: vector(0xde),
  extmulHighU: vector(0xdf),
};
