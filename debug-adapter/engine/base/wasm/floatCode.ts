import { type Code, type ValueType, binary, unary } from './code.ts';

export const F32: ValueType = 0x7d;
export const F64: ValueType = 0x7c;

const prefixed =
  (byte: number) =>
  (a: Code): Code =>
  (out) => {
    a(out);
    out.u8(0xfc);
    out.u8(byte);
  };

const eightBytes = new DataView(new ArrayBuffer(8));

/**
 * WebAssembly's floating-point instructions, as functions like those in `code.ts`. Results are rounded to nearest,
 * ties to even. They are deterministic except for the bits of a NaN, so code that makes a NaN visible to the guest
 * must canonicalize it.
 */
export const f32 = {
  eq: binary(0x5b),
  lt: binary(0x5d),
  le: binary(0x5f),
  sqrt: unary(0x91),
  add: binary(0x92),
  sub: binary(0x93),
  mul: binary(0x94),
  div: binary(0x95),
  convertI32S: unary(0xb2),
  convertI32U: unary(0xb3),
  convertI64S: unary(0xb4),
  convertI64U: unary(0xb5),
  demote: unary(0xb6),
  fromBits: unary(0xbe),
  toBits: unary(0xbc),
};

export const f64 = {
  const:
    (value: number): Code =>
    (out) => {
      out.u8(0x44);
      eightBytes.setFloat64(0, value, true);
      for (let i = 0; i < 8; i++) out.u8(eightBytes.getUint8(i));
    },
  eq: binary(0x61),
  ne: binary(0x62),
  lt: binary(0x63),
  gt: binary(0x64),
  le: binary(0x65),
  ge: binary(0x66),
  abs: unary(0x99),
  neg: unary(0x9a),
  ceil: unary(0x9b),
  floor: unary(0x9c),
  trunc: unary(0x9d),
  nearest: unary(0x9e),
  sqrt: unary(0x9f),
  add: binary(0xa0),
  sub: binary(0xa1),
  mul: binary(0xa2),
  div: binary(0xa3),
  copysign: binary(0xa6),
  convertI32S: unary(0xb7),
  convertI32U: unary(0xb8),
  convertI64S: unary(0xb9),
  convertI64U: unary(0xba),
  promote: unary(0xbb),
  fromBits: unary(0xbf),
  toBits: unary(0xbd),
  /** Converts to a 64-bit integer by truncation. An out-of-range value becomes the nearest integer in range. */
  toI64S: prefixed(0x06),
  toI64U: prefixed(0x07),
};
