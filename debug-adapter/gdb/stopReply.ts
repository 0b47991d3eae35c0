import type { StopReason } from '../engine/index.ts';
import type { StopPointTable } from './stopPointTable.ts';

/** The stop reasons that gdb supports, according to its `qSupported` packet. */
export interface StopReplyWords {
  swbreak: boolean;
  hwbreak: boolean;
}

const SIGNAL_INTERRUPT = 'T02';
const SIGNAL_TRAP = 'T05';
/** Thread n is hart n - 1. */
export const threadId = (thread: number): string => thread.toString(16).padStart(2, '0');

/**
 * Formats a stop reason as gdb's stop reply (gdb manual, "Stop Reply Packets"). When the guest has ended, the reply is
 * not `W`: gdb would then detach from the machine and could not run backwards. Instead, it reports a stop at the end of
 * the history.
 */
export function stopReply(
  reason: StopReason,
  table: StopPointTable,
  words: StopReplyWords,
  { thread, registers }: { thread: number; registers: string },
): string {
  const signal = reason.kind === 'pause' ? SIGNAL_INTERRUPT : SIGNAL_TRAP;
  return `${signal}thread:${threadId(thread)};${why(reason, table, words)}${registers}`;
}

function why(reason: StopReason, table: StopPointTable, words: StopReplyWords): string {
  switch (reason.kind) {
    case 'breakpoint': {
      const word = reason.ids.some((id) => table.kindOf(id) === 'software') ? 'swbreak' : 'hwbreak';
      return words[word] ? `${word}:;` : '';
    }
    case 'dataBreakpoint': {
      const [{ id }] = reason.hits;
      const watched = table.watched(id);
      return watched ? `${WATCH_WORD[watched.kind]}:${watched.address.toString(16)};` : '';
    }
    case 'startOfRecording':
      return 'replaylog:begin;';
    case 'endOfRecording':
    case 'ended':
      return 'replaylog:end;';
    case 'entry':
    case 'step':
    case 'pause':
    case 'goto':
      return '';
  }
}

const WATCH_WORD: Record<'write' | 'read' | 'access', string> = {
  write: 'watch',
  read: 'rwatch',
  access: 'awatch',
};
