import type { End, EndReason, Position } from '../engine/index.ts';
import { jsonLine } from '../messages/shown.ts';
import { endReasons, summarySentence } from '../messages/commandOutput.ts';

/** The summary at the end of a run: one JSON object for programs, or one sentence for users. */
export interface Summary {
  command: 'run' | 'record' | 'replay';
  end: End;
  position: Position;
  instructions: number;
  seconds: number;
  /**
   * The digest of the final state, as 16 hexadecimal digits. It appears only in JSON output, because computing it
   * requires reading every drive in full.
   */
  digest: string | undefined;
  snapshots: { name: string; position: Position }[];
}

export function summaryJson({ end, position, instructions, seconds, digest, snapshots }: Summary): string {
  const line = {
    position,
    instructions,
    seconds: Number(seconds.toFixed(3)),
    mips: Number((instructions / 1e6 / Math.max(seconds, 1e-3)).toFixed(1)),
    reason: end.reason,
    digest,
    snapshots,
    guestExit: end.guestExit ?? null,
  };
  return jsonLine(line) + '\n';
}

export function summaryText(summary: Summary): string {
  const { command, end, position, seconds, snapshots } = summary;
  const snapshotCount = command === 'record' ? snapshots.length : 0;
  return summarySentence({ command, position, seconds, snapshotCount, reason: REASON[end.reason](end) });
}

const REASON: Record<EndReason, (end: End) => string> = {
  powerOff: endReasons.powerOff,
  guestFailed: ({ guestExit }) => endReasons.guestFailed(guestExit),
  reset: endReasons.reset,
  waitsForever: endReasons.haltedForever,
  stopAt: endReasons.stopAt,
  endOfRecording: endReasons.endOfRecording,
  interrupted: endReasons.interrupted,
};
