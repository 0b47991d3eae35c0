import { MalformedData } from '../damage.ts';
import type { Type } from '../types/type.ts';
import { typeName } from '../types/typeName.ts';
import { stripTypedefs, isComplex, isReference, isSigned, sizeOf } from '../types/typeTraits.ts';
import { withBounds } from './arrayBounds.ts';
import { childCountOf, childrenOf } from './children.ts';
import { parenthesized } from './expressionText.ts';
import { formatValue } from './format.ts';
import { fromBytes } from '../littleEndian.ts';
import {
  implicitPointerIn,
  locationOf,
  OPTIMIZED_OUT,
  readPieces,
  readStorage,
  type ReadResult,
  type Storage,
} from './storage.ts';
import type { Lvalue, Value, ValueLocation } from './value.ts';
import type { SymbolAtAddress } from '../symbols.ts';
import type { Frame } from '../unwinding/frame.ts';
import { valueTexts } from '../../../messages/symbols.ts';

/** Provides custom text and children for values of some types. A method returns undefined for other types. */
export interface ValueFormatters {
  textOf(value: GuestValue): string | undefined;
  childrenOf(value: GuestValue): GuestValue[] | undefined;
}

/** The information that is needed to show a value, apart from its bytes. */
export interface ValueContext {
  frame: Frame;
  symbolAt(address: bigint): SymbolAtAddress | undefined;
  /** The type whose vtable is at an address, for a trait object in Rust. */
  concreteType(vtable: bigint): Type | undefined;
  /** The length of an array in a frame, if it is known only at run time (`ArrayType.boundsKey`). */
  arrayCount(boundsKey: number, frame: Frame): number | undefined;
  /** The address of a virtual base (`Base.virtualKey`) of the object at an address; undefined if it is unknown. */
  virtualBase(virtualKey: number, address: bigint, frame: Frame): bigint | undefined;
  /** The storage of a static member (`Member.staticKey`). */
  staticMember(staticKey: number, type: Type, frame: Frame): Storage;
  /** The storage of the variable whose entry has this key. */
  variableStorage(dieKey: number, frame: Frame): Storage;
  formatters?: ValueFormatters;
  /** Called when a type that is read on demand turns out to be damaged. */
  report(damage: MalformedData): void;
}

export interface ValueParts {
  name: string;
  type: Type;
  storage: Storage;
  /** The offset of the value within the storage. */
  offsetBytes?: number;
  /** For a bit-field: its width, and its offset from the first bit at `offsetBytes`. */
  bits?: { offset: number; width: number };
  expression?: string;
  /** Whether the value itself is shown without formatters. Formatters still apply to its members. */
  isRaw?: boolean;
  /** The text to show instead of the value. */
  fixedText?: string;
  /** For a base class: the object of the derived class that contains it. */
  derived?: GuestValue;
  /** For a group of array elements: the array, and the index of the group's first element. */
  group?: { whole: GuestValue; start: number };
  context: ValueContext;
}

/** The implementation of Value: a type, and the storage whose bytes it describes. */
export class GuestValue implements Value {
  readonly name: string;
  readonly type: Type;
  readonly expression: string | undefined;
  readonly context: ValueContext;
  readonly storage: Storage;
  readonly offsetBytes: number;
  readonly bits: { offset: number; width: number } | undefined;
  readonly derived: GuestValue | undefined;
  readonly isRaw: boolean;
  readonly fixedText: string | undefined;
  readonly group: ValueParts['group'];

  constructor(parts: ValueParts) {
    this.name = parts.name;
    this.context = parts.context;
    this.type = this.resolved(parts.type);
    this.storage = parts.storage;
    this.offsetBytes = parts.offsetBytes ?? 0;
    this.bits = parts.bits;
    this.expression = parts.expression;
    this.derived = parts.derived;
    this.isRaw = parts.isRaw ?? false;
    this.fixedText = parts.fixedText;
    this.group = parts.group;
  }

  /** The given type, with the array lengths that it has in this frame. */
  resolved(type: Type): Type {
    const { frame } = this.context;
    return this.guarded(type, () => withBounds(type, (key) => this.context.arrayCount(key, frame)));
  }

  /** The target of a reference, with the same name and expression; other values are returned unchanged. */
  get referent(): GuestValue {
    if (!this.isReference) return this;
    const { name, expression, context } = this;
    const address = this.integerHere();
    const type = this.guarded<Type>(VOID, () => targetOf(this.type));
    const storage: Storage = address === undefined ? OPTIMIZED_OUT : { kind: 'memory', address, frame: context.frame };
    return new GuestValue({ name, type, storage, expression, context, ...this.syntheticTarget });
  }

  private get isReference(): boolean {
    return this.guarded(false, () => isReference(this.type));
  }

  /** The text that a formatter creates, if there is one for the type. */
  get formattedText(): string | undefined {
    return this.isRaw ? undefined : this.context.formatters?.textOf(this);
  }

  /** The children that a formatter creates, if there is one for the type. */
  formattedChildren(): GuestValue[] | undefined {
    return this.isRaw ? undefined : this.context.formatters?.childrenOf(this);
  }

  get typeName(): string {
    return this.guarded('?', () => typeName(this.type));
  }

  get text(): string {
    return this.fixedText ?? this.guarded(valueTexts.damaged(), () => formatValue(this));
  }

