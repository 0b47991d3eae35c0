import type { StopReason } from '../engine/index.ts';
import type { StopPointTable } from './stopPointTable.ts';

/** The stop reasons that gdb supports, according to its `qSupported` packet. */
export interface StopReplyText {
  swbreak: boolean;
  hwbreak: boolean;
}

const SIGNAL_INTERRUPT = 'T02';
const SIGNAL_TRAP = 'T05';
/** gdb's thread n is hart n - 1. */
export const threadId = (thread: number): string => thread.toString(16).padStart(2, '0');

/**
 * Formats a stop reason as gdb's stop reply (gdb manual, "Stop Reply Packets"). When execution has ended, the reply is
 * not `W`, because gdb would then detach from the machine and could not run it backward. Instead, the reply reports a
 * stop at the end of the history.
 */
export function stopReply(
  reason: StopReason,
  table: StopPointTable,
  features: StopReplyText,
  { thread, registers }: { thread: number; registers: string },
): string {
  const signal = reason.kind === 'pause' ? SIGNAL_INTERRUPT : SIGNAL_TRAP;
  return `${signal}thread:${threadId(thread)};${reasonFields(reason, table, features)}${registers}`;
}

function reasonFields(reason: StopReason, table: StopPointTable, features: StopReplyText): string {
  switch (reason.kind) {
    case 'breakpoint': {
      const field = reason.ids.some((id) => table.kindOf(id) === 'software') ? 'swbreak' : 'hwbreak';
      return features[field] ? `${field}:;` : '';
    }
    case 'hit': {
      const [{ id }] = reason.hits;
      const watched = table.watched(id);
      return watched ? `${WATCH_FIELD[watched.kind]}:${watched.address.toString(16)};` : '';
    }
    case 'startOfRecording':
      return 'replaylog:begin;';
    case 'endOfRecording':
    case 'ended':
      return 'replaylog:end;';
    case 'trap':
    case 'entry':
    case 'step':
    case 'pause':
    case 'goto':
      return '';
  }
}

const WATCH_FIELD: Record<'write' | 'read' | 'access', string> = {
  write: 'watch',
  read: 'rwatch',
  access: 'awatch',
};
