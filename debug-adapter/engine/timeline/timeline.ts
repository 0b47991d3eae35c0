import type { Position } from '../base/quantities.ts';
import { complete } from '../base/sliced.ts';
import type { End, Target } from '../target/target.ts';
import type { TestDeviceRequest } from '../machine/devices/testDevice.ts';
import type { OutsideEvent } from '../machine/inputs.ts';
import type { MachineStop } from '../machine/machine.ts';
import type { ConsoleOutput } from '../recording/consoleOutput.ts';
import type { TimelineFiles } from './timelineFiles.ts';
import type { Snapshots } from './timelineSnapshots.ts';

/**
 * A machine with its history, and the files that contain it. The machine either runs live (with or without recording)
 * or replays a recording. Positions are in steps. At the end, the caller must close or abandon the timeline.
 * Divergences, damaged files and host failures cause a UserError.
 */
export interface Timeline extends Target {
  /**
   * Runs to `until`, or until `wantsPause` returns true, regardless of stop points. `wantsPause` is called between
   * steps, several thousand times a second. Returns how execution ended, or undefined if the machine can continue.
   */
  advance(until: Position, wantsPause?: () => boolean): End | undefined;
  /**
   * Applies a debugger's change to the machine as a recorded step. Throws a UserError if the machine is not at its live
   * end.
   */
  inject(event: OutsideEvent): void;
  /**
   * Writes all data recorded so far to the files, so that it is not lost if the process is killed. The host calls this
   * about twice a second.
   */
  writeBack(): void;
  /**
   * Detects files that have been deleted or replaced since the session opened them, and sends one notice for each. The
   * check is cheap.
   */
  checkFiles(): void;
  /** The digest of the whole state. The first call reads the whole contents of every drive. */
  digest(): bigint;
  readonly snapshots: Snapshots;
  /**
   * The console output in the recording, from its start. Only a replay provides it, for the output of those parts of
   * the recording that the replay skips.
   */
  consoleOutput?(): Iterator<ConsoleOutput>;
  /** The session's files. Opens each base image to read its backing chain. */
  files(): TimelineFiles;
  /** Ends the session at the current position. The recording and the overlays are then complete and closed. */
  close(end: End): void;
  /**
   * Ends the session after an error. Closes all files; data that was already written is kept. Never throws, so that the
   * caller can report the error.
   */
  abandon(): void;
}

/** How execution ended; undefined if the machine can continue after this stop. */
export function endOf(stop: MachineStop): End | undefined {
  switch (stop.kind) {
    case 'reached':
    case 'paused':
    case 'breakpoint':
    case 'trap':
    case 'hit':
      return undefined;
    case 'haltedForever':
      return { reason: 'waitsForever' };
    case 'finished':
      return endOfTestDevice(stop.finish);
  }
}

function endOfTestDevice({ kind, code }: TestDeviceRequest): End {
  switch (kind) {
    case 'pass':
      return { reason: 'powerOff', guestExit: 0 };
    case 'fail':
      return { reason: 'guestFailed', guestExit: code };
    case 'reset':
      return { reason: 'reset' };
  }
}

/**
 * The reason to report for a timeline that is being closed: the guest's own reason if it has shut down, otherwise
 * `interrupted`. A live machine first returns to its live end.
 */
export function endAtLiveEnd(timeline: Timeline): End {
  const { history } = timeline;
  if (history?.isBeforeLiveEnd) complete(timeline.goTo(history.end));
  return timeline.advance(timeline.position) ?? { reason: 'interrupted' };
}
