import { listSome } from './block.ts';
import { memorySize } from './expected.ts';
import { quoted } from './shown.ts';
import { badInput, notice, remedyWith, textFor, type UserError } from './userError.ts';

/** Messages about the snapshots that users take, rename and delete in a session. */

export const snapshotNameUnusable = (name: string, bytesMax: number) =>
  badInput(
    'snapshot-name-unusable',
    { name },
    `Invalid snapshot name ${quoted(name)}: expected 1 to ${bytesMax} bytes of text without control characters.`,
  );

export const snapshotNameAutomatic = (name: string, prefix: string) =>
  badInput(
    'snapshot-name-automatic',
    { name },
    `Invalid snapshot name ${quoted(name)}: names that start with "${prefix}" are reserved for automatic snapshots.`,
    'Choose another name.',
  );

export const snapshotNameReserved = (name: string) =>
  badInput(
    'snapshot-name-reserved',
    { name },
    `Invalid snapshot name ${quoted(name)}: it is the name of the recording's first snapshot.`,
    'Choose another name.',
  );

export const snapshotNameTaken = (name: string) =>
  badInput(
    'snapshot-name-taken',
    { name },
    `A snapshot named ${quoted(name)} already exists.`,
    'Choose another name, or delete that snapshot.',
  );

export const snapshotUnknown = (name: string, known: readonly string[]) =>
  badInput(
    'snapshot-unknown',
    { name, known },
    `There is no snapshot named ${quoted(name)}.`,
    known.length > 0 ? `Existing snapshots: ${listSome(known)}.` : 'There are no snapshots.',
  );

/** For clients that identify snapshots by id, such as the extension. */
export const snapshotIdUnknown = (id: string) =>
  badInput(
    'snapshot-unknown',
    { id },
    `There is no snapshot with the id ${quoted(id)}.`,
    'It may already have been deleted.',
  );

export const snapshotNeeded = (name: string, change: 'delete' | 'rename') =>
  badInput(
    'snapshot-needed',
    { name, change },
    `Replays start from the snapshot ${quoted(name)}, so it cannot be ${change}d.`,
    change === 'rename'
      ? 'Take another snapshot with the new name.'
      : 'Delete another snapshot, or the whole recording.',
  );

export const snapshotStateLost = () =>
  badInput(
    'snapshot-nowhere-kept',
    {},
    'Snapshots cannot be saved: this recording used a temporary overlay.',
    'Record with an overlay to save snapshots.',
  );

export const snapshotDiskLost = (drive: string) =>
  badInput(
    'snapshot-disk-not-kept',
    { drive },
    `A snapshot cannot include drive ${drive}: it was recorded with a temporary overlay.`,
    'Record with an overlay to save snapshots.',
  );

/** Shown as a notice; the recording continues. */
export const snapshotFailed = (position: number, cause: UserError) =>
  badInput(
    'snapshot-failed',
    { position, cause: cause.code },
    `The automatic snapshot at position ${position} was skipped. The recording continues and keeps all events and earlier snapshots.`,
    remedyWith((frontEnd) => `Cause: ${textFor(cause, frontEnd)}`),
  );

/** Shown as a notice; the recording continues. */
export const snapshotSpaceUsedUp = (spaceBytes: number) =>
  notice(
    'snapshot-space-used-up',
    { spaceBytes },
    `The automatic snapshots have used up their disk space of ${memorySize(spaceBytes / 2 ** 20)}. From now on, every other one is deleted when necessary, so moves to distant positions take longer.`,
    { cli: 'To keep more, record with a larger --snapshot-space.', editor: 'To keep more, increase "snapshotSpace".' },
  );

export const snapshotStateTooLarge = (lengthBytes: number, lengthBytesMax: number) =>
  badInput(
    'snapshot-state-too-large',
    { lengthBytes, lengthBytesMax },
    `The machine state without RAM is too large for a snapshot: ${lengthBytes} bytes; the maximum is ${lengthBytesMax}.`,
    'Continue, and take the snapshot when fewer disk requests are pending.',
  );
