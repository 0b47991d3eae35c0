import { quoted } from './shown.ts';
import { badInput } from './userError.ts';

/** What a user can be told about overlays and snapshots that they work on while no session has them open. */

/** `consequence` is a whole sentence without its end. The tree view asks when it gets this one. */
export const confirmationNeeded = (consequence: string) =>
  badInput('confirmation-needed', `${consequence}; say --yes to do it all the same.`);

export const endsReplays = (file: string, doing: string) =>
  confirmationNeeded(`${file} holds snapshots that a recording is replayed from, and ${doing} ends that for good`);

export const losesSnapshots = (file: string, doing: string) =>
  confirmationNeeded(`${file} holds snapshots, and ${doing} deletes them`);

export const losesDisk = (files: string, snapshot: string) =>
  confirmationNeeded(
    `Applying ${quoted(snapshot)} replaces the disk that ${files} shows now, which no snapshot keeps; its recording still replays`,
  );

export const losesFirstSnapshot = (file: string, snapshot: string, change: 'delete' | 'rename') =>
  confirmationNeeded(
    `${quoted(snapshot)} is the snapshot of ${file} that replays start from, and they cannot once it is ${change}d`,
  );

export const overlayHasNoBase = (overlay: string, command: string) =>
  badInput(
    'overlay-no-base',
    `${overlay} stands on no base image, so there is nothing to ${command}: name an overlay.`,
  );

export const baseTooShort = (found: { base: string; overlay: string; lengthBytes: number }) =>
  badInput(
    'base-too-short',
    `${found.base} is shorter than ${found.overlay}, which is to be committed into it: make it ` +
      `${found.lengthBytes} bytes long with "qemu-img resize" first.`,
  );

export const rebaseOntoItself = (overlay: string, base: string) =>
  badInput(
    'rebase-onto-itself',
    `${base} is ${overlay} or stands on it, so it cannot be its base: name another image.`,
  );

export const overlayDamaged = (overlay: string, found: { corruptions: number; first: string }) =>
  badInput(
    'overlay-damaged',
    `${overlay} is damaged in ${found.corruptions === 1 ? 'one place' : `${found.corruptions} places`}, first: ` +
      `${found.first}. Run "overlay check --repair" on it, try "qemu-img check -r all" on a copy, or record again.`,
  );

export const keepsNoSnapshots = (rrfile: string) =>
  badInput(
    'recording-keeps-none',
    `${rrfile} was recorded with a temporary overlay, which kept its snapshots: there are none to work on.`,
  );

export const replacesForeignFile = (file: string, kind: 'recording' | 'overlay' | 'state' | 'pack' | 'base') =>
  badInput(
    'file-foreign',
    `${file} would be overwritten, and it is ${FOREIGN[kind]}: delete it yourself if you do not need it, or choose another name.`,
  );

const FOREIGN = {
  recording: 'no recording of blkreplay',
  overlay: 'no overlay that blkreplay made',
  state: 'no state image that blkreplay made',
  pack: 'no pack of blkreplay',
  base: 'another image than the packed one',
};

// --- packing -------------------------------------------------------------------------------------------------------

export const packImpossible = () =>
  badInput(
    'pack-impossible',
    'The recording names its drives as no pack can: it is not as blkreplay writes one, so record again, and pack that.',
  );

export const packFileTooLarge = (file: { name: string; lengthBytes: number; maxBytes: number }) =>
  badInput(
    'pack-file-too-large',
    `${file.name} has ${file.lengthBytes} bytes, and no pack holds more than ${file.maxBytes} of one file: pack without the bases.`,
  );

export const notAPack = (file: string) =>
  badInput('pack-not-one', `${file} is not a packed recording: it does not start like one; give what "pack" wrote.`);

export const packFromPast = (found: { file: string; version: number; oldestKnown: number }) =>
  badInput(
    'pack-past-version',
    `${found.file} was packed in version ${found.version} of its format, but this blkreplay reads versions from ` +
      `${found.oldestKnown} on; unpack it with the version that packed it, or record again.`,
  );

export const packFromFuture = (found: { file: string; version: number; newestKnown: number }) =>
  badInput(
    'pack-future-version',
    `${found.file} was packed in version ${found.version} of its format, but this blkreplay reads versions up to ` +
      `${found.newestKnown}; unpack it with the version that packed it, or a newer one.`,
  );

export const packDamaged = (found: { file: string; offset: number; what: string }) =>
  badInput(
    'pack-damaged',
    `${found.file} is damaged at byte ${found.offset}: ${found.what}; copy it again from where it was made.`,
  );

export const packTargetExists = (file: string) =>
  badInput('pack-target-exists', `${file} exists and would be overwritten: name another place, or say --overwrite.`);

export const overlayOfOtherRecording = (found: { overlay: string; rrfile: string; why: string }) =>
  badInput(
    'overlay-other-recording',
    `${found.overlay} is not the overlay of ${found.rrfile} (${found.why}): put the right one back, or record again.`,
  );

export const packBaseNeeded = (needed: { file: string; drive: string; image: string; digest: string }) =>
  badInput(
    'pack-base-needed',
    `${needed.file} was packed without the base image of drive ${needed.drive} (${needed.image}, content digest ` +
      `${needed.digest}): say where it is with --base ${needed.drive}=FILE.`,
  );

export const packBaseOther = (given: { base: string; drive: string; image: string }) =>
  badInput(
    'pack-base-other',
    `The content of ${given.base} is not that of ${given.image}, which drive ${given.drive} was recorded over: name the right one.`,
  );

export const packBaseUnknown = (given: { drive: string; file: string }) =>
  badInput('pack-base-unknown', `${given.file} needs no base image for a drive ${given.drive}: leave that --base out.`);
