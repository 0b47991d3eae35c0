import type { CompositeType, MemberPointerType } from '../types/type.ts';
import { isComposite, sizeOf, stripTypedefs } from '../types/typeTraits.ts';
import { fromBytes } from '../littleEndian.ts';

/**
 * A C++ pointer to a member as gdb prints it (print_member_ptr_to_var, gnuv3_print_method_ptr). `addressText` formats
 * the address of a function.
 */
export function memberPointerText(
  bytes: Uint8Array,
  type: MemberPointerType,
  addressText: (address: bigint) => string,
): string {
  const container = stripTypedefs(type.container());
  const first = fromBytes(bytes.subarray(0, 8));
  if (stripTypedefs(type.target()).kind !== 'function') return dataText(container, BigInt.asIntN(64, first));
  // Itanium C++ ABI, section 2.3: bit 0 marks an offset in the virtual table.
  const isVirtual = (first & 1n) === 1n;
  const adjustment = BigInt.asIntN(64, fromBytes(bytes.subarray(8, 16)));
  if (first === 0n) return 'NULL';
  const index = Number(first >> 3n);
  const method =
    isVirtual && isComposite(container) ? virtualMethod(container, index, Number(adjustment), 0) : undefined;
  if (method !== undefined) return `&virtual ${method}`;
  const text = isVirtual ? `&virtual table offset ${first ^ 1n}` : addressText(first);
  return adjustment === 0n ? text : `${text}, this adjustment ${adjustment}`;
}

function dataText(container: ReturnType<typeof stripTypedefs>, offset: bigint): string {
  if (offset === -1n) return 'NULL';
  const name = isComposite(container) ? memberAt(container, Number(offset), 0) : undefined;
  return name === undefined ? `${offset}` : `&${name}`;
}

function memberAt(type: CompositeType, offset: number, depth: number): string | undefined {
  const own = type.members().find((each) => each.staticKey === undefined && each.offsetBytes === offset);
  if (own) return `${type.name}::${own.name}`;
  const base = baseAt(type, offset);
  return base && depth < DEPTH_MAX ? memberAt(base.type, offset - base.offsetBytes, depth + 1) : undefined;
}

function virtualMethod(type: CompositeType, index: number, adjustment: number, depth: number): string | undefined {
  const own = adjustment === 0 ? type.virtualMethods().find((each) => each.index === index) : undefined;
  if (own) return own.name;
  const base = baseAt(type, adjustment);
  if (!base || depth >= DEPTH_MAX) return undefined;
  return virtualMethod(base.type, index, adjustment - base.offsetBytes, depth + 1);
}

function baseAt(type: CompositeType, offset: number): { type: CompositeType; offsetBytes: number } | undefined {
  for (const { type: typeOf, offsetBytes, virtualKey } of type.bases()) {
    const base = stripTypedefs(typeOf());
    const isInside = offset >= offsetBytes && offset < offsetBytes + sizeOf(base);
    if (virtualKey === undefined && isInside && isComposite(base)) return { type: base, offsetBytes };
  }
  return undefined;
}

const DEPTH_MAX = 20;
