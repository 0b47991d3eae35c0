import { quoted } from './shown.ts';
import { badInput } from './userError.ts';

/** What a user can be told about drives, overlays and snapshots when a session starts. */

export const backingChainTooLong = (image: string, most: number) =>
  badInput(
    'backing-chain-too-long',
    `${image} stands on more than ${most} backing files: the chain is a loop, or flatten it with "qemu-img convert".`,
  );

export const backingNameRefused = (image: string, backing: string) =>
  badInput(
    'backing-name-refused',
    `${image} has ${quoted(backing)} as its backing file, which is not a file's name: rebase it onto a file with "qemu-img rebase -u".`,
  );

export const backingMissing = (image: string, backing: string) =>
  badInput(
    'backing-missing',
    `${image} names ${backing} as its backing file, which is not there; put it back, or say where it is now with ` +
      '"overlay rebase --name-only".',
  );

export const backingOutside = (image: string, backing: string) =>
  badInput(
    'backing-outside',
    `${image} names ${backing} as its backing file, which is neither beside it, nor in the workspace or current folder, ` +
      `nor named by you: if you trust the image, say --allow with that file or its folder, or start above both.`,
  );

export const backingFormatMissing = (image: string, format: string | undefined) =>
  badInput(
    'backing-format-missing',
    `${image} has a backing file of ${format ? `format ${quoted(format)}` : 'no stated format'}: say raw or qcow2 with "qemu-img rebase -u -F".`,
  );

export const overlayExists = (overlay: string) =>
  badInput(
    'overlay-exists',
    `${overlay} exists and would be overwritten: name another overlay, or say --overwrite to replace it.`,
  );

export const recordingExists = (rrfile: string) =>
  badInput(
    'recording-exists',
    `${rrfile} exists and would be overwritten: name another rrfile, or say --overwrite to replace it.`,
  );

export const overlayMissing = (overlay: string, rrfile: string) =>
  badInput(
    'overlay-missing',
    `${overlay}, the overlay that ${rrfile} was recorded with, does not exist: put it back, or record again.`,
  );

export const overlayIsImage = (overlay: string) =>
  badInput(
    'overlay-is-image',
    `${overlay} is named both as an overlay and as another file of this session: give the overlay a name of its own.`,
  );

export const recordingIsInput = (file: string) =>
  badInput(
    'recording-is-input',
    `${file} would be written as the recording, and this session reads it: give the recording a name of its own.`,
  );

export const snapshotForeign = (overlay: string, snapshot: string, why: string) =>
  badInput(
    'snapshot-foreign',
    `snapshot ${quoted(snapshot)} in ${overlay} is not one of this machine (${why}): name the overlay that was recorded with it.`,
  );

export const snapshotNotInOverlay = (missing: { overlay: string; snapshot: string; known: string[] }) =>
  badInput(
    'snapshot-not-in-overlay',
    `${missing.overlay} has no snapshot ${quoted(missing.snapshot)} to start from (it has ${listed(missing.known)}): name one of these as rrsnapshot, or record again.`,
  );

export const snapshotBeyondEnd = (found: {
  overlay: string;
  snapshot: string;
  position: number;
  rrfile: string;
  end: number;
}) =>
  badInput(
    'snapshot-beyond-end',
    `snapshot "${found.snapshot}" in ${found.overlay} is at position ${found.position}, but ${found.rrfile} ends at ` +
      `${found.end}, so nothing replays from it: start from another snapshot, and delete this one with "snapshot delete".`,
  );

export const overlayOfOtherSize = (overlay: string, image: string) =>
  badInput(
    'overlay-other-size',
    `${overlay} is not as long as ${image} under it: it belongs to another image, so name the right one or record again.`,
  );

export const overlayGiven = (differs: { drive: string; recorded: string; given: string }) =>
  badInput(
    'overlay-differs',
    `drive ${differs.drive} was recorded with ${differs.recorded} and is given with ${differs.given}: replay takes the same options as record.`,
  );

const listed = (names: string[]): string => (names.length ? names.map((name) => `${quoted(name)}`).join(', ') : 'none');
