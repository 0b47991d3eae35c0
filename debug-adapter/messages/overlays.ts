import { counted, quoted } from './shown.ts';
import { badInput, type Fields } from './userError.ts';

/** Messages about operations on overlays, snapshots and packed recordings outside a session. */

/** `consequence` is one or more whole sentences. */
const confirmationNeeded = (fields: Fields, consequence: string) =>
  badInput('confirmation-needed', fields, consequence, {
    cli: 'Pass --yes to proceed.',
    editor: 'Confirm to proceed.',
  });

export type OverlayChange = 'commit' | 'discard' | 'rebase';

const CHANGES: Record<OverlayChange, string> = {
  commit: 'Committing the overlay changes its base image and deletes these snapshots',
  discard: 'Discarding the data in the overlay deletes these snapshots',
  rebase: 'Rebasing the overlay onto a base image with different content deletes these snapshots',
};

export const endsReplays = (file: string, change: OverlayChange) =>
  confirmationNeeded(
    { file, change },
    `${file} contains the snapshots that replays of a recording start from. ${CHANGES[change]}, so the recording can no longer be replayed.`,
  );

export const losesSnapshots = (file: string, change: OverlayChange) =>
  confirmationNeeded({ file, change }, `${file} contains snapshots. ${CHANGES[change]}.`);

export const losesDisk = (files: string, snapshot: string) =>
  confirmationNeeded(
    { files, snapshot },
    `Applying ${quoted(snapshot)} replaces the current disk content of ${files}, which is not saved in any snapshot. ` +
      'The recording can still be replayed.',
  );

export const losesFirstSnapshot = (file: string, snapshot: string, change: 'delete' | 'rename') =>
  confirmationNeeded(
    { file, snapshot, change },
    `Replays of ${file} start from the snapshot ${quoted(snapshot)} and are no longer possible once it is ${change}d.`,
  );

export const overlayHasNoBase = (overlay: string, change: 'commit' | 'discard') =>
  badInput(
    'overlay-no-base',
    { overlay, change },
    `${overlay} has no base image, so its data cannot be ${change === 'commit' ? 'committed' : 'discarded'}.`,
    'Specify an overlay.',
  );

export const baseTooShort = ({ base, overlay, lengthBytes }: { base: string; overlay: string; lengthBytes: number }) =>
  badInput(
    'base-too-short',
    { base, overlay, lengthBytes },
    `${overlay} cannot be committed: its base image ${base} is smaller.`,
    `Resize the base image to ${lengthBytes} bytes with "qemu-img resize" first.`,
  );

export const rebaseOntoItself = (overlay: string, base: string) =>
  badInput(
    'rebase-onto-itself',
    { overlay, base },
    `${base} cannot be the base image of ${overlay}: it is the same file or is based on it.`,
    'Specify another image.',
  );

export const overlayDamaged = (overlay: string, { corruptions, first }: { corruptions: number; first: string }) =>
  badInput(
    'overlay-damaged',
    { overlay, corruptions, first },
    corruptions === 1
      ? `${overlay} has 1 error: ${first}.`
      : `${overlay} has ${corruptions} errors. The first is: ${first}.`,
    'Run "blkreplay overlay check --repair", try "qemu-img check -r all" on a copy, or record again.',
  );

export const keepsNoSnapshots = (rrfile: string) =>
  badInput(
    'recording-keeps-none',
    { rrfile },
    `${rrfile} has no snapshots: they were in a temporary overlay, which was deleted.`,
    'Record with an overlay to keep them.',
  );

export const replacesForeignFile = (file: string, kind: keyof typeof FOREIGN) =>
  badInput(
    'file-foreign',
    { file, kind },
    `${file} would be overwritten, but it is ${FOREIGN[kind]}.`,
    'Delete it yourself if you do not need it, or choose another name.',
  );

const FOREIGN = {
  recording: 'not a blkreplay recording',
  overlay: 'not an overlay that blkreplay created',
  state: 'not a snapshot file that blkreplay created',
  pack: 'not a packed blkreplay recording',
  base: 'not the image that was packed',
};

// --- packing -------------------------------------------------------------------------------------------------------

