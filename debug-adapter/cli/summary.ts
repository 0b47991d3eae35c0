import type { End, EndReason, Position } from '../engine/index.ts';
import { jsonLine } from '../engine/errors/shown.ts';

/** The summary at the end of a run: one JSON object for programs, or one sentence for users. */
export interface Summary {
  command: 'run' | 'record' | 'replay';
  end: End;
  position: Position;
  instructions: number;
  seconds: number;
  /** 16 hexadecimal digits. Only computed for JSON, because this reads every drive in full. */
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

const PAST: Record<Summary['command'], string> = { run: 'Ran', record: 'Recorded', replay: 'Replayed' };

export function summaryText(summary: Summary): string {
  const { command, end, position, seconds, snapshots } = summary;
  const kept = command === 'record' && snapshots.length > 0 ? `, ${snapshots.length} snapshots` : '';
  return `${PAST[command]} to position ${position} in ${seconds.toFixed(2)} s${kept}: ${REASON[end.reason](end)}.\n`;
}

const REASON: Record<EndReason, (end: End) => string> = {
  powerOff: () => 'the guest powered off',
  guestFailed: ({ guestExit }) => `the guest reported failure, code ${guestExit}`,
  reset: () => 'the guest asked for a reset, and --no-reboot ends the run there',
  waitsForever: () => 'the guest waits for an interrupt that cannot come',
  stopAt: () => 'this is where --stop-at says to stop',
  endOfRecording: () => 'the recording ends here',
  interrupted: () => 'interrupted',
};
