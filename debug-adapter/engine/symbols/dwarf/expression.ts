import { ByteCursor, makeSection } from '../byteCursor.ts';
import { MalformedData } from '../damage.ts';
import {
  binary,
  bitsOf,
  convert,
  isBinary,
  isUnary,
  reinterpret,
  toGeneric,
  unary,
  type StackType,
  type StackValue,
} from './arithmetic.ts';
import { fromBytes } from '../littleEndian.ts';
import { AT } from './constants.ts';
import type { Unit } from './info.ts';
import { symbolDamage } from '../../../messages/symbolDamage.ts';

/** The location of a variable: the result of evaluating a location description (DWARF 5, section 2.6). */
export type Location =
  | { kind: 'memory'; address: bigint }
  | { kind: 'register'; register: number }
  /** The value itself, either computed or constant. */
  | { kind: 'value'; value: bigint }
  | { kind: 'bytes'; bytes: Uint8Array }
  | { kind: 'pieces'; pieces: LocationPiece[] }
  /**
   * A pointer to a variable that is not in memory: the key of the variable's entry, and the offset within the variable.
   */
  | { kind: 'implicitPointer'; dieKey: number; offsetBytes: number }
  | { kind: 'unavailable' };

export interface LocationPiece {
  sizeBits: number;
  /** Offset of the piece within `location`. */
  offsetBits: number;
  location: Location;
}

/** The inputs for evaluating an expression. */
export interface ExpressionContext {
  register(dwarfNumber: number): bigint | undefined;
  readMemory(address: bigint, lengthBytes: number): Uint8Array | undefined;
  cfa(): bigint | undefined;
  /** The value of the function's DW_AT_frame_base. */
  frameBase(): bigint | undefined;
  /** The value that a register had on entry to the function. */
  entryValue(register: number): bigint | undefined;
  /** The unit that contains the expression's entry; undefined for call frame information. */
  unit: Unit | undefined;
  bias: bigint;
}

/**
 * Evaluates a DWARF expression or location description (DWARF 5, sections 2.5 and 2.6), such as a variable's location
 * or a CFA. If the frame cannot supply an input (the value of a register, now or on entry to the function, or the
 * contents of memory), the result is `unavailable`, never a wrong value.
 */
export function evaluateLocation(expression: Uint8Array, context: ExpressionContext, initial: bigint[] = []): Location {
  try {
    return new ExpressionMachine(expression, context, initial).location();
  } catch (error) {
    if (error instanceof Unavailable) return { kind: 'unavailable' };
    throw error;
  }
}

/** Evaluates an expression that computes a number: a CFA, a frame base or a member's offset. */
export function evaluateNumber(
  expression: Uint8Array,
  context: ExpressionContext,
  initial: bigint[] = [],
): bigint | undefined {
  const location = evaluateLocation(expression, context, initial);
  if (location.kind === 'memory') return location.address;
  if (location.kind === 'value') return location.value;
  if (location.kind === 'bytes' && location.bytes.length <= 16) return fromBytes(location.bytes);
  return location.kind === 'register' ? context.register(location.register) : undefined;
}

/**
 * For an expression that names a register: the register's number, and the offset of its value's base type (0 for the
 * generic type). Undefined for other expressions.
 */
export function registerOf(expression: Uint8Array): { number: number; typeOffset: number } | undefined {
  const c = new ByteCursor(makeSection('a location', expression));
  if (c.atEnd) return undefined;
  const op = c.u8();
  const isTyped = op === OP.regvalType || op === OP.gnuRegvalType;
  const isDirect = op >= OP.reg0 && op < OP.breg0;
  if (!isDirect && !isTyped && op !== OP.regx) return undefined;
  const number = isDirect ? op - OP.reg0 : c.uleb();
  const typeOffset = isTyped ? c.uleb() : 0;
  return c.atEnd ? { number, typeOffset } : undefined;
}

class Unavailable extends Error {}

