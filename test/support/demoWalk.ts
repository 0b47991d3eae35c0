import assert from 'node:assert/strict';
import { readGuestError } from '../../scripts/demo/guestError.ts';
import { type Location, type Walk, walkBackAndForth, type WalkDriver } from '../../scripts/demo/walk.ts';

/**
 * The bug in the demo guest, and the walk from the reported failure back to the bug, for the tests of the debug
 * adapter, VS Code, the packaged extension and gdb. The demo itself (scripts/demo) performs the same walk without this
 * information.
 */
export const DEMO = {
  failure: 'The guest reported failure with code 1',
  field: 'store.superblock.entry_count',
  file: 'statistics.c',
  functionName: 'statistics_sample',
  /** The line `statistics->last_seen_us[level] = now_us`, where the level is one too high. */
  line: 18,
  level: '8',
  guestError: /superblock is damaged: entry_count is \d+ but 96 entries are live/,
} as const;

/** @param console the guest's output, which contains the wrong value and the correct one */
export async function walkDemo(driver: WalkDriver, console: string): Promise<Walk> {
  assert.match(console, DEMO.guestError);
  return walkBackAndForth(driver, {
    variable: DEMO.field,
    guestError: readGuestError(console),
    known: {
      location: isIn((line) => line === DEMO.line),
      // The line of `idle_ticks++` if the guest was waiting for the disk, or of `busy_ticks++` if it was not.
      // Which of the two it is depends on the host's timing.
      earlier: isIn((line) => line === 14 || line === 16),
      afterWrite: isIn((line) => line === DEMO.line + 1),
    },
  });
}

const isIn = (isLine: (line: number) => boolean) => (location: Location) =>
  location.name === DEMO.functionName && isLine(location.line);

export type { Location, Walk, WalkDriver };
export type { Culprit, Move } from '../../scripts/demo/walk.ts';
