import { CodeBuffer } from './codeBuffer.ts';

/**
 * WebAssembly instructions as TypeScript expressions. A `Code` is a function that writes instructions to a buffer.
 * Operators take the code of their operands as arguments, so `i64.add(x.get, i64.const(1))` reads like an expression
 * but directly emits postfix code, without an intermediate representation. Names and opcodes are those of the
 * WebAssembly core specification, section 5.4.
 */
export type Code = (out: CodeBuffer) => void;

export type ValueType = 0x7f | 0x7e | 0x7d | 0x7c | 0x7b;
export const I32: ValueType = 0x7f;
export const I64: ValueType = 0x7e;
const VOID = 0x40;

/** A local variable or parameter of the function being built. */
export interface Local {
  readonly index: number;
  readonly type: ValueType;
  readonly get: Code;
}

export function makeLocal(index: number, type: ValueType): Local {
  return {
    index,
    type,
    get: (out) => {
      out.u8(0x20);
      out.u32(index);
    },
  };
}

export const set =
  (local: Local, value: Code): Code =>
  (out) => {
    value(out);
    out.u8(0x21);
    out.u32(local.index);
  };

export const tee =
  (local: Local, value: Code): Code =>
  (out) => {
    value(out);
    out.u8(0x22);
    out.u32(local.index);
  };

export const sequence =
  (...parts: Code[]): Code =>
  (out) => {
    for (const part of parts) part(out);
  };

export const nothing: Code = () => {};

// --- control -------------------------------------------------------------------------------------------------------

/** A branch target: the end of a block or the start of a loop. Valid only inside that block or loop. */
export interface Label {
  depth: number;
}
export const label = (): Label => ({ depth: -1 });

const nest =
  (opcode: number, type: number, target: Label, body: Code[]): Code =>
  (out) => {
    out.u8(opcode);
    out.u8(type);
    target.depth = ++out.depth;
    for (const part of body) part(out);
    out.u8(0x0b);
    out.depth--;
  };

/** A block. A branch to `target` leaves the block. */
export const block = (target: Label, ...body: Code[]): Code => nest(0x02, VOID, target, body);
/** A loop. A branch to `target` repeats the loop. The loop ends when execution reaches the end of its body. */
export const loop = (target: Label, ...body: Code[]): Code => nest(0x03, VOID, target, body);

const conditional =
  (type: number, condition: Code, then: Code, otherwise?: Code): Code =>
  (out) => {
    condition(out);
    out.u8(0x04);
    out.u8(type);
    out.depth++;
    then(out);
    if (otherwise) {
      out.u8(0x05);
      otherwise(out);
    }
    out.u8(0x0b);
    out.depth--;
  };

export const when = (condition: Code, ...then: Code[]): Code => conditional(VOID, condition, sequence(...then));
export const ifElse = (condition: Code, then: Code, otherwise: Code): Code =>
  conditional(VOID, condition, then, otherwise);
/** An `if` that has a result. Unlike `select`, it evaluates only one of the two operands. */
export const choose = (type: ValueType, condition: Code, then: Code, otherwise: Code): Code =>
  conditional(type, condition, then, otherwise);

export const br =
  (target: Label): Code =>
  (out) => {
    out.u8(0x0c);
    out.u32(out.depth - target.depth);
  };

export const brIf =
  (target: Label, condition: Code): Code =>
  (out) => {
    condition(out);
    out.u8(0x0d);
    out.u32(out.depth - target.depth);
  };

/** Branches to `targets[index]`, or to the last target if the index is out of range. */
export const brTable =
  (index: Code, targets: Label[]): Code =>
  (out) => {
    index(out);
    out.u8(0x0e);
    out.u32(targets.length - 1);
    for (const target of targets) out.u32(out.depth - target.depth);
  };

export const ret = (value: Code = nothing): Code => sequence(value, opcode(0x0f));
export const unreachable: Code = (out) => out.u8(0x00);
export const drop = (value: Code): Code => sequence(value, opcode(0x1a));
export const select = (condition: Code, then: Code, otherwise: Code): Code =>
  sequence(then, otherwise, condition, opcode(0x1b));

export const call =
  (callee: { readonly index: number }, ...operands: Code[]): Code =>
  (out) => {
    for (const operand of operands) operand(out);
    out.u8(0x10);
    out.u32(callee.index);
  };

/** Calls a function whose index in the module's table is computed at run time. */
export const callIndirect =
  (type: { readonly index: number }, callee: Code, ...operands: Code[]): Code =>
  (out) => {
    for (const operand of operands) operand(out);
    callee(out);
    out.u8(0x11);
    out.u32(type.index);
    out.u8(0);
  };

/** Fills a range of memory with a byte, using the `memory.fill` instruction (bulk memory operations). */
export const memoryFill = (address: Code, value: Code, length: Code): Code =>
  sequence(address, value, length, (out) => {
    out.u8(0xfc);
    out.u32(11);
    out.u8(0);
  });

