import { readElfFile } from '../../../../debug-adapter/engine/symbols/elf/elfFile.ts';
import type { SeededRandom } from '../../../support/seededRandom.ts';

/**
 * Returns a damaged copy of an ELF file. Bytes, lengths or parts of debug sections are changed, sections are swapped or
 * truncated, or the end of the file is missing. Most of the file is still readable.
 */
export function damagedElf(original: Uint8Array, random: SeededRandom): Uint8Array {
  const bytes = new Uint8Array(original);
  for (let changes = random.chance(0.6) ? 1 : 1 + random.below(6); changes > 0; changes--)
    random.pick(random.chance(0.75) ? CONTENTS : HEADERS)(bytes, random);
  return random.chance(0.03) ? bytes.subarray(0, random.below(bytes.length)) : bytes;
}

type Damage = (bytes: Uint8Array, random: SeededRandom) => void;

/** Functions that damage the contents of debug sections and symbol tables. */
const CONTENTS: readonly Damage[] = [
  // Flips bits, and sets bytes to special values.
  (bytes, random) => {
    for (let flips = 1 + random.below(random.chance(0.5) ? 3 : 40); flips > 0; flips--) {
      const section = sectionOf(bytes, random);
      const at = random.below(section.length);
      section[at] = random.chance(0.5) ? section[at] ^ (1 << random.below(8)) : random.pick([0, 0x7f, 0x80, 0xff, at]);
    }
  },
  // Changes a length, offset or count of 2, 4 or 8 bytes.
  (bytes, random) => {
    const section = sectionOf(bytes, random);
    const width = random.pick([2, 4, 8]);
    if (section.length < width) return;
    const at = random.chance(0.3) ? 0 : random.below(section.length - width + 1);
    const value = random.pick([0, 1, 11, section.length, 0x7fffffff, 0xfffffff0, 0xffffffff, random.uint32()]);
    for (let i = 0; i < width; i++) section[at + i] = i < 4 ? value >>> (8 * i) : random.pick([0, 0xff]);
  },
  // Copies a part of a section over another part, so that well-formed entries are in the wrong place.
  (bytes, random) => {
    const section = sectionOf(bytes, random);
    const from = random.below(section.length);
    section.copyWithin(random.below(section.length), from, from + 1 + random.below(200));
  },
  // Writes a run of equal bytes. In a LEB128 number, 0x80 and 0xff mean that further bytes follow.
  (bytes, random) => {
    const section = sectionOf(bytes, random);
    const at = random.below(section.length);
    section.fill(random.pick([0, 0x80, 0xff]), at, at + 1 + random.below(100));
  },
];

const SHOFF = 40;
const SHNUM = 60;
const HEADER_BYTES = 64;
/** Offsets within a section header: type, flags, address, offset, size, link, info, entry size. */
const HEADER_FIELDS = [4, 8, 16, 24, 32, 40, 44, 56];

/** Functions that damage the headers. */
const HEADERS: readonly Damage[] = [
  // Swaps the contents of two sections.
  (bytes, random) => {
    const [one, other] = [headerOf(bytes, random), headerOf(bytes, random)];
    const kept = one.slice(24, 40);
    one.set(other.subarray(24, 40), 24);
    other.set(kept, 24);
  },
  // Truncates a section.
  (bytes, random) => {
    const view = viewOf(headerOf(bytes, random));
    view.setBigUint64(32, BigInt(random.below(Number(view.getBigUint64(32, true) & 0xffffffn) + 1)), true);
  },
  // Changes a field of a section header.
  (bytes, random) => {
    const view = viewOf(headerOf(bytes, random));
    const field = random.pick(HEADER_FIELDS);
    if (random.chance(0.5)) view.setUint32(field, random.pick([0, 1, 0x7fffffff, 0xffffffff, random.uint32()]), true);
    else view.setUint8(field + random.below(4), random.below(256));
  },
  // Changes any byte of the file's header or of a section header.
  (bytes, random) => {
    const header = random.chance(0.3) ? bytes.subarray(0, HEADER_BYTES) : headerOf(bytes, random);
    header[random.below(header.length)] = random.below(256);
  },
];

/** Returns the contents of a random section that symbols are read from. */
function sectionOf(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  try {
    const sections = readElfFile(bytes, 'damaged.elf').sections.filter(
      ({ name, bytes: own }) => /debug|eh_frame|tab/.test(name) && own.length > 0,
    );
    return random.pick(sections).bytes;
  } catch {
    // An earlier change damaged the headers.
    return bytes;
  }
}

function headerOf(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const view = viewOf(bytes);
  const start = Number(view.getBigUint64(SHOFF, true)) + random.below(view.getUint16(SHNUM, true)) * HEADER_BYTES;
  const header = bytes.subarray(start, start + HEADER_BYTES);
  return header.length === HEADER_BYTES ? header : bytes.subarray(0, HEADER_BYTES);
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
