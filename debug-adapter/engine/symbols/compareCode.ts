import type { AddressRange, CodeSection, Symbols } from './symbols.ts';

/** The result of comparing the code in two files. `apart` means that they share too little code to compare. */
export type CodeComparison = { kind: 'same' } | { kind: 'different'; address: bigint } | { kind: 'apart' };

// The maximum number of section pairs to compare. A linked file has only a few code sections, so only damaged files
// exceed this limit.
const PAIRS_MAX = 1_000_000;

/**
 * Compares the code in two files, for example a kernel and its stripped copy. The files count as having the same code
 * if their bytes are equal at all shared addresses and these addresses cover most of one file's code. A file that
 * contains only debug information has no code bytes, so its build ID and section addresses are compared instead.
 */
export function compareCode(one: Symbols, other: Symbols): CodeComparison {
  if (one.code.length * other.code.length > PAIRS_MAX) return { kind: 'apart' };
  if (!hasBytes(one)) return compareLayout(one, other);
  if (!hasBytes(other)) return compareLayout(other, one);
  let common = 0;
  let difference: bigint | undefined;
  for (const a of one.code) {
    for (const b of other.code) {
      const both = overlap(bytesRange(a), bytesRange(b));
      if (!both) continue;
      common += Number(both.end - both.start);
      const found = firstDifference(a, b, both);
      if (found !== undefined && (difference === undefined || found < difference)) difference = found;
    }
  }
  if (difference !== undefined) return { kind: 'different', address: difference };
  const isMost = common > 0 && 2 * common >= Math.min(byteCount(one), byteCount(other));
  return isMost ? { kind: 'same' } : { kind: 'apart' };
}

/** Whether two files have the same bytes in all of these ranges. */
export function sameCodeIn(ranges: readonly AddressRange[], one: Symbols, other: Symbols): boolean {
  return ranges.every(({ start, end }) => {
    const [a, b] = [one.codeAround(start, 1), other.codeAround(start, 1)].map((code) => code !== undefined);
    if (!a || !b) return false;
    const lengthBytes = Number(end - start);
    const [bytes, otherBytes] = [codeBytesAt(one, start, lengthBytes), codeBytesAt(other, start, lengthBytes)];
    return bytes.length === otherBytes.length && bytes.every((byte, i) => byte === otherBytes[i]);
  });
}

/** The file's bytes starting at an address. The result is shorter than `lengthBytes` if the section ends earlier. */
export function codeBytesAt(symbols: Symbols, address: bigint, lengthBytes: number): Uint8Array {
  const around = symbols.codeAround(address, Math.max(lengthBytes, 1));
  if (!around) return new Uint8Array();
  const skipped = Number(address - around.address);
  return around.bytes.subarray(skipped, skipped + lengthBytes);
}

/**
 * Compares a file that contains only debug information with another file. They match if each section of the first file
 * lies within a section of the second file and sections that start at the same address have the same length.
 */
function compareLayout(debugOnly: Symbols, other: Symbols): CodeComparison {
  const [first] = debugOnly.code;
  if (!first) return { kind: 'apart' };
  const ids = [debugOnly.buildId, other.buildId];
  const holds = (outer: CodeSection, inner: CodeSection) =>
    outer.address <= inner.address && inner.address + inner.sizeBytes <= outer.address + outer.sizeBytes;
  const isSame = debugOnly.code.every((inner) =>
    other.code.some((outer) => {
      const sharesStart = outer.address === inner.address && outer.name === inner.name;
      return sharesStart ? outer.sizeBytes === inner.sizeBytes : holds(outer, inner);
    }),
  );
  const overlaps = other.code.some((section) =>
    debugOnly.code.some((inner) => overlap(wholeRange(section), wholeRange(inner))),
  );
  if (!overlaps) return { kind: 'apart' };
  const areOtherBuilds = ids[0] !== undefined && ids[1] !== undefined && ids[0] !== ids[1];
  return isSame && !areOtherBuilds ? { kind: 'same' } : { kind: 'different', address: first.address };
}

const hasBytes = (symbols: Symbols) => symbols.code.some(({ bytes }) => bytes.length > 0);
const byteCount = (symbols: Symbols) => symbols.code.reduce((sum, { bytes }) => sum + bytes.length, 0);
const bytesRange = ({ address, bytes }: CodeSection) => ({ start: address, end: address + BigInt(bytes.length) });
const wholeRange = ({ address, sizeBytes }: CodeSection) => ({ start: address, end: address + sizeBytes });

function overlap(a: AddressRange, b: AddressRange): AddressRange | undefined {
  const start = a.start > b.start ? a.start : b.start;
  const end = a.end < b.end ? a.end : b.end;
  return start < end ? { start, end } : undefined;
}

/** Compares eight bytes at a time, so that comparing the 11 MB of a Linux kernel takes only a few milliseconds. */
function firstDifference(a: CodeSection, b: CodeSection, { start, end }: AddressRange): bigint | undefined {
  const [inA, inB, count] = [start - a.address, start - b.address, end - start].map(Number);
  const [viewA, viewB] = [viewOf(a.bytes), viewOf(b.bytes)];
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    if (viewA.getInt32(inA + i, true) !== viewB.getInt32(inB + i, true)) break;
    if (viewA.getInt32(inA + i + 4, true) !== viewB.getInt32(inB + i + 4, true)) break;
  }
  for (; i < count; i++) if (a.bytes[inA + i] !== b.bytes[inB + i]) return start + BigInt(i);
  return undefined;
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array) => new DataView(buffer, byteOffset, byteLength);