/** Writes sixteen zero bytes to memory, using `v128.const` and `v128.store` (fixed-width SIMD). */
export const storeZeroes16 =
  (address: Code, offset = 0): Code =>
  (out) => {
    address(out);
    out.u8(0xfd);
    out.u32(12);
    for (let i = 0; i < 16; i++) out.u8(0);
    out.u8(0xfd);
    out.u32(11);
    out.u8(0);
    out.u32(offset);
  };

// --- numbers -------------------------------------------------------------------------------------------------------

const opcode =
  (byte: number): Code =>
  (out) =>
    out.u8(byte);

export const unary =
  (byte: number) =>
  (a: Code): Code =>
  (out) => {
    a(out);
    out.u8(byte);
  };

export const binary =
  (byte: number) =>
  (a: Code, b: Code): Code =>
  (out) => {
    a(out);
    b(out);
    out.u8(byte);
  };

/**
 * All alignment hints are 0, because guest accesses can be misaligned. Hints affect only speed, and only on unusual
 * hosts.
 */
const load =
  (byte: number) =>
  (address: Code, offset = 0): Code =>
  (out) => {
    address(out);
    out.u8(byte);
    out.u8(0);
    out.u32(offset);
  };

const store =
  (byte: number) =>
  (address: Code, value: Code, offset = 0): Code =>
  (out) => {
    address(out);
    value(out);
    out.u8(byte);
    out.u8(0);
    out.u32(offset);
  };

export type BinaryOperator = (a: Code, b: Code) => Code;
export type Load = (address: Code, offset?: number) => Code;
export type Store = (address: Code, value: Code, offset?: number) => Code;

export const i32 = {
  const:
    (value: number): Code =>
    (out) => {
      out.u8(0x41);
      out.s32(value);
    },
  load: load(0x28),
  load8s: load(0x2c),
  load8u: load(0x2d),
  load16s: load(0x2e),
  load16u: load(0x2f),
  store: store(0x36),
  store8: store(0x3a),
  store16: store(0x3b),
  eqz: unary(0x45),
  eq: binary(0x46),
  ne: binary(0x47),
  ltS: binary(0x48),
  ltU: binary(0x49),
  gtS: binary(0x4a),
  gtU: binary(0x4b),
  leS: binary(0x4c),
  leU: binary(0x4d),
  geS: binary(0x4e),
  geU: binary(0x4f),
  clz: unary(0x67),
  ctz: unary(0x68),
  popcnt: unary(0x69),
  add: binary(0x6a),
  sub: binary(0x6b),
  mul: binary(0x6c),
  divS: binary(0x6d),
  divU: binary(0x6e),
  remS: binary(0x6f),
  remU: binary(0x70),
  and: binary(0x71),
  or: binary(0x72),
  xor: binary(0x73),
  shl: binary(0x74),
  shrS: binary(0x75),
  shrU: binary(0x76),
  rotl: binary(0x77),
  rotr: binary(0x78),
  /** The low half of a 64-bit value. */
  wrap: unary(0xa7),
};

export const i64 = {
  const:
    (value: number | bigint): Code =>
    (out) => {
      out.u8(0x42);
      // A small number has the same encoding as a 32-bit constant and as a 64-bit constant. Encoding it as a 32-bit
      // constant avoids BigInts.
      if (typeof value === 'number' && value === (value | 0)) out.s32(value);
      else out.s64(BigInt(value));
    },
  load: load(0x29),
  load8s: load(0x30),
  load8u: load(0x31),
  load16s: load(0x32),
  load16u: load(0x33),
  load32s: load(0x34),
  load32u: load(0x35),
  store: store(0x37),
  store8: store(0x3c),
  store16: store(0x3d),
  store32: store(0x3e),
  clz: unary(0x79),
  ctz: unary(0x7a),
  popcnt: unary(0x7b),
  eqz: unary(0x50),
  eq: binary(0x51),
  ne: binary(0x52),
  ltS: binary(0x53),
  ltU: binary(0x54),
  gtS: binary(0x55),
  gtU: binary(0x56),
  leS: binary(0x57),
  leU: binary(0x58),
  geS: binary(0x59),
  geU: binary(0x5a),
  add: binary(0x7c),
  sub: binary(0x7d),
  mul: binary(0x7e),
  divS: binary(0x7f),
  divU: binary(0x80),
  remS: binary(0x81),
  remU: binary(0x82),
  and: binary(0x83),
  or: binary(0x84),
  xor: binary(0x85),
  shl: binary(0x86),
  shrS: binary(0x87),
  shrU: binary(0x88),
  rotl: binary(0x89),
  rotr: binary(0x8a),
  extendS: unary(0xac),
  extendU: unary(0xad),
  extend8S: unary(0xc2),
  extend16S: unary(0xc3),
  extend32S: unary(0xc4),
};
