import { isNotAPointer, isNotAStruct, memoryIsUnreadable } from '../../../messages/symbols.ts';
import { pathsTo, pathToBase } from '../types/members.ts';
import { splitName } from '../types/scopedName.ts';
import type { MemberPointerType, Type } from '../types/type.ts';
import { typeName } from '../types/typeName.ts';
import { isComposite, stripTypedefs } from '../types/typeTraits.ts';
import { fromBytes, toBytes } from '../littleEndian.ts';
import { baseOf } from '../values/parts.ts';
import type { GuestValue } from '../values/shownValue.ts';
import type { Environment } from './environment.ts';

/**
 * The value of `&Class::member`, a pointer to a data member; undefined if `name` does not specify a data member that a
 * pointer can refer to.
 */
export function memberPointerTo(
  name: string,
  environment: Environment,
): { type: MemberPointerType; bytes: Uint8Array } | undefined {
  const { scope, last } = splitName(name);
  // `&Class::member` of a static member or a function is an ordinary pointer.
  if (scope === '' || environment.variable(name) || environment.function(name)) return undefined;
  const container = environment.find(scope);
  const [path] = container && isComposite(stripTypedefs(container)) ? pathsTo(container, last) : [];
  if (!container || !path) return undefined;
  let offsetBytes = 0;
  let target: Type = container;
  for (const step of path) {
    const isFixed = step.kind === 'base' ? step.base.virtualKey === undefined : !step.member.bits;
    if (!isFixed) return undefined;
    offsetBytes += step.kind === 'base' ? step.base.offsetBytes : step.member.offsetBytes;
    target = step.kind === 'base' ? step.base.type() : step.member.type();
  }
  const type: MemberPointerType = {
    kind: 'memberPointer',
    sizeBytes: 8,
    container: () => container,
    target: () => target,
  };
  return { type, bytes: toBytes(BigInt(offsetBytes), 8) };
}

/**
 * The address and type of the member that `object.*pointer` designates (Itanium C++ ABI, section 2.3). `texts` contains
 * the source text of both expressions, for error messages.
 */
export function memberThrough(
  object: GuestValue,
  pointer: GuestValue,
  texts: { object: string; pointer: string },
): { address: bigint; type: Type } {
  const type = stripTypedefs(pointer.type);
  if (type.kind !== 'memberPointer') throw isNotAPointer(texts.pointer, typeName(pointer.type));
  const path = pathToBase(object.type, type.container());
  if (!path) throw isNotAStruct(texts.object, typeName(object.type));
  const address = path.reduce(baseOf, object).lvalue?.address;
  const bytes = pointer.bytes();
  if (address === undefined || !bytes) throw isNotAStruct(texts.object, typeName(object.type));
  const target = type.target();
  const first = fromBytes(bytes.subarray(0, 8));
  if (stripTypedefs(target).kind !== 'function') return { address: BigInt.asUintN(64, address + first), type: target };
  // If bit 0 is set, the number is 1 plus an offset in the virtual table.
  if ((first & 1n) === 0n) return { address: first, type: target };
  const adjusted = BigInt.asUintN(64, address + fromBytes(bytes.subarray(8, 16)));
  const read = (at: bigint): bigint => {
    const found = object.context.frame.view.readMemory(at, 8);
    if (!found) throw memoryIsUnreadable(at);
    return fromBytes(found);
  };
  return { address: read(BigInt.asUintN(64, read(adjusted) + first - 1n)), type: target };
}
