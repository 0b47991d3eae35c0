import { quoted } from './shown.ts';
import { badInput, type UserError } from './userError.ts';

/** What a user can be told about the snapshots that they take, rename and delete in a session. */

export const snapshotNameUnusable = (name: string) =>
  badInput(
    'snapshot-name-unusable',
    `${quoted(name)} cannot name a snapshot: use 1 to 255 bytes of text without control characters.`,
  );

export const snapshotNameAutomatic = (name: string) =>
  badInput(
    'snapshot-name-automatic',
    `${quoted(name)} cannot name a snapshot of yours, for names that start with "auto-" are given by recording: use another.`,
  );

export const snapshotNameReserved = (name: string) =>
  badInput(
    'snapshot-name-reserved',
    `${quoted(name)} is the name of the snapshot that the recording starts with: use another.`,
  );

export const snapshotNameTaken = (name: string) =>
  badInput(
    'snapshot-name-taken',
    `There is a snapshot named ${quoted(name)} already: choose another name, or delete that one.`,
  );

export const snapshotUnknown = (name: string, known: readonly string[]) =>
  badInput(
    'snapshot-unknown',
    `There is no snapshot named ${quoted(name)}: ${known.length > 0 ? `there are ${listed(known)}` : 'there is none at all'}.`,
  );

export const snapshotNeeded = (name: string, change: 'delete' | 'rename') =>
  badInput(
    'snapshot-needed',
    `${quoted(name)} is the snapshot that replays start from, so it stays as it is: ${change} another one.`,
  );

export const snapshotStateLost = () =>
  badInput(
    'snapshot-nowhere-kept',
    'This recording kept no snapshots, because its overlay was temporary: record with an overlay to have some.',
  );

export const snapshotDiskLost = (drive: string) =>
  badInput(
    'snapshot-disk-not-kept',
    `Drive ${drive} was recorded with a temporary overlay, so a snapshot could not keep its disk: record with an overlay.`,
  );

/** Said while the recording goes on; `cause` is a sentence of its own. */
export const snapshotFailed = (position: number, cause: UserError) =>
  badInput(
    'snapshot-failed',
    `The automatic snapshot at position ${position} was left out; the recording continues, and keeps all events and all ` +
      `earlier snapshots. ${cause.message}`,
  );

export const snapshotStateTooLarge = (lengthBytes: number, lengthBytesMax: number) =>
  badInput(
    'snapshot-state-too-large',
    `The machine has more in flight than a snapshot can hold (${lengthBytes} bytes besides RAM, at most ${lengthBytesMax}): ` +
      'run it on, and take the snapshot when fewer disk requests wait.',
  );

const listed = (names: readonly string[]): string => {
  const some = names.slice(0, 5).map((name) => `${quoted(name)}`);
  return names.length > 5 ? `${some.join(', ')} and ${names.length - 5} more` : some.join(', ');
};
