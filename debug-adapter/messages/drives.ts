import { quoted } from './shown.ts';
import { badInput } from './userError.ts';

/** Messages about drives, overlays and snapshots when a session starts. */

export const backingChainTooLong = (image: string, most: number) =>
  badInput(
    'backing-chain-too-long',
    { image, most },
    `${image} has more than ${most} backing files, or they form a loop.`,
    'Flatten the chain with "qemu-img convert".',
  );

export const backingNameRefused = (image: string, backing: string) =>
  badInput(
    'backing-name-refused',
    { image, backing },
    `The backing file of ${image} is ${quoted(backing)}, which is not a file name.`,
    'Change it with "qemu-img rebase -u".',
  );

export const backingMissing = (image: string, backing: string) =>
  badInput(
    'backing-missing',
    { image, backing },
    `The backing file ${backing} of ${image} does not exist.`,
    'Restore it, or set its new location with "blkreplay overlay rebase --name-only".',
  );

export const backingOutside = (image: string, backing: string) =>
  badInput(
    'backing-outside',
    { image, backing },
    `The backing file ${backing} of ${image} is outside the folders that blkreplay reads.`,
    {
      cli: 'If you trust the image, pass --allow with that file or its folder.',
      editor: 'If you trust the image, move that file next to it, or set "cwd" to a folder that contains both.',
    },
  );

export const backingFormatMissing = (image: string, format: string | undefined) =>
  badInput(
    'backing-format-missing',
    { image, format },
    format
      ? `${image} has a backing file in an unknown format (${quoted(format)}).`
      : `${image} does not specify the format of its backing file.`,
    'Set the format to raw or qcow2 with "qemu-img rebase -u -F".',
  );

export const overlayExists = (overlay: string) =>
  badInput('overlay-exists', { overlay }, `${overlay} already exists and would be overwritten.`, {
    cli: 'Specify another overlay, or pass --overwrite.',
    editor: 'Specify another file, or set "overwrite" to "always".',
  });

export const recordingExists = (rrfile: string) =>
  badInput('recording-exists', { rrfile }, `${rrfile} already exists and would be overwritten.`, {
    cli: 'Specify another recording, or pass --overwrite.',
    editor: 'Specify another file, or set "overwrite" to "always".',
  });

export const overlayMissing = (overlay: string, rrfile: string) =>
  badInput(
    'overlay-missing',
    { overlay, rrfile },
    `${overlay}, the overlay of ${rrfile}, does not exist.`,
    'Restore it, or record again.',
  );

export const overlayIsImage = (overlay: string) =>
  badInput(
    'overlay-is-image',
    { overlay },
    `${overlay} is used in this session both as an overlay and for another purpose.`,
    'Give the overlay another name.',
  );

export const recordingIsInput = (file: string) =>
  badInput(
    'recording-is-input',
    { file },
    `${file} is both the recording to write and a file that this session reads.`,
    'Give the recording another name.',
  );

export const snapshotForeign = (overlay: string, snapshot: string, why: string) =>
  badInput(
    'snapshot-foreign',
    { overlay, snapshot, why },
    `The snapshot ${quoted(snapshot)} in ${overlay} does not belong to this machine: ${why}.`,
    'Use the overlay that was recorded with this machine.',
  );

/** Why a snapshot does not belong to a machine. Each string completes the problem in `snapshotForeign`. */
export const foreignReasons = {
  noState: () => 'it has no machine state saved by blkreplay',
  version: (found: string, known: number) => `its machine state has version ${found}, not ${known}`,
  memory: () => 'it has a different amount of memory',
  harts: () => 'it has a different number of harts',
  devices: () => 'it has different devices',
  drives: () => 'it has different drives',
  unreadable: (why: string) => `its machine state cannot be read: ${why}`,
};

export const snapshotNotInOverlay = (missing: { overlay: string; snapshot: string; known: string[] }) =>
  badInput(
    'snapshot-not-in-overlay',
    missing,
    `${missing.overlay} has no snapshot ${quoted(missing.snapshot)} to start from; it has ${listed(missing.known)}.`,
    {
      cli: 'Pass another name with --rrsnapshot, or record again.',
      editor: 'Set "rrsnapshot" to another name, or record again.',
    },
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
    found,
    `The snapshot "${found.snapshot}" in ${found.overlay} is at position ${found.position}, but ${found.rrfile} ends at ` +
      `${found.end}, so no replay can start from it.`,
    {
      cli: 'Start from another snapshot, and delete this one with "blkreplay snapshot delete".',
      editor: 'Set "rrsnapshot" to another snapshot.',
    },
  );

export const overlayOfOtherSize = (overlay: string, image: string) =>
  badInput(
    'overlay-other-size',
    { overlay, image },
    `${overlay} and its base image ${image} have different sizes, so the overlay belongs to another image.`,
    'Specify the correct image, or record again.',
  );

export const overlayGiven = (differs: { drive: string; recorded: string; given: string }) =>
  badInput(
    'overlay-differs',
    differs,
    `Drive ${differs.drive} was recorded with ${differs.recorded}, but this replay uses ${differs.given}.`,
    {
      cli: 'Replay with the options used for the recording.',
      editor: 'Replay with the settings used for the recording.',
    },
  );

/** How `overlayGiven` names the overlay of a drive. */
export const overlayTexts = {
  none: () => 'a temporary overlay',
  named: (file: string) => `overlay ${file}`,
};

const listed = (names: readonly string[]): string =>
  names.length > 0 ? names.map((name) => `${quoted(name)}`).join(', ') : 'none';
