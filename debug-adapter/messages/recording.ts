import { counted, quoted, shown } from './shown.ts';
import { badInput, divergence, notice, type Remedy, type UserError } from './userError.ts';

/**
 * Messages about a recording (an rrfile), the machine that replays it, and replays that differ from it.
 * `recordingDamage.ts` lists the kinds of damage, and `differences.ts` the possible differences.
 */
const SAME_MACHINE: Remedy = {
  cli: 'Replay with the options used for the recording.',
  editor: 'Replay with the settings used for the recording.',
};
const OTHER_VERSION = 'Replay it with the version of blkreplay that recorded it';

export const notARecording = (file: string): UserError =>
  badInput('recording-not-one', { file }, `${file} is not a blkreplay recording.`, {
    cli: 'Pass a recording with --rrfile.',
    editor: 'Set "rrfile" to a recording.',
  });

export const recordingFromFuture = (found: { file: string; version: number; newestKnown: number }): UserError =>
  badInput(
    'recording-future-version',
    found,
    `${found.file} has recording format version ${found.version}; this version of blkreplay reads versions up to ${found.newestKnown}.`,
    `${OTHER_VERSION}, or a newer one.`,
  );

export const recordingFromPast = (found: { file: string; version: number; oldestKnown: number }): UserError =>
  badInput(
    'recording-past-version',
    found,
    `${found.file} has recording format version ${found.version}; this version of blkreplay reads version ${found.oldestKnown} and later.`,
    `${OTHER_VERSION}, or record again.`,
  );

/** The recording contains data for an input port that this version of blkreplay does not have. */
export const recordingNeedsNewerPort = (found: { file: string; offset: number; port: number }): UserError =>
  badInput(
    'recording-future-port',
    found,
    `${found.file} contains data for a device that this version of blkreplay does not have (input port ${found.port}, in the chunk at byte ${found.offset}).`,
    `${OTHER_VERSION}, or a newer one.`,
  );

export const recordingNeedsNewer = ({
  file,
  offset,
  type,
}: {
  file: string;
  offset: number;
  type: number;
}): UserError =>
  badInput(
    'recording-future-chunk',
    { file, offset, type },
    `${file} contains data that this version of blkreplay does not support (chunk type ${type} at byte ${offset}).`,
    `${OTHER_VERSION}, or a newer one.`,
  );

/** The file ends before the first event. */
export const recordingCutShort = (found: { file: string; inside: string; lengthBytes: number }): UserError =>
  badInput(
    'recording-cut-short',
    found,
    `${found.file} ends inside ${found.inside} after ${counted(found.lengthBytes, 'byte')}, before its first event, so there is nothing to replay.`,
    'Copy it again from the original, or record again.',
  );

export const recordingDamaged = ({
  file,
  offset,
  damage,
}: {
  file: string;
  offset: number;
  damage: string;
}): UserError =>
  badInput(
    'recording-damaged',
    { file, offset, damage },
    `${file} is damaged at byte ${offset}: ${damage}.`,
    'Copy it again from the original, or record again.',
  );

export const headerTooLong = (file: string, { length, most }: { length: number; most: number }): UserError =>
  badInput(
    'recording-header-too-long',
    { file, length, most },
    `The file names and the kernel command line take ${length} bytes in the header of ${file}; at most ${most} fit.`,
    'Use shorter names or a shorter kernel command line.',
  );

export const noSuchBootFile = ({ file, role }: { file: string; role: string }): UserError =>
  badInput('recording-no-boot-file', { file, role }, `${file} contains no ${role}.`, {
    cli: 'Record again with --kernel.',
    editor: 'Record again with "kernel".',
  });

export const bootFileDiffers = ({ role, name }: { role: keyof typeof ROLE_NAMES; name: string }) =>
  notice(
    'boot-file-differs',
    { role, name },
    `${name} differs from the recorded ${ROLE_NAMES[role]}. The replay uses the recorded one` +
      `${role === 'initrd' || role === 'dtb' ? '' : ' and its symbols'}.`,
    'Record again to use the new one.',
  );

const ROLE_NAMES = {
  ...{ kernel: 'kernel', bios: 'firmware', initrd: 'initial RAM disk', load: 'file', dtb: 'device tree' },
} as const;

// --- record and replay take the same options ---------------------------------------------------------------------