/**
 * The maximum number of operations. DW_OP_skip can jump backward, so an expression may loop, but only a damaged file
 * contains an endless loop.
 */
const STEPS_MAX = 10_000;
const STACK_MAX = 256;

class ExpressionMachine {
  private readonly c: ByteCursor;
  private readonly context: ExpressionContext;
  private readonly stack: StackValue[];
  private readonly pieces: LocationPiece[] = [];
  /** Set by an operation that completes a location description. */
  private result: Location | undefined;

  constructor(expression: Uint8Array, context: ExpressionContext, initial: bigint[]) {
    this.c = new ByteCursor(makeSection('a location', expression));
    this.context = context;
    this.stack = initial.map((value) => ({ value, type: undefined }));
  }

  location(): Location {
    // DWARF 5, section 2.6.1.1.4: an empty description means that the object has no location.
    if (this.c.atEnd) return { kind: 'unavailable' };
    for (let steps = 0; !this.c.atEnd; steps++) {
      if (steps > STEPS_MAX || this.stack.length > STACK_MAX)
        throw new MalformedData('a location', symbolDamage.endless());
      this.step(this.c.u8());
    }
    if (this.pieces.length > 0) return { kind: 'pieces', pieces: this.pieces };
    return this.takeLocation();
  }

  /** Returns the location described so far and resets the state for the next piece. */
  private takeLocation(): Location {
    const result = this.result;
    this.result = undefined;
    return result ?? { kind: 'memory', address: toGeneric(this.pop()) };
  }

  private push(value: bigint, type?: StackType): void {
    this.stack.push({ value: type ? value : BigInt.asUintN(64, value), type });
  }

  private pop(): StackValue {
    const value = this.stack.pop();
    if (value === undefined) throw new MalformedData('a location', symbolDamage.stackEmpty());
    return value;
  }

  private register(number: number): bigint {
    return this.require(this.context.register(number));
  }

  private require<T>(value: T | undefined): T {
    if (value === undefined) throw new Unavailable();
    return value;
  }

  private step(op: number): void {
    if (op >= OP.lit0 && op < OP.reg0) this.push(BigInt(op - OP.lit0));
    else if (op >= OP.reg0 && op < OP.breg0) this.result = { kind: 'register', register: op - OP.reg0 };
    else if (op >= OP.breg0 && op < OP.regx) this.push(this.register(op - OP.breg0) + this.c.slebBig());
    else if (isUnary(op)) this.stack.push(unary(op, this.pop(), () => this.c.ulebBig()));
    else if (isBinary(op)) {
      const right = this.pop();
      this.stack.push(binary(op, this.pop(), right));
    } else if (
      !this.constant(op) &&
      !this.stackOperation(op) &&
      !this.frameOperation(op) &&
      !this.typed(op) &&
      !this.describe(op)
    ) {
      // Not supported: calls to other entries and thread-local storage.
      throw new Unavailable();
    }
  }

  private constant(op: number): boolean {
    const c = this.c;
    if (op === OP.addr) this.push(c.u64() + this.context.bias);
    else if (op === OP.addrx || op === OP.constx || op === OP.gnuAddrIndex) {
      this.push(this.require(this.context.unit).addressOfIndex(c.uleb()));
    } else if (op === OP.const1u) this.push(BigInt(c.u8()));
    else if (op === OP.const1s) this.push(BigInt(c.i8()));
    else if (op === OP.const2u) this.push(BigInt(c.u16()));
    else if (op === OP.const2s) this.push(BigInt(c.i16()));
    else if (op === OP.const4u) this.push(BigInt(c.u32()));
    else if (op === OP.const4s) this.push(BigInt(c.i32()));
    else if (op === OP.const8u || op === OP.const8s) this.push(c.u64());
    else if (op === OP.constu) this.push(c.ulebBig());
    else if (op === OP.consts) this.push(c.slebBig());
    else return false;
    return true;
  }

