import type { Position } from '../base/quantities.ts';
import type { BlockCompletion, BlockRequest } from '../block/blockRequest.ts';

/**
 * One entry of a recording's log. Entries are in the order of the events, so positions never decrease. An entry's
 * position is the number of steps before the step that it belongs to: an event at position 7 is delivered as the
 * eighth step, a request at 7 was made by that step, and a digest at 7 describes the state after exactly 7 steps,
 * before the eighth. A log whose last entry is at 7 is therefore sufficient to reach position 7.
 */
export type LogEntry =
  | { kind: 'consoleInput'; position: Position; byte: number }
  | { kind: 'clockJump'; position: Position; nanoseconds: number }
  /** Writes by the debugger at the live end. */
  | { kind: 'memoryWrite'; position: Position; address: number; bytes: Uint8Array }
  | { kind: 'registerWrite'; position: Position; register: number; value: bigint }
  /** Answers to a device's question in the step at that position. */
  | { kind: 'hostTime'; position: Position; milliseconds: number }
  | { kind: 'entropy'; position: Position; bytes: Uint8Array }
  /** A file's length, bytes of a file or bytes typed on the console; or an error. */
  | { kind: 'hostFile'; position: Position; error: number; lengthBytes: number; bytes: Uint8Array }
  | ({ kind: 'blockRequest' } & BlockRequest)
  | ({ kind: 'blockCompletion' } & BlockCompletion)
  | DigestEntry
  /** A named snapshot was taken here. */
  | { kind: 'snapshot'; position: Position; name: string }
  /** No other external event occurred up to here, so a replay can go this far. Written at each flush. */
  | { kind: 'reached'; position: Position }
  | EndEntry;

/** A kind of log entry; also the names that the command line accepts and prints. */
export type LogEntryKind = LogEntry['kind'];

/** The events that `Inputs.take` returns. */
export const INPUT_KINDS = ['consoleInput', 'clockJump', 'memoryWrite', 'registerWrite'] as const;

/** The answers that `Inputs.hostTime`, `Inputs.entropy` and `Inputs.hostFile` return. */
export const ANSWER_KINDS = ['hostTime', 'entropy', 'hostFile'] as const;

export type AnswerEntry = Extract<LogEntry, { kind: (typeof ANSWER_KINDS)[number] }>;
export type InputEntry = Extract<LogEntry, { kind: (typeof INPUT_KINDS)[number] }>;
export type BlockEntry = Extract<LogEntry, { kind: 'blockRequest' | 'blockCompletion' }>;

/** The digest of the state in parts, so that a difference identifies the device. */
export interface DigestEntry {
  kind: 'digest';
  position: Position;
  parts: DigestPart[];
}

export interface DigestPart {
  /** Such as `RAM`, `hart0`, `virtio0` or `drive hd0`. */
  name: string;
  /** The digest, 64 bits. */
  value: bigint;
}

/** Marks a recording that was closed properly. */
export interface EndEntry {
  kind: 'end';
  position: Position;
  /** Why the machine stopped, in the session's terms, such as `powerOff`. */
  reason: string;
  /** The guest's exit code, if it reported one. */
  guestExit?: number;
}

/** The codes of the kinds in the file. Part of the format: append only. */
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

/** A set of kinds as bits. Each events chunk contains the set of its kinds, so that a search can skip chunks unread. */
export function kindMask(kinds: readonly LogEntryKind[]): number {
  return kinds.reduce((mask, kind) => mask | (1 << (KIND_CODES[kind] - 1)), 0);
}