export const packFileTooLarge = ({
  name,
  lengthBytes,
  maxBytes,
  isBase,
}: {
  name: string;
  lengthBytes: number;
  maxBytes: number;
  isBase: boolean;
}) =>
  badInput(
    'pack-file-too-large',
    { name, lengthBytes, maxBytes },
    `${name} is too large to be packed: ${lengthBytes} bytes; the maximum is ${maxBytes}.`,
    isBase ? 'Pack with --without-bases.' : 'Copy the files of the recording without packing them.',
  );

export const notAPack = (file: string) =>
  badInput(
    'pack-not-one',
    { file },
    `${file} is not a packed recording.`,
    'Specify a file that "blkreplay pack" wrote.',
  );

export const packFromPast = (found: { file: string; version: number; oldestKnown: number }) =>
  badInput(
    'pack-past-version',
    found,
    `${found.file} has pack format version ${found.version}; this version of blkreplay reads version ${found.oldestKnown} and later.`,
    'Unpack it with the version of blkreplay that packed it, or record again.',
  );

export const packFromFuture = (found: { file: string; version: number; newestKnown: number }) =>
  badInput(
    'pack-future-version',
    found,
    `${found.file} has pack format version ${found.version}; this version of blkreplay reads versions up to ${found.newestKnown}.`,
    'Unpack it with the version of blkreplay that packed it, or a newer one.',
  );

export const packDamaged = ({ file, offset, damage }: { file: string; offset: number; damage: string }) =>
  badInput(
    'pack-damaged',
    { file, offset, damage },
    `${file} is damaged at byte ${offset}: ${damage}.`,
    'Copy it again from the original.',
  );

/** What can be wrong inside a packed recording. Each string completes the problem in `packDamaged`. */
export const packDamage = {
  headerTooLong: (lengthBytes: number) => `its header has an invalid length (${counted(lengthBytes, 'byte')})`,
  headerChanged: () => 'its header is truncated or modified',
  endsInsideFile: () => 'it ends inside a packed file',
  blockTooLong: () => 'a block has an invalid length',
  blockChanged: () => 'a block differs from what was packed',
  blockNotInflated: () => 'a block cannot be decompressed',
  headerInvalid: () => 'its header is invalid',
};

export const packTargetExists = (file: string) =>
  badInput(
    'pack-target-exists',
    { file },
    `${file} already exists and would be overwritten.`,
    'Choose another name, or pass --overwrite.',
  );

export const overlayOfOtherRecording = ({ overlay, rrfile, why }: { overlay: string; rrfile: string; why: string }) =>
  badInput(
    'overlay-other-recording',
    { overlay, rrfile, why },
    `${overlay} is not the overlay of ${rrfile}: ${why}.`,
    'Restore the correct overlay, or record again.',
  );

/** Why an overlay does not belong to a recording. Each string completes the problem in `overlayOfOtherRecording`. */
export const otherRecordingReasons = {
  noFirstSnapshot: (name: string) => `it has no snapshot "${name}" at position 0`,
  size: () => 'its disk has a different size',
  snapshotNotBase: (name: string) => `its snapshot "${name}" differs from the base image`,
  snapshotNotMachine: (name: string) => `its snapshot "${name}" has no machine state from this recording`,
  noBase: () => 'it has no base image',
  otherBase: (base: string) => `its base image is ${base}`,
};

export const packBaseNeeded = (needed: { file: string; drive: string; image: string; digest: string }) =>
  badInput(
    'pack-base-needed',
    needed,
    `${needed.file} was packed without the base image of drive ${needed.drive} (${needed.image}, content digest ${needed.digest}).`,
    `Pass --base ${needed.drive}=FILE.`,
  );

export const packBaseOther = (given: { base: string; drive: string; image: string }) =>
  badInput(
    'pack-base-other',
    given,
    `${given.base} differs from ${given.image}, the base image that drive ${given.drive} was recorded with.`,
    'Specify the correct image.',
  );

export const packBaseUnknown = (given: { drive: string; file: string }) =>
  badInput(
    'pack-base-unknown',
    given,
    `${given.file} does not need a base image for drive ${given.drive}.`,
    `Leave out --base ${given.drive}=FILE.`,
  );
