import type { Position } from '../base/quantities.ts';
import type { BlockCompletion, BlockRequest } from '../block/blockRequest.ts';

/**
 * One entry of a recording's log. Entries are in the order in which the events occurred, so positions never decrease.
 *
 * The position of an entry is the number of steps before it. For example, an event at position 7 is delivered as the
 * eighth step, a request at position 7 is made by the eighth step, and a digest at position 7 describes the state
 * after exactly 7 steps. A log whose last entry is at position 7 is therefore sufficient to reach position 7.
 */
export type LogEntry =
  | { kind: 'consoleInput'; position: Position; byte: number }
  | { kind: 'clockJump'; position: Position; nanoseconds: number }
  /** Memory and register writes by the debugger at the live end. */
  | { kind: 'memoryWrite'; position: Position; address: number; bytes: Uint8Array }
  | { kind: 'registerWrite'; position: Position; register: number; value: bigint }
  /** The host's answers to a device that requests data in the step at that position. */
  | { kind: 'hostTime'; position: Position; milliseconds: number }
  | { kind: 'entropy'; position: Position; bytes: Uint8Array }
  /**
   * The answer to a semihosting call: the length of a file, bytes from a file, bytes typed on the console, or an error.
   */
  | { kind: 'hostFile'; position: Position; error: number; lengthBytes: number; bytes: Uint8Array }
  | ({ kind: 'blockRequest' } & BlockRequest)
  | ({ kind: 'blockCompletion' } & BlockCompletion)
  | DigestEntry
  /** A named snapshot was taken at this position. */
  | { kind: 'snapshot'; position: Position; name: string }
  /**
   * No further external event occurred before this position, so a replay can run to it. This entry is written at each
   * flush.
   */
  | { kind: 'reached'; position: Position }
  | EndEntry;

/** The kind of a log entry. The command line accepts and prints these names. */
export type LogEntryKind = LogEntry['kind'];

/** The kinds of events that `Inputs.takeEvent` returns. */
export const INPUT_KINDS = ['consoleInput', 'clockJump', 'memoryWrite', 'registerWrite'] as const;

/** The kinds of answers that `Inputs.hostTime`, `Inputs.entropy` and `Inputs.queryHostFile` return. */
export const ANSWER_KINDS = ['hostTime', 'entropy', 'hostFile'] as const;

export type AnswerEntry = Extract<LogEntry, { kind: (typeof ANSWER_KINDS)[number] }>;
export type InputEntry = Extract<LogEntry, { kind: (typeof INPUT_KINDS)[number] }>;
export type BlockEntry = Extract<LogEntry, { kind: 'blockRequest' | 'blockCompletion' }>;

/** The digests of all parts of the machine's state, so that a mismatch identifies the part that differs. */
export interface DigestEntry {
  kind: 'digest';
  position: Position;
  parts: DigestPart[];
}

export interface DigestPart {
  /** The name of the part, such as `RAM`, `hart0`, `virtio0` or `drive hd0`. */
  name: string;
  /** The 64-bit digest of the part. */
  value: bigint;
}

/** The last entry of a recording that was closed properly. */
export interface EndEntry {
  kind: 'end';
  position: Position;
  /** Why the machine stopped: one of the session's stop reasons, such as `powerOff`. */
  reason: string;
  /** The guest's exit code, if it reported one. */
  guestExit?: number;
}

/** The code of each kind in the file. The codes are part of the format, so new kinds may only be appended. */
export const KIND_CODES: Readonly<Record<LogEntryKind, number>> = {
  consoleInput: 1,
  clockJump: 2,
  blockRequest: 3,
  blockCompletion: 4,
  digest: 5,
  snapshot: 6,
  reached: 7,
  end: 8,
  memoryWrite: 9,
  registerWrite: 10,
  hostTime: 11,
  entropy: 12,
  hostFile: 13,
};

/** All kinds of log entries. */
export const LOG_ENTRY_KINDS = Object.keys(KIND_CODES) as readonly LogEntryKind[];

/**
 * Encodes a set of kinds as bits. Each events chunk contains the set of kinds that occur in it, so that a search can
 * skip a chunk without reading its entries.
 */
export function kindMask(kinds: readonly LogEntryKind[]): number {
  return kinds.reduce((mask, kind) => mask | (1 << (KIND_CODES[kind] - 1)), 0);
}