  get sizeBytes(): number {
    if (this.isReference) return this.referent.sizeBytes;
    return this.guarded(0, () => sizeOf(this.type));
  }

  get location(): ValueLocation {
    if (this.isReference) return this.referent.location;
    return locationOf(this.storage, this.offsetBytes);
  }

  get lvalue(): Lvalue | undefined {
    if (this.isReference) return this.referent.lvalue;
    const { location, bits } = this;
    if (location.kind !== 'memory') return undefined;
    if (!bits) return { address: location.address, sizeBytes: this.sizeBytes, bits: undefined };
    const firstByte = Math.floor(bits.offset / 8);
    const offset = bits.offset % 8;
    const sizeBytes = Math.ceil((offset + bits.width) / 8);
    return { address: location.address + BigInt(firstByte), sizeBytes, bits: { offset, width: bits.width } };
  }

  get memoryReference(): bigint | undefined {
    if (this.isReference) return this.referent.memoryReference;
    const isPointer = this.guarded(false, () => stripTypedefs(this.type).kind === 'pointer');
    return isPointer ? this.integer() : this.lvalue?.address;
  }

  get childCount(): number {
    return this.guarded(0, () => childCountOf(this));
  }

  children(): GuestValue[] {
    return this.guarded([], () => childrenOf(this));
  }

  bytes(): Uint8Array | undefined {
    if (this.isReference) return this.referent.bytes();
    const result = this.read();
    return result.kind === 'bytes' ? result.bytes : undefined;
  }

  /** The value's bytes; for a bit-field, the bytes that contain it. */
  read(): ReadResult {
    const lengthBytes = this.bits ? Math.ceil((this.bits.offset + this.bits.width) / 8) : sizeOf(this.type);
    return this.readPart(0, lengthBytes);
  }

  readPart(offset: number, lengthBytes: number): ReadResult {
    // Reject huge reads, which result from damaged sizes. No view shows that many bytes.
    if (lengthBytes > READ_BYTES_MAX) return { kind: 'unreadable', address: this.lvalue?.address ?? 0n };
    return readStorage(this.storage, this.offsetBytes + offset, lengthBytes);
  }

  integer(): bigint | undefined {
    return this.isReference ? this.referent.integer() : this.integerHere();
  }

  /** Like `integer`, but for a reference, returns the address of its target. */
  private integerHere(): bigint | undefined {
    return this.guarded(undefined, () => this.readInteger());
  }

  private readInteger(): bigint | undefined {
    const { kind } = stripTypedefs(this.type);
    if ((kind !== 'base' && kind !== 'enumeration' && kind !== 'pointer') || isComplex(this.type)) return undefined;
    const { bits, storage } = this;
    if (bits && storage.kind === 'pieces') {
      const inPieces = readPieces(storage.pieces, this.offsetBytes * 8 + bits.offset, bits.width);
      return inPieces.kind === 'bytes' ? this.extended(fromBytes(inPieces.bytes), bits.width) : undefined;
    }
    const result = this.read();
    if (result.kind !== 'bytes') return undefined;
    const { offset, width } = this.bits ?? { offset: 0, width: sizeOf(this.type) * 8 };
    return this.extended(fromBytes(result.bytes) >> BigInt(offset), width);
  }

  private extended(value: bigint, widthBits: number): bigint {
    return isSigned(this.type) ? BigInt.asIntN(widthBits, value) : BigInt.asUintN(widthBits, value);
  }

  private guarded<T>(fallback: T, answer: () => T): T {
    try {
      return answer();
    } catch (error) {
      if (!(error instanceof MalformedData)) throw error;
      this.context.report(error);
      return fallback;
    }
  }

  /** Another value in the same frame, by default in the same storage. */
  part(parts: Omit<ValueParts, 'storage' | 'context'> & { storage?: Storage }): GuestValue {
    return new GuestValue({ storage: this.storage, ...parts, context: this.context });
  }

  /** The pointee; undefined if the pointer is unreadable. */
  pointee(): GuestValue | undefined {
    const pointer = stripTypedefs(this.type);
    if (pointer.kind !== 'pointer') return undefined;
    const { expression, context } = this;
    const parts = {
      name: `*${this.name}`,
      type: pointer.target(),
      expression: expression === undefined ? undefined : `*${parenthesized(expression)}`,
    };
    const synthetic = this.syntheticTarget;
    if (synthetic) return this.part({ ...parts, ...synthetic });
    const address = this.integer();
    return address === undefined
      ? undefined
      : this.part({ ...parts, storage: { kind: 'memory', address, frame: context.frame } });
  }

  /** The target of a pointer that exists only in the debug information (DW_OP_implicit_pointer). */
  get syntheticTarget(): { storage: Storage; offsetBytes: number } | undefined {
    const pointer = implicitPointerIn(this.storage, this.offsetBytes);
    if (!pointer) return undefined;
    const { dieKey, offsetBytes, frame } = pointer;
    return { storage: this.guarded(OPTIMIZED_OUT, () => this.context.variableStorage(dieKey, frame)), offsetBytes };
  }
}

const VOID: Type = { kind: 'void' };

function targetOf(type: Type): Type {
  const pointer = stripTypedefs(type);
  return pointer.kind === 'pointer' ? pointer.target() : VOID;
}

/** The maximum size of one read: 16 MiB. */
const READ_BYTES_MAX = 2 ** 24;