  private stackOperation(op: number): boolean {
    const stack = this.stack;
    const at = (depth: number) => this.require(stack[stack.length - 1 - depth]);
    if (op === OP.dup) stack.push(at(0));
    else if (op === OP.drop) this.pop();
    else if (op === OP.over) stack.push(at(1));
    else if (op === OP.pick) stack.push(at(this.c.u8()));
    else if (op === OP.swap) stack.push(...[this.pop(), this.pop()]);
    else if (op === OP.rot) {
      const [top, second, third] = [this.pop(), this.pop(), this.pop()];
      stack.push(top, third, second);
    } else if (op === OP.skip) this.jump(this.c.i16());
    else if (op === OP.bra) {
      const distance = this.c.i16();
      if (this.pop().value !== 0n) this.jump(distance);
    } else if (op !== OP.nop && op !== OP.gnuUninit) return false;
    return true;
  }

  private jump(distance: number): void {
    const target = this.c.at + distance;
    if (target < 0 || target > this.c.end) throw new MalformedData('a location', symbolDamage.jumpOutside());
    this.c.at = target;
  }

  /** Executes operations that read the frame's registers or memory. */
  private frameOperation(op: number): boolean {
    const c = this.c;
    if (op === OP.fbreg) this.push(this.require(this.context.frameBase()) + c.slebBig());
    else if (op === OP.bregx) this.push(this.register(c.uleb()) + c.slebBig());
    else if (op === OP.entryValue || op === OP.gnuEntryValue) {
      const expression = c.block(c.uleb());
      const { number, typeOffset } = this.require(registerOf(expression));
      const value = this.require(this.context.entryValue(number));
      this.stack.push(reinterpret(value, this.type(typeOffset)));
    } else if (op === OP.callFrameCfa) this.push(this.require(this.context.cfa()));
    else if (op === OP.deref) this.push(this.load(8));
    else if (op === OP.derefSize) this.push(this.load(c.u8()));
    else return false;
    return true;
  }

  private load(sizeBytes: number, sizeMax = 8): bigint {
    if (sizeBytes < 1 || sizeBytes > sizeMax) throw new MalformedData('a location', symbolDamage.readSize(sizeBytes));
    const bytes = this.require(this.context.readMemory(toGeneric(this.pop()), sizeBytes));
    return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }

  /** Executes operations on values with a base type (DWARF 5, section 2.5.1.6). */
  private typed(op: number): boolean {
    const c = this.c;
    if (op === OP.convert || op === OP.gnuConvert) {
      const type = this.type(c.uleb());
      this.stack.push(convert(this.pop(), type));
    } else if (op === OP.reinterpret || op === OP.gnuReinterpret) {
      const type = this.type(c.uleb());
      this.stack.push(reinterpret(this.pop().value, type));
    } else if (op === OP.constType || op === OP.gnuConstType) {
      const type = this.type(c.uleb());
      const bytes = c.block(c.u8());
      const value = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
      this.stack.push(reinterpret(value, type));
    } else if (op === OP.regvalType || op === OP.gnuRegvalType) {
      const value = this.register(c.uleb());
      this.stack.push(reinterpret(value, this.type(c.uleb())));
    } else if (op === OP.derefType || op === OP.gnuDerefType) {
      const value = this.load(c.u8(), 16);
      this.stack.push(reinterpret(value, this.type(c.uleb())));
    } else return false;
    return true;
  }

  /** The base type at an offset in the unit; offset 0 is the generic type. */
  private type(offset: number): StackType | undefined {
    if (offset === 0) return undefined;
    const unit = this.require(this.context.unit);
    const die = this.require(unit.start + offset < unit.end ? unit.die(unit.start + offset) : undefined);
    const encoding = die.number(AT.encoding) ?? 0;
    const sizeBytes = die.size(AT.byteSize) ?? 0;
    if (encoding === FLOAT_ENCODING && FLOAT_SIZES.has(sizeBytes)) return { sizeBytes, isSigned: true, isFloat: true };
    if (!INTEGER_ENCODINGS.has(encoding) || sizeBytes < 1 || sizeBytes > 16) throw new Unavailable();
    return { sizeBytes, isSigned: SIGNED_ENCODINGS.has(encoding) };
  }