export const recordedWithOther = (differs: {
  file: string;
  /** The option that differs, for example `memory` or `drive hd0: format`. */
  option: string;
  recorded: string;
  requested: string;
}): UserError =>
  badInput(
    'recording-other-machine',
    differs,
    `${differs.file} was recorded with a different machine (${differs.option}: recorded ${shown(differs.recorded)}, ` +
      `given ${shown(differs.requested)}).`,
    SAME_MACHINE,
  );

/** `unknown` names the unsupported part: a base instruction set, an extension, or a missing extension (`no zba`). */
export const recordedInstructionsUnknown = ({ file, unknown }: { file: string; unknown: string }): UserError =>
  badInput(
    'recording-isa-unknown',
    { file, unknown },
    `${file} was recorded with an instruction set that this version of blkreplay does not support (${quoted(unknown)}).`,
    `${OTHER_VERSION}, or a newer one.`,
  );

export const recordedDriveMissing = (missing: { file: string; drive: string; image: string }): UserError =>
  badInput(
    'recording-drive-missing',
    missing,
    `${missing.file} was recorded with drive ${missing.drive} (image ${missing.image}), but this drive was not given.`,
    SAME_MACHINE,
  );

export const recordedWithoutDrive = ({ file, drive }: { file: string; drive: string }): UserError =>
  badInput(
    'recording-drive-extra',
    { file, drive },
    `${file} was recorded without drive ${drive}.`,
    'Leave the drive out, or record again with it.',
  );

export const baseChanged = ({ file, drive, image }: { file: string; drive: string; image: string }): UserError =>
  badInput(
    'recording-base-changed',
    { file, drive, image },
    `${image} (drive ${drive}) has changed since ${file} was recorded.`,
    'Restore it, or record again.',
  );

// --- the replay differs --------------------------------------------------------------------------------------------

export type DivergenceCode =
  'divergence-input' | 'divergence-request' | 'divergence-completion' | 'divergence-digest' | 'divergence-end';

export const replayDiverged = (
  code: DivergenceCode,
  seen: { file: string; position: number; expected: string; came: string; cause: string },
): UserError =>
  divergence(
    code,
    seen,
    `The replay differs from ${seen.file} at position ${seen.position}: expected ${seen.expected}, but ${seen.came}.`,
    seen.cause,
  );

/** The recording was not closed properly, and the replay continues past its end. */
export const recordingEndsHere = (asked: { file: string; lastPosition: number; came: string }): UserError =>
  divergence(
    'recording-ends-here',
    asked,
    `${asked.file} was not closed properly and ends at position ${asked.lastPosition}, but ${asked.came} after that.`,
    {
      cli: `Stop the replay with --stop-at ${asked.lastPosition}.`,
      editor: 'Go back to an earlier position.',
      gdb: 'Go back with reverse-continue.',
    },
  );

/** The files of a drive, as the recording names them. */
interface DriveFiles {
  image: string;
  overlay: string | null;
}

const fileOf = ({ image, overlay }: DriveFiles): string =>
  overlay === null || overlay === image ? image : `${image} or its overlay ${overlay}`;

/** Why a replay can differ, and what to do about it: whole sentences, the most likely reason first. */
export const divergenceCauses = {
  driveContent: (at: { drive: string; sector: number; files: DriveFiles }) =>
    `The guest read different data from drive ${at.drive} at sector ${at.sector}: ${fileOf(at.files)} has changed since it ` +
    'was recorded. Restore it, or record again.',
  driveWrite: (at: { drive: string; sector: number }) =>
    `The guest wrote different data to drive ${at.drive} at sector ${at.sector}. Execution had already diverged, ` +
    'somewhere after the last matching state digest in the recording.',
  driveDigest: (at: { drive: string; files: DriveFiles }) =>
    `The content of drive ${at.drive} differs: ${fileOf(at.files)} has changed since it was recorded. Restore it, or record again.`,
  driveError: (drive: string) =>
    `Drive ${drive} completed the request with a different status: its image, overlay or read-only setting has changed since it was recorded.`,
  machine: (recordedBy: string) =>
    `The machine did not repeat the recorded execution: it was recorded with a different version of blkreplay (${recordedBy}), the ` +
    'snapshot belongs to another recording, or blkreplay has a bug.',
  olderMachine: ({ version, format, formatNow }: { version: string; format: number; formatNow: number }) =>
    `The machine did not repeat the recorded execution: the devices have changed since recording format ${format}, and this build ` +
    `(format ${formatNow}) reproduces most but not all of their earlier behavior. Replay the recording with the build ` +
    `that recorded it (blkreplay ${version}, format ${format}). Other possible causes: the snapshot belongs to another recording, or blkreplay has a bug.`,
};
