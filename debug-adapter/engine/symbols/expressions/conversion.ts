import { stripTypedefs, isFloat, sizeOf } from '../types/typeTraits.ts';
import { floatBytes } from '../values/floats.ts';
import { toBytes } from '../littleEndian.ts';
import { convertNumber, type TypedNumber } from './arithmetic.ts';

/** Encodes a number as it is stored in guest memory; undefined for types without a byte representation. */
export function bytesOfNumber(number: TypedNumber): Uint8Array | undefined {
  const { type } = number;
  const { value } = convertNumber(number, type);
  if (isFloat(type)) return floatBytes(typeof value === 'bigint' ? Number(value) : value, sizeOf(type));
  const { kind } = stripTypedefs(type);
  if (kind !== 'base' && kind !== 'enumeration' && kind !== 'pointer') return undefined;
  return typeof value === 'bigint' ? toBytes(value, sizeOf(type)) : undefined;
}