  /** Executes operations that complete a location description or a piece of a composite location description. */
  private describe(op: number): boolean {
    const c = this.c;
    if (op === OP.regx) this.result = { kind: 'register', register: c.uleb() };
    else if (op === OP.stackValue) this.result = { kind: 'value', value: bitsOf(this.pop()) };
    else if (op === OP.implicitPointer || op === OP.gnuImplicitPointer) this.result = this.implicitPointer();
    else if (op === OP.implicitValue) this.result = { kind: 'bytes', bytes: c.block(c.uleb()) };
    else if (op === OP.piece) this.piece(c.uleb() * 8, 0);
    else if (op === OP.bitPiece) this.piece(c.uleb(), c.uleb());
    else return false;
    return true;
  }

  private implicitPointer(): Location {
    const { version, is64 } = this.require(this.context.unit);
    // In DWARF 2, the reference has the size of an address.
    const dieKey = version <= 2 ? this.c.toSafeInteger(this.c.u64()) : this.c.offset(is64);
    return { kind: 'implicitPointer', dieKey, offsetBytes: this.c.sleb() };
  }

  private piece(sizeBits: number, offsetBits: number): void {
    if (sizeBits > 2 ** 32) throw new MalformedData('a location', symbolDamage.pieceTooLarge());
    // DWARF 5, section 2.6.1.2: a piece without a preceding location description is unavailable.
    const isEmpty = this.result === undefined && this.stack.length === 0;
    const location: Location = isEmpty ? { kind: 'unavailable' } : this.takeLocation();
    this.pieces.push({ sizeBits, offsetBits, location });
  }
}

const FLOAT_ENCODING = 0x04;
const FLOAT_SIZES = new Set([2, 4, 8, 16]);

/** The DW_ATE_* values of integer types: boolean, signed, signed_char, unsigned, unsigned_char, UTF. */
const INTEGER_ENCODINGS = new Set([0x02, 0x05, 0x06, 0x07, 0x08, 0x10]);
const SIGNED_ENCODINGS = new Set([0x05, 0x06]);

/** The operation codes (DWARF 5, section 7.7.1), including the GNU extensions that preceded DWARF 5. */
const OP = {
  addr: 0x03,
  deref: 0x06,
  const1u: 0x08,
  const1s: 0x09,
  const2u: 0x0a,
  const2s: 0x0b,
  const4u: 0x0c,
  const4s: 0x0d,
  const8u: 0x0e,
  const8s: 0x0f,
  constu: 0x10,
  consts: 0x11,
  dup: 0x12,
  drop: 0x13,
  over: 0x14,
  pick: 0x15,
  swap: 0x16,
  rot: 0x17,
  bra: 0x28,
  skip: 0x2f,
  lit0: 0x30,
  reg0: 0x50,
  breg0: 0x70,
  regx: 0x90,
  fbreg: 0x91,
  bregx: 0x92,
  piece: 0x93,
  derefSize: 0x94,
  nop: 0x96,
  callFrameCfa: 0x9c,
  bitPiece: 0x9d,
  implicitValue: 0x9e,
  stackValue: 0x9f,
  implicitPointer: 0xa0,
  addrx: 0xa1,
  constx: 0xa2,
  entryValue: 0xa3,
  constType: 0xa4,
  regvalType: 0xa5,
  derefType: 0xa6,
  convert: 0xa8,
  reinterpret: 0xa9,
  /** Indicates that the value is not initialized. */
  gnuUninit: 0xf0,
  gnuImplicitPointer: 0xf2,
  gnuEntryValue: 0xf3,
  gnuConstType: 0xf4,
  gnuRegvalType: 0xf5,
  gnuDerefType: 0xf6,
  gnuConvert: 0xf7,
  gnuReinterpret: 0xf9,
  gnuAddrIndex: 0xfb,
};
