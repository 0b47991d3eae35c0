import { quoted, shown } from './shown.ts';
import { badInput, divergence, type UserError } from './userError.ts';

/**
 * What can be wrong with a recording (an rrfile), with its fit to the machine it is replayed on, and with a replay.
 * Sentences name the file, the place and the way out.
 */

export const notARecording = (file: string): UserError =>
  badInput(
    'recording-not-one',
    `${file} is not a blkreplay recording: it does not start like one; give the rrfile that a recording wrote.`,
  );

export const recordingFromFuture = (found: { file: string; version: number; newestKnown: number }): UserError =>
  badInput(
    'recording-future-version',
    `${found.file} is a recording of format version ${found.version}, but this blkreplay reads versions up to ` +
      `${found.newestKnown}; replay it with the version that recorded it, or a newer one.`,
  );

export const recordingFromPast = (found: { file: string; version: number; oldestKnown: number }): UserError =>
  badInput(
    'recording-past-version',
    `${found.file} is a recording of format version ${found.version}, but this blkreplay reads versions from ` +
      `${found.oldestKnown} on; replay it with the version that recorded it, or record again.`,
  );

export const recordingNeedsNewer = (found: { file: string; offset: number; type: number }): UserError =>
  badInput(
    'recording-future-chunk',
    `${found.file} holds data that this blkreplay does not know (chunk type ${found.type} at byte ${found.offset}); ` +
      `replay it with the version that recorded it, or a newer one.`,
  );

/** The file ends before the first event could be written. */
export const recordingCutShort = (found: { file: string; inside: string; lengthBytes: number }): UserError =>
  badInput(
    'recording-cut-short',
    `${found.file} ends inside ${found.inside}, after ${found.lengthBytes} bytes: it was cut off before its first ` +
      `event, so there is nothing to replay; copy it again from where it was made, or record again.`,
  );

export const recordingDamaged = (found: { file: string; offset: number; what: string }): UserError =>
  badInput(
    'recording-damaged',
    `${found.file} is damaged at byte ${found.offset}: ${found.what}; copy it again from where it was made, or record again.`,
  );

export const headerTooLong = (file: string, header: { length: number; most: number }): UserError =>
  badInput(
    'recording-header-too-long',
    `${file} cannot begin with the names and the command line of this machine, which take ${header.length} bytes where ` +
      `${header.most} are the most; give a shorter append or shorter names.`,
  );

export const noSuchBootFile = (asked: { file: string; role: string }): UserError =>
  badInput(
    'recording-no-boot-file',
    `${asked.file} holds no ${asked.role}; replay it with the options it was made with.`,
  );

/** A notice: the replay continues. */
export const bootFileDiffers = ({ role, name }: { role: keyof typeof ROLE_NAMES; name: string }): string =>
  `${name} differs from the ${ROLE_NAMES[role]} that was recorded: the replay uses the recorded one` +
  `${role === 'initrd' || role === 'dtb' ? '' : ' and its symbols'}. Record again to debug the new one.`;

const ROLE_NAMES = {
  ...{ kernel: 'kernel', bios: 'bios', initrd: 'initrd', load: 'file to load', dtb: 'device tree' },
} as const;

// --- record and replay take the same options ---------------------------------------------------------------------

export const recordedWithOther = (differs: {
  file: string;
  /** Such as `memory`, or `drive hd0: format`. */
  option: string;
  recorded: string;
  given: string;
}): UserError =>
  badInput(
    'recording-other-machine',
    `${differs.file} is a recording of another machine (${differs.option}: ${shown(differs.recorded)} when it was recorded, ` +
      `${shown(differs.given)} now); replay it with the options it was made with.`,
  );

/** `unknown` is the part of the instruction set that makes it one: an extension, or `no zba`. */
export const recordedInstructionsUnknown = (found: { file: string; unknown: string }): UserError =>
  badInput(
    'recording-isa-unknown',
    `${found.file} is a recording of a machine that this blkreplay cannot build (instruction set: ` +
      `${quoted(found.unknown)}); replay it with the version that recorded it, or a newer one.`,
  );

export const recordedDriveMissing = (missing: { file: string; drive: string; image: string }): UserError =>
  badInput(
    'recording-drive-missing',
    `${missing.file} was recorded with a drive ${missing.drive} (image ${missing.image}) that is not given now; ` +
      `replay it with the options it was made with.`,
  );

export const recordedWithoutDrive = (extra: { file: string; drive: string }): UserError =>
  badInput(
    'recording-drive-extra',
    `${extra.file} was recorded without a drive ${extra.drive}; leave it out, or record again with it.`,
  );

export const baseChanged = (changed: { file: string; drive: string; image: string }): UserError =>
  badInput(
    'recording-base-changed',
    `The content of ${changed.image} (drive ${changed.drive}) is not what it was when ${changed.file} was recorded; ` +
      `bring the old image back, or record again.`,
  );

// --- the replay went another way ---------------------------------------------------------------------------------

export type DivergenceCode =
  'divergence-input' | 'divergence-request' | 'divergence-completion' | 'divergence-digest' | 'divergence-end';

export const replayDiverged = (
  code: DivergenceCode,
  seen: { file: string; position: number; expected: string; came: string; cause: string },
): UserError =>
  divergence(
    code,
    `The replay differs from ${seen.file} at position ${seen.position}: expected ${seen.expected}, but ${seen.came}; ` +
      `${seen.cause}.`,
  );

/** The recording was not closed, and the replay was asked to go beyond what it holds. */
export const recordingEndsHere = (asked: { file: string; lastPosition: number; came: string }): UserError =>
  divergence(
    'recording-ends-here',
    `${asked.file} was cut off while recording and reaches position ${asked.lastPosition}, but ${asked.came} beyond it; ` +
      `stop the replay there.`,
  );

/** As they were named when recording. */
interface DriveFiles {
  image: string;
  overlay: string | null;
}

const fileOf = ({ image, overlay }: DriveFiles): string =>
  overlay === null || overlay === image ? `its image ${image}` : `its base image ${image} or overlay ${overlay}`;

/** Why a replay may differ, most likely reason first. */
export const divergenceCauses = {
  driveContent: (at: { drive: string; sector: number; files: DriveFiles }) =>
    `the guest read other data from drive ${at.drive} at sector ${at.sector}: ${fileOf(at.files)} was changed since the ` +
    `recording`,
  driveWrite: (at: { drive: string; sector: number }) =>
    `the guest wrote other data to drive ${at.drive} at sector ${at.sector}, so it had left the recorded way before; ` +
    `the digests before this position tell where`,
  driveDigest: (at: { drive: string; files: DriveFiles }) =>
    `the content of drive ${at.drive} differs: ${fileOf(at.files)} was changed since the recording`,
  driveError: (drive: string) =>
    `drive ${drive} answered in another way than when recording: its image, overlay or read-only setting was changed`,
  machine: (recordedBy: string) =>
    `the machine did not repeat itself: another version of blkreplay (this was recorded with ${recordedBy}), ` +
    `a snapshot of another recording, or a bug in blkreplay`,
  olderMachine: ({ version, format, formatNow }: { version: string; format: number; formatNow: number }) =>
    `the machine did not repeat itself: devices have changed since recordings of format ${format}, and this build, which ` +
    `writes format ${formatNow}, repeats most of what they did then but not all; the build that recorded it, blkreplay ` +
    `${version} with format ${format}, replays it, unless this is a snapshot of another recording, or a bug in blkreplay`,
};
