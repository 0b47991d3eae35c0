import { ByteCursor, makeSection } from '../byteCursor.ts';
import { AT, TAG } from '../dwarf/constants.ts';
import type { Die } from '../dwarf/die.ts';
import type { Member, Variant, VariantPart } from './type.ts';

/**
 * Reads the variant part of a type (DWARF 5, section 5.7.10). The variants of a Rust enum are structs. If some values
 * are invalid for a member of one variant, rustc uses them as the discriminants of the other variants (a niche); the
 * variant with that member then has no discriminant value.
 */
export function readVariantPart(type: Die, memberOf: (die: Die) => Member): VariantPart | undefined {
  for (const child of type.children()) {
    if (child.tag !== TAG.variantPart) continue;
    const discriminant = child.reference(AT.discr);
    const variants: Variant[] = [];
    for (const variant of child.children()) {
      if (variant.tag === TAG.variant) variants.push(readVariant(variant, memberOf));
    }
    return { discriminant: discriminant && memberOf(discriminant), variants };
  }
  return undefined;
}

/** The variant for a value of the discriminant, whose width is `bits`; undefined if no variant has this value. */
export function findVariant({ variants }: VariantPart, value: bigint, bits: number): Variant | undefined {
  // LLVM writes the values of a signed discriminant as unsigned numbers, so only the bits are compared.
  const unsigned = (number: bigint) => BigInt.asUintN(bits, number);
  const distance = (from: bigint, to: bigint) => unsigned(to - from);
  const exact = variants.find(({ values }) =>
    values?.some(({ first, last }) => distance(first, value) <= distance(first, last)),
  );
  return exact ?? variants.find(({ values }) => values === undefined);
}

function readVariant(die: Die, memberOf: (die: Die) => Member): Variant {
  const members: Member[] = [];
  for (const child of die.children()) {
    if (child.tag === TAG.member) members.push(memberOf(child));
  }
  return { values: valuesOf(die), members };
}

function valuesOf(variant: Die): Variant['values'] {
  const list = variant.block(AT.discrList);
  if (list) return readList(list);
  const value = wideConstant(variant, AT.discrValue);
  return value === undefined ? undefined : [{ first: value, last: value }];
}

/** A discriminant list (section 5.7.10): labels and ranges. LLVM and gcc write its numbers as unsigned. */
function readList(bytes: Uint8Array): { first: bigint; last: bigint }[] {
  const cursor = new ByteCursor(makeSection('.debug_info', bytes));
  const values: { first: bigint; last: bigint }[] = [];
  while (!cursor.atEnd) {
    const isRange = cursor.u8() === DISCRIMINANT_RANGE;
    const first = cursor.ulebBig();
    values.push({ first, last: isRange ? cursor.ulebBig() : first });
  }
  return values;
}

/** The value of a constant attribute. Compilers write constants of more than 64 bits as blocks. */
export function wideConstant(die: Die, name: number): bigint | undefined {
  const block = die.block(name);
  if (!block) return die.constant(name);
  return block.length > WIDE_BYTES_MAX ? undefined : block.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** DW_DSC_range (section 7.23). */
const DISCRIMINANT_RANGE = 1;
const WIDE_BYTES_MAX = 16;
