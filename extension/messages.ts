/**
 * What the extension tells the user beyond what the adapter says: one function each, one sentence each that says what is
 * wrong, where, and what to do.
 */

export const settingInLaunch = (problem: { configuration: string; message: string }) =>
  `"${problem.configuration}" cannot start. ${problem.message}`;

export const fileMissing = (missing: { setting: string; file: string }) =>
  `"${missing.setting}": there is no file ${missing.file}; build or copy it there, or name another one.`;

export const recordingMissing = (missing: { file: string }) =>
  `"rrfile": there is no recording ${missing.file} to replay; record it first with "rr": "record".`;

export const overlayMissing = (missing: { setting: string; file: string }) =>
  `"${missing.setting}": there is no overlay ${missing.file}, which recording makes; record first with "rr": "record", ` +
  'or name the overlay that belongs to the recording.';

export const filesExist = (files: readonly string[]) =>
  files.length === 1 ? `${files[0]} exists already.` : `${files.length} files of an earlier recording exist already.`;

export const whatHappensToThem = (choice: { files: readonly string[]; renamed: readonly string[] }) =>
  `${choice.files.join('\n')}\n\nKeep Both records to ${choice.renamed.join(', ')} ` +
  'instead. Replace deletes what is in them; files that blkreplay did not make are never replaced.';

export const notRestarted = () => 'Not restarted: the recording that is there stays as it is.';
export const keptBothInstead = () => 'Not restarted: a new session records to new files, and the old ones stay.';

export const noKernelFound = () =>
  'No RISC-V ELF file was found in this folder: name what to boot as "kernel" in launch.json.';

export const chooseKernel = () => 'Which program is to boot?';

export const noSession = () => 'No blkreplay session is running: start one with F5 first.';

export const positionUnclear = () =>
  'Give a position such as 12,345,678, "start", "end", or a distance such as +1000 or -1000.';

export const positionOutside = (bounds: { start: string; end: string }) =>
  `Positions here go from ${bounds.start} to ${bounds.end}.`;

export const snapshotNameEmpty = () => 'Give the snapshot a name.';
export const snapshotNameReserved = () =>
  'Names that start with "auto-" belong to automatic snapshots; choose another.';
export const snapshotNameTooLong = () => 'A name has at most 255 bytes and no control characters; choose another.';
export const snapshotNameTaken = (name: string) => `There is a snapshot "${name}" already; choose another name.`;

export const deleteSnapshotQuestion = (name: string) => `Delete the snapshot "${name}"?`;
export const deleteSnapshotDetail = () => 'The recording stays; going to this position takes a little longer then.';

export const deleteRecordingQuestion = (name: string) => `Delete the recording ${name} with its overlays?`;
export const deleteRecordingDetail = (files: readonly string[]) =>
  `These files go to the trash; the disk images stay.\n\n${files.join('\n')}`;
export const notOfRecording = (file: string) =>
  `${file} is no longer a file of this recording, so it stays; look at what has changed, then delete again.`;
export const deleteForGoodQuestion = () => 'Files cannot be moved to the trash here. Delete them for good?';
export const deleteForGoodDetail = (file: string) => `The first is ${file}. This cannot be undone.`;

export const infoFailed = (problem: { file: string; why: string }) =>
  `${problem.file} could not be read as a recording: ${problem.why}`;

/** Dim lines in the guest's terminal. */
export const typingRefused = (why: string) => `[Not typed: ${why}]`;
export const consoleEnded = () => '[The session has ended. What the guest said stays here until the next one.]';
export const consoleWithoutSession = () => '[No session: start one with F5, and what you type goes to the guest.]';
