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
  /** An event that a device received on its input port. */
  | { kind: 'input'; position: Position; port: number; payload: Uint8Array }
  | { kind: 'clockJump'; position: Position; nanoseconds: number }
  /** Memory and register writes by the debugger at the live end. */
  | { kind: 'memoryWrite'; position: Position; address: number; bytes: Uint8Array }
  | { kind: 'registerWrite'; position: Position; register: number; value: bigint }
  /** The host's answer to a query that a device made through its input port in the step at this position. */
  | { kind: 'answer'; position: Position; port: number; payload: Uint8Array }
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

/**
 * The kind of a log entry in the file. For a port's entries, users see a more specific name, such as `consoleInput`
 * (see `portEntries.ts`).
 */
export type LogEntryKind = LogEntry['kind'];

/** The kinds of events that `Inputs.takeEvent` returns. */
export const EVENT_KINDS = ['input', 'clockJump', 'memoryWrite', 'registerWrite'] as const;

export type EventEntry = Extract<LogEntry, { kind: (typeof EVENT_KINDS)[number] }>;
export type AnswerEntry = Extract<LogEntry, { kind: 'answer' }>;
export type PortEntry = Extract<LogEntry, { kind: 'input' | 'answer' }>;
export type BlockEntry = Extract<LogEntry, { kind: 'blockRequest' | 'blockCompletion' }>;

export const isPortEntry = (entry: LogEntry): entry is PortEntry => entry.kind === 'input' || entry.kind === 'answer';

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
  /** Why the recording ended: one of the session's end reasons, such as `powerOff`. */
  reason: string;
  /** The guest's exit code, if it reported one. */
  guestExit?: number;
}
