import type { Position } from '../base/quantities.ts';
import type { BlockCompletion, BlockRequest } from '../block/blockRequest.ts';

/**
 * One line of a recording's log. Entries stand in the order in which they happened, so their positions never fall. An
 * entry's position is the number of steps before the step that it belongs to: an event at position 7 is delivered as
 * the eighth step, a request at 7 was made by that step, and a digest at 7 describes the state after exactly 7 steps,
 * before the eighth. A log whose last entry is at 7 is therefore enough to reach position 7.
 */
export type LogEntry =
  | { kind: 'consoleInput'; position: Position; byte: number }
  | { kind: 'clockJump'; position: Position; nanoseconds: number }
  /** The debugger's own writes while the machine was live. */
  | { kind: 'memoryWrite'; position: Position; address: number; bytes: Uint8Array }
  | { kind: 'registerWrite'; position: Position; register: number; value: bigint }
  /** Answers to what a device asked in the step at that position. */
  | { kind: 'hostTime'; position: Position; milliseconds: number }
  | { kind: 'entropy'; position: Position; bytes: Uint8Array }
  /** How long a file is, a piece of it, or what was typed; or why not. */
  | { kind: 'hostFile'; position: Position; error: number; lengthBytes: number; bytes: Uint8Array }
  | ({ kind: 'blockRequest' } & BlockRequest)
  | ({ kind: 'blockCompletion' } & BlockCompletion)
  | DigestEntry
  /** A named snapshot was made here. */
  | { kind: 'snapshot'; position: Position; name: string }
  /** Nothing else came from outside up to here: replay may go this far. Written at each flush. */
  | { kind: 'reached'; position: Position }
  | EndEntry;

export type LogEntryKind = LogEntry['kind'];

/** What `Inputs.take` gives. */
export const INPUT_KINDS = ['consoleInput', 'clockJump', 'memoryWrite', 'registerWrite'] as const;

/** What `Inputs.hostTime`, `Inputs.entropy` and `Inputs.hostFile` give. */
export const ANSWER_KINDS = ['hostTime', 'entropy', 'hostFile'] as const;

export type AnswerEntry = Extract<LogEntry, { kind: (typeof ANSWER_KINDS)[number] }>;
export type InputEntry = Extract<LogEntry, { kind: (typeof INPUT_KINDS)[number] }>;
export type BlockEntry = Extract<LogEntry, { kind: 'blockRequest' | 'blockCompletion' }>;

/** The state's digest, part by part, so that a difference names the device. */
export interface DigestEntry {
  kind: 'digest';
  position: Position;
  parts: DigestPart[];
}

export interface DigestPart {
  /** Such as `RAM`, `hart0`, `virtio0` or `drive hd0`. */
  name: string;
  /** 64 bits. */
  value: bigint;
}

/** The recording was closed properly. */
export interface EndEntry {
  kind: 'end';
  position: Position;
  /** The session's word for why the machine stopped, such as `powerOff`. */
  reason: string;
  /** What the guest reported, when it reported something. */
  guestExit?: number;
}

/** Their numbers in the file. Part of the format: append only. */
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

export const LOG_ENTRY_KINDS = Object.keys(KIND_CODES) as readonly LogEntryKind[];

/** A set of kinds as bits; each events chunk says which it holds, so that a search skips the others unread. */
export function kindMask(kinds: readonly LogEntryKind[]): number {
  return kinds.reduce((mask, kind) => mask | (1 << (KIND_CODES[kind] - 1)), 0);
}
