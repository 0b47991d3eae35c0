import {
  type Code,
  type Local,
  block,
  brIf,
  i32,
  i64,
  label,
  nothing,
  sequence,
  set,
  when,
} from '../../../base/wasm/code.ts';
import { slot32 } from '../coreContext.ts';
import { CODE_LINE_BYTES, CODE_LINES, RAM, TAG_HAS_CODE, TAG_WATCHED, WATCHED_WORDS, WRITE_TLB } from '../layout.ts';

/**
 * The accesses that a region makes in place. `untagged`: only those to pages without tag bits in the TLB. `besideCode`:
 * also writes to lines without code in pages that contain code. `besideWatched`: also accesses outside the watched
 * range, in pages without code. `amongWatched`: all accesses that affect neither code nor watched bytes, and writes
 * that change nothing. `amongWatched` needs much more code than the others.
 */
export type InPlaceAccesses = 'untagged' | 'besideCode' | 'besideWatched' | 'amongWatched';

/** An access of `lengthBytes` bytes at an address in the WebAssembly memory, through a read or write TLB. */
export interface TaggedAccess {
  at: Code;
  lengthBytes: number;
  table: number;
  /** Whether the access is at most 8 bytes long and naturally aligned. */
  isAligned: boolean;
}

/** A value whose bit 0 is set if the line at an address contains code. The address may lie outside RAM. */
export const isCodeAt = (address: Code): Code => bitAt(CODE_LINES, address, CODE_LINE_BYTES);

/**
 * Checks an access: leaves the region if the TLB tag is that of another page, and runs `ifGuarded` if the access may
 * affect code or watched bytes. `difference` is a local for the tag bits.
 */
export function checkTagged(
  access: TaggedAccess,
  options: { tag: Code; page: Code; difference: Local; leave: Code; ifGuarded: Code },
): Code {
  const { tag, page, difference, leave, ifGuarded } = options;
  return sequence(
    set(difference, i64.xor(tag, page)),
    when(
      hasBits(difference, ~TAG_WATCHED),
      when(hasBits(difference, ~(TAG_HAS_CODE | TAG_WATCHED)), leave),
      access.table === WRITE_TLB ? when(isCodeIn(access), ifGuarded) : nothing,
    ),
    when(isNearWatched(access), ifGuarded),
  );
}

/** Leaves the region if the TLB tag is that of another page. Stores the tag bits in `difference`. */
export function checkPage(options: { tag: Code; page: Code; difference: Local; leave: Code }): Code {
  const { tag, page, difference, leave } = options;
  return sequence(set(difference, i64.xor(tag, page)), when(hasBits(difference, ~(TAG_HAS_CODE | TAG_WATCHED)), leave));
}

/** After `checkPage`: leaves the region if a write of at most 8 bytes affects code or watched bytes. */
export function leaveIfAnyAffected(access: TaggedAccess, options: { difference: Local; leave: Code }): Code {
  const { difference, leave } = options;
  return when(i32.or(hasBits(difference, TAG_HAS_CODE), isNearWatched(access)), when(affectsGuarded(access), leave));
}

/**
 * Leaves the region unless the TLB contains the page of the access, the page contains no code, and the access is
 * outside the watched range.
 */
export function checkBesideWatched(
  access: TaggedAccess,
  options: { tag: Code; page: Code; leave: Code; crossesPage?: Code },
): Code {
  const { tag, page, leave, crossesPage } = options;
  const difference = i64.and(i64.xor(tag, page), i64.const(~TAG_WATCHED));
  const isOther = i64.ne(difference, i64.const(0));
  return sequence(
    when(crossesPage ? i32.or(isOther, crossesPage) : isOther, leave),
    when(isNearWatched(access), leave),
  );
}

/**
 * Leaves the region if the access affects code or watched bytes, unless it changes nothing and no watchpoint reports
 * every access.
 */
export function leaveIfAffected(access: TaggedAccess, { changes, leave }: { changes: Code; leave: Code }): Code {
  const done = label();
  const check = label();
  return block(
    done,
    block(check, brIf(check, changes), brIf(done, i32.eqz(slot32('ACCESSES_WATCHED')))),
    when(affectsGuarded(access), leave),
  );
}

/**
 * Whether an access of at most 8 bytes that may affect code or watched bytes actually does so. For code lines, checking
 * the bits at both ends of the access is sufficient. For watched words, an 8-byte access needs one more check, because
 * it may include a word that contains neither end.
 */
function affectsGuarded({ at, lengthBytes, table, isAligned }: TaggedAccess): Code {
  const last = i32.add(at, i32.const(lengthBytes - 1));
  const ends = isAligned || lengthBytes === 1 ? [at] : [at, last];
  const words = lengthBytes === 8 ? [...ends, i32.add(at, i32.const(4))] : ends;
  const bits = [
    ...words.map((address) => bitAt(WATCHED_WORDS, address, 4)),
    ...(table === WRITE_TLB ? ends.map(isCodeAt) : []),
  ];
  return bits.reduce((any, bit) => i32.or(any, bit));
}

/**
 * Whether an access overlaps the range from the first to the last watched double word. The range consists of whole
 * double words, so an aligned access needs only its address.
 */
function isNearWatched({ at, lengthBytes, isAligned }: TaggedAccess): Code {
  const more = isAligned ? 0 : lengthBytes - 1;
  const plus = (value: Code): Code => (more === 0 ? value : i32.add(value, i32.const(more)));
  return i32.ltU(i32.sub(plus(at), slot32('WATCHED_START')), plus(slot32('WATCHED_BYTES')));
}

/**
 * Whether a range of at most 256 bytes includes a line with code. For an unaligned range, one additional line is
 * checked.
 */
function isCodeIn({ at, lengthBytes, isAligned }: TaggedAccess): Code {
  if (isAligned) return isCodeAt(at);
  const lines = Math.ceil(lengthBytes / CODE_LINE_BYTES) + 1;
  const first = i32.shrU(i32.sub(at, i32.const(RAM)), i32.const(Math.log2(CODE_LINE_BYTES)));
  const bits = i32.shrU(i32.load(i32.shrU(first, i32.const(3)), CODE_LINES), i32.and(first, i32.const(7)));
  return i32.and(bits, i32.const(2 ** lines - 1));
}

const hasBits = (value: Local, bits: number): Code => i64.ne(i64.and(value.get, i64.const(bits)), i64.const(0));

function bitAt(bitmap: number, address: Code, unitBytes: number): Code {
  const index = i32.shrU(i32.sub(address, i32.const(RAM)), i32.const(Math.log2(unitBytes)));
  return i32.and(i32.shrU(i32.load(i32.shl(i32.shrU(index, i32.const(5)), i32.const(2)), bitmap), index), i32.const(1));
}
