import { isNotANumber } from '../../../messages/symbols.ts';
import type { BaseType, Type } from '../types/type.ts';
import { typeName } from '../types/typeName.ts';
import { sizeOf, stripTypedefs } from '../types/typeTraits.ts';
import { floatBytes, readFloat } from '../values/floats.ts';
import type { TypedNumber } from './arithmetic.ts';

/** A complex number with components of single or double precision. */
interface Complex {
  real: number;
  imaginary: number;
}

/** Decodes the bytes of a complex number. */
export function complexOf(bytes: Uint8Array): Complex {
  const half = bytes.length / 2;
  const [real, imaginary] = [bytes.subarray(0, half), bytes.subarray(half)].map(readFloat);
  if (typeof real !== 'number' || typeof imaginary !== 'number') throw isNotANumber('', '_Complex long double');
  return { real, imaginary };
}

/** Converts a real number to a complex number. */
export const complexFrom = ({ value }: TypedNumber): Complex => ({
  real: typeof value === 'object' ? value.toNumber() : Number(value),
  imaginary: 0,
});

/** The result type of an operation: the largest complex type among the operands. */
function complexType(types: readonly Type[]): BaseType {
  const stripped = types.map((type) => stripTypedefs(type));
  const complex = stripped.filter((type): type is BaseType => type.kind === 'base' && type.encoding === 'complex');
  const largest = complex.reduce((one, other) => (sizeOf(other) > sizeOf(one) ? other : one));
  if (largest.component?.encoding !== 'float') throw isNotANumber('', typeName(largest));
  return largest;
}

/**
 * The result of applying an operator (C17, annex G.5, without its rules for infinities); undefined if the operator is
 * not defined for complex numbers. A comparison yields a boolean.
 */
export function calculateComplex(
  operator: string,
  [a, b]: readonly Complex[],
  types: readonly Type[],
): { type: BaseType; bytes: Uint8Array } | boolean | undefined {
  const isEqual = a.real === b?.real && a.imaginary === b?.imaginary;
  if (operator === '==' || operator === '!=') return isEqual === (operator === '==');
  const result = b ? binaryResult(operator, a, b) : operator === '-' ? negative(a) : undefined;
  const type = complexType(types);
  return result && { type, bytes: complexBytes(result, type) };
}

const negative = ({ real, imaginary }: Complex): Complex => ({ real: -real, imaginary: -imaginary });

function binaryResult(operator: string, a: Complex, b: Complex): Complex | undefined {
  switch (operator) {
    case '+':
      return { real: a.real + b.real, imaginary: a.imaginary + b.imaginary };
    case '-':
      return { real: a.real - b.real, imaginary: a.imaginary - b.imaginary };
    case '*':
      return {
        real: a.real * b.real - a.imaginary * b.imaginary,
        imaginary: a.real * b.imaginary + a.imaginary * b.real,
      };
    case '/': {
      const norm = b.real * b.real + b.imaginary * b.imaginary;
      return {
        real: (a.real * b.real + a.imaginary * b.imaginary) / norm,
        imaginary: (a.imaginary * b.real - a.real * b.imaginary) / norm,
      };
    }
    default:
      return undefined;
  }
}

/** Encodes a complex number as a value of the given type. */
function complexBytes({ real, imaginary }: Complex, type: BaseType): Uint8Array {
  const half = type.sizeBytes / 2;
  const bytes = new Uint8Array(type.sizeBytes);
  bytes.set(floatBytes(real, half) ?? [], 0);
  bytes.set(floatBytes(imaginary, half) ?? [], half);
  return bytes;
}
