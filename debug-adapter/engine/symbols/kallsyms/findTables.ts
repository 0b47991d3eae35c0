/** The locations of the symbol tables within a Linux `Image`. */
export interface KallsymsTables {
  count: number;
  /** The text that each byte value in a name expands to. */
  tokens: readonly string[];
  /** `namesAt` and `offsetsAt` are the offsets of two tables in the image. */
  namesAt: number;
  offsetsAt: number;
  relativeBase: bigint;
}

/**
 * Finds the symbol tables that a Linux `Image` contains (CONFIG_KALLSYMS; format: scripts/kallsyms.c in Linux 5.x-6.x).
 * Returns undefined if the kernel lacks CONFIG_KALLSYMS or the image is not a kernel. Nothing in the image header
 * points to the tables, so they are found by their structure. Each table is verified against the next one, and no other
 * data in an image passes all these checks.
 *
 * - token table: 256 zero-terminated strings; a byte that represents itself in names has a one-character token
 * - token index: 256 16-bit offsets into the token table, which it follows
 * - markers: the 32-bit offsets of every 256th name; they precede the token table
 * - names: the length and tokens of each name; they follow the name count and precede the markers
 * - offsets: the addresses in ascending order, as 32-bit offsets from a 64-bit base; they follow the token index in
 *   Linux 6.4 and later, and precede the name count in older versions
 *
 * Linux 6.2 and 6.3 are not supported, because they have an additional table between markers and tokens.
 */
export function findKallsyms(image: Uint8Array): KallsymsTables | undefined {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  for (let digits = indexOf(image, DIGITS, 0); digits >= 0; digits = indexOf(image, DIGITS, digits + 1)) {
    const found = findTokenTable(view, image, digits);
    const names = found && findNames(view, image, found.tableAt);
    const addresses = names && findAddresses(view, { ...names, after: found.end });
    if (addresses) return { ...names, ...addresses, tokens: found.tokens };
  }
  return undefined;
}

// --- tokens ------------------------------------------------------------------------------------------------------------

const TOKENS = 256;
const INDEX_BYTES = 2 * TOKENS;
const DIGITS = Uint8Array.from([...'0123456789'].flatMap((digit) => [digit.charCodeAt(0), 0]));

function findTokenTable(view: DataView, image: Uint8Array, digits: number) {
  let tableAt = digits;
  for (let before = DIGITS[0]; before > 0; before--) tableAt = image.lastIndexOf(0, tableAt - 2) + 1;
  const tokens: string[] = [];
  const starts: number[] = [];
  let end = tableAt;
  for (; tokens.length < TOKENS; end = image.indexOf(0, end) + 1) {
    starts.push(end - tableAt);
    tokens.push(decoder.decode(image.subarray(end, image.indexOf(0, end))));
  }
  for (let at = aligned(end, 2); at < end + 2 * ALIGNMENT; at += 2) {
    const isIndex = at + INDEX_BYTES <= image.length && starts.every((s, i) => view.getUint16(at + 2 * i, true) === s);
    if (isIndex) return { tableAt, tokens, end: at + INDEX_BYTES };
  }
  return undefined;
}

// --- names -------------------------------------------------------------------------------------------------------------

const NAMES_A_MARKER = 256;
/**
 * The maximum encoded length of a name: two length bytes, then the type letter and 512 characters, with at most one
 * byte per character.
 */
const NAME_BYTES_MAX = 2 + 513;

function findNames(view: DataView, image: Uint8Array, tableAt: number) {
  const markers = markersBefore(view, tableAt & ~3);
  if (!markers) return undefined;
  const last = view.getUint32(markers.at + 4 * (markers.count - 1), true);
  const countMin = Math.max(8, markers.at - last - NAMES_A_MARKER * NAME_BYTES_MAX);
  for (let namesAt = (markers.at - last) & ~3; namesAt >= countMin; namesAt -= 4) {
    for (const countAt of [namesAt - 8, namesAt - 4]) {
      const count = view.getUint32(countAt, true);
      if (Math.ceil(count / NAMES_A_MARKER) !== markers.count) continue;
      if (fitsMarkers(view, image, { namesAt, count, markersAt: markers.at })) return { namesAt, count, countAt };
    }
  }
  return undefined;
}

/**
 * Searches backward from the last marker for the first, which is 0. One 32-bit zero of padding may follow the last
 * marker.
 */
function markersBefore(view: DataView, end: number): { at: number; count: number } | undefined {
  let at = end - 4;
  if (at >= 4 && view.getUint32(at, true) === 0) at -= 4;
  const last = at;
  for (let next = Infinity; at >= 0; at -= 4) {
    const marker = view.getUint32(at, true);
    if (marker >= next) return undefined;
    if (marker === 0) return { at, count: (last - at) / 4 + 1 };
    next = marker;
  }
  return undefined;
}

function fitsMarkers(
  view: DataView,
  image: Uint8Array,
  { namesAt, count, markersAt }: { namesAt: number; count: number; markersAt: number },
): boolean {
  let at = namesAt;
  for (let i = 0; i < count; i++) {
    const isMarked = i % NAMES_A_MARKER === 0;
    if (isMarked && view.getUint32(markersAt + (4 * i) / NAMES_A_MARKER, true) !== at - namesAt) return false;
    at = nameAt(image, at).end;
    if (at > markersAt) return false;
  }
  return markersAt - at < 2 * ALIGNMENT;
}

/**
 * The offsets of the start and end of a name's tokens. In Linux 6.1 and later, a length byte holds 7 bits of the
 * length, and bit 7 means that a second length byte follows.
 */
export function nameAt(image: Uint8Array, at: number): { start: number; end: number } {
  const short = image[at];
  const isLong = short >= 0x80;
  const start = at + (isLong ? 2 : 1);
  return { start, end: start + (isLong ? (short & 0x7f) | (image[at + 1] << 7) : short) };
}

// --- addresses ---------------------------------------------------------------------------------------------------------

function findAddresses(
  view: DataView,
  { count, countAt, after }: { count: number; countAt: number; after: number },
): { offsetsAt: number; relativeBase: bigint } | undefined {
  const behind = aligned(after, ALIGNMENT);
  const baseAfter = aligned(behind + 4 * count, ALIGNMENT);
  const baseBefore = countAt - 8;
  const before = (baseBefore - 4 * count) & ~(ALIGNMENT - 1);
  const candidates = [
    { offsetsAt: behind, baseAt: baseAfter },
    { offsetsAt: before, baseAt: baseBefore },
  ];
  const candidate = candidates.find(
    ({ offsetsAt, baseAt }) => offsetsAt >= 0 && isAscending(view, offsetsAt, baseAt, count),
  );
  return candidate && { offsetsAt: candidate.offsetsAt, relativeBase: view.getBigUint64(candidate.baseAt, true) };
}

function isAscending(view: DataView, at: number, baseAt: number, count: number): boolean {
  if (baseAt + 8 > view.byteLength) return false;
  for (let i = 1; i < count; i++) {
    if (view.getUint32(at + 4 * i, true) < view.getUint32(at + 4 * (i - 1), true)) return false;
  }
  return true;
}

const ALIGNMENT = 8;
const aligned = (at: number, to: number): number => Math.ceil(at / to) * to;

const decoder = new TextDecoder('latin1');

function indexOf(bytes: Uint8Array, pattern: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(pattern[0], from); at >= 0; at = bytes.indexOf(pattern[0], at + 1)) {
    if (pattern.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}
