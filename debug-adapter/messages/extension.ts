import { counted, quoted } from './shown.ts';

/**
 * What the extension shows in addition to the debug adapter's messages: dialogs, input boxes, the Overlays view, the
 * status bar and the terminal. The strings for commands, settings and the empty Overlays view are in package.json,
 * where VS Code reads them.
 */
export const settingInLaunch = (problem: { configuration: string; message: string }) =>
  `"${problem.configuration}" cannot start. ${problem.message}`;

export const openLaunchButton = () => 'Open launch.json';

export const fileMissing = ({ setting, file }: { setting: string; file: string }) =>
  `"${setting}": ${file} does not exist. Build it or copy it there, or specify another file.`;

export const recordingMissing = ({ file }: { file: string }) =>
  `"rrfile": the recording ${file} does not exist. Record it first with "rr": "record".`;

export const overlayMissing = ({ setting, file }: { setting: string; file: string }) =>
  `"${setting}": the overlay ${file} does not exist. Record first with "rr": "record", or specify the overlay of the recording.`;

// --- "overwrite" -----------------------------------------------------------------------------------------------------

export const earlierFilesKept = ({ files, renamed }: { files: readonly string[]; renamed: readonly string[] }) =>
  `${files[0]} already exists and is kept. This session records to ${renamed.join(', ')}.`;
export const replaceEarlierButton = () => 'Replace Earlier Files...';
export const replaceEarlierQuestion = (files: readonly string[]) =>
  files.length === 1 ? `Replace ${files[0]}?` : `Replace ${files.length} files from an earlier recording?`;
export const replaceEarlierDetail = ({ files, renamed }: { files: readonly string[]; renamed: readonly string[] }) =>
  `${files.join('\n')}\n\n"${replaceButton()}" ends the session, starts it again, and deletes the earlier content of these ` +
  `files. The files of the current session are kept: ${renamed.join(', ')}.`;

export const filesExist = (files: readonly string[]) =>
  files.length === 1 ? `${files[0]} already exists.` : `${files.length} files from an earlier recording already exist.`;

export const whatHappensToThem = ({ files, renamed }: { files: readonly string[]; renamed: readonly string[] }) =>
  `${files.join('\n')}\n\n"${keepBothButton()}" records to ${renamed.join(', ')} instead. "${replaceButton()}" deletes the ` +
  'earlier content. Files that blkreplay did not create are never replaced.';

export const keepBothButton = () => 'Keep Both';
export const replaceButton = () => 'Replace';

export const notRestarted = () => 'The session was not restarted. The existing recording is unchanged.';
export const keptBothInstead = () =>
  'The session was not restarted. Instead, a new session records to new files; the existing files are unchanged.';

// --- choosing what to boot -------------------------------------------------------------------------------------------

export const noKernelFound = () => 'No RISC-V ELF file was found in this folder. Set "kernel" in launch.json.';

export const chooseKernel = () => 'Select the program to boot';

/** The names of the launch configurations that the extension offers. */
export const configurationNames = {
  record: (program: string) => `Record ${program}`,
  replay: (program: string) => `Replay ${program}`,
};

export const noSession = () => 'No blkreplay session is running. Press F5 to start one.';
export const startDebuggingButton = () => 'Start Debugging';
export const openSampleButton = () => 'Open Sample';

export const noItemSelected = () => 'Select a recording or snapshot in the Overlays view.';
export const showOverlaysButton = () => 'Show Overlays';

/** Buttons next to errors; each does what the error advises. */
export const remedyButtons = {
  pause: () => 'Pause',
  openLaunch: openLaunchButton,
  goToPosition: () => 'Go to Position',
  start: () => 'Start Debugging',
};

export const openDocumentationTitle = () => 'Open Documentation';

// --- positions -------------------------------------------------------------------------------------------------------

export const goToPositionTitle = () => 'Go to Position';

export const goToPositionPrompt = ({ start, end }: { start: string; end: string }) =>
  `Enter a position from ${start} to ${end}, "start", "end", or a distance such as +1000 or -1000.`;

export const positionUnclear = () =>
  'Enter a position such as 12,345,678, "start", "end", or a distance such as +1000 or -1000.';

export const positionOutside = ({ start, end }: { start: string; end: string }) =>
  `Enter a position from ${start} to ${end}.`;

// --- breakpoints on events -------------------------------------------------------------------------------------------

export const breakOnDiskTitle = () => 'Break on Disk Access';
export const noDrives = () => 'The machine has no drives. Add one to "drives" in launch.json.';
export const drivePrompt = () => 'Select a drive';
export const everyDrive = () => 'Every drive';
export const diskRequestsPrompt = () => 'Select the requests that stop the guest';
export const sectorsPrompt = (on: { last: number | undefined; sectorBytes: number; includesFlush: boolean }) =>
  `Enter a sector such as 8, or a range such as 8-15${on.last === undefined ? '' : `, from 0 to ${on.last}`}. ` +
  `A sector has ${on.sectorBytes} bytes. Leave empty to match the whole disk` +
  `${on.includesFlush ? ' and flushes, which have no sectors' : ''}.`;
export const sectorsUnclear = () => 'Enter a sector such as 8, or a range such as 8-15.';
export const sectorsOutside = (last: number) => `Enter sectors from 0 to ${last}.`;

export const breakOnConsoleTitle = () => 'Break on Console Text';
export const consoleTextPrompt = () => 'The guest stops when it has printed this text on its console.';
export const consoleTextEmpty = () => 'Enter the text to wait for.';
export const consoleTextTooLong = (bytesMax: number) => `Enter at most ${bytesMax} bytes.`;

export const breakpointSet = (label: string) => `Breakpoint set: ${label}`;
export const breakpointsRestored = (count: number) =>
  count === 1 ? '1 event breakpoint restored' : `${count} event breakpoints restored`;

export const removeBreakpointsTitle = () => 'Remove Event Breakpoints';
export const removeBreakpointsPrompt = () => 'Select the breakpoints to remove';
export const noEventBreakpoints = () =>
  'This session has no breakpoints on disk access or console text. Set one with Break on Disk Access or Break on Console Text.';

export const breakpointLabels = {
  disk: (on: {
    drive: string | undefined;
    requests: readonly string[];
    range: { first: number; last: number } | undefined;
  }) => `${on.drive ?? everyDrive()}: ${on.requests.join(', ')}${on.range ? `, ${sectorRange(on.range)}` : ''}`,
  console: (text: string) => `Console: ${quoted(text)}`,
};

const sectorRange = ({ first, last }: { first: number; last: number }) =>
  first === last ? `sector ${first}` : `sectors ${first}-${last}`;

// --- the status bar --------------------------------------------------------------------------------------------------

export const positionItemName = () => 'blkreplay position';

export const positionItemText = (shown: {
  icon: string;
  position: string;
  /** How much of the history is before the position; undefined if there is no history. */
  percent: number | undefined;
  seconds: string;
  state: string;
}) =>
  [
    `$(${shown.icon}) ${shown.position}`,
    ...(shown.percent === undefined ? [] : [`${shown.percent}%`]),
    `${shown.seconds} s`,
    shown.state,
  ].join(' · ');

export const positionItemTooltip = (shown: {
  sentence: string;
  position: string;
  end: string;
  percent: number | undefined;
  seconds: string;
}) =>
  `${shown.sentence}\n` +
  `Position ${shown.position} of ${shown.end}${shown.percent === undefined ? '' : ` (${shown.percent}%)`}\n` +
  `Guest time (mtime): ${shown.seconds} s\n` +
  'Click to go to a position.';

/** What a screen reader says instead of the item's text. */
export const positionItemLabel = (shown: {
  position: string;
  end: string;
  percent: number | undefined;
  seconds: string;
  state: string;
}) =>
  `blkreplay, ${shown.state}: position ${shown.position} of ${shown.end}` +
  `${shown.percent === undefined ? '' : `, ${shown.percent} percent`}, guest time ${shown.seconds} seconds. Go to Position`;

export const stateIcons = { replay: 'debug-rerun', history: 'history', record: 'record', live: 'pulse' };

export const stateWords = {
  replay: () => 'replay',
  history: () => 'history',
  record: () => 'record',
  live: () => 'live',
};

type Runs = 'running' | 'stopped';

export const stateSentences = {
  replay: (runs: Runs) => `Replaying, ${runs}. The guest repeats its recorded execution.`,
  history: (runs: Runs) => `Viewing a past state, ${runs}. Console input is possible again at the live end.`,
  record: (runs: Runs) => `Recording, ${runs} at the live end.`,
  live: (runs: Runs) => `Not recording, ${runs} at the live end.`,
};

// --- snapshots -------------------------------------------------------------------------------------------------------

export const takeSnapshotTitle = () => 'Take Snapshot';
export const goToSnapshotTitle = () => 'Go to Snapshot';
export const goToSnapshotPrompt = () => 'Select the snapshot to go to';
export const renameSnapshotTitle = () => 'Rename Snapshot';
export const snapshotNamePrompt = (position: string | undefined) =>
  position === undefined ? 'Name of the snapshot' : `Name of the snapshot at position ${position}`;
/** The name suggested for a new snapshot. The extension appends a number if the name is taken. */
export const snapshotNameOffered = () => 'snapshot';

export const snapshotNameEmpty = () => 'Enter a name.';
export const snapshotNameReserved = (prefix: string) =>
  `Names that start with "${prefix}" are reserved for automatic snapshots. Choose another name.`;
export const snapshotNameUnusable = (bytesMax: number) =>
  `A name can be at most ${bytesMax} bytes long and cannot contain control characters. Choose another name.`;
export const snapshotNameTaken = (name: string) => `A snapshot named "${name}" already exists. Choose another name.`;

export const deleteSnapshotQuestion = (name: string) => `Delete the snapshot "${name}"?`;
export const deleteSnapshotDetail = () => 'The recording is kept. Going to this position will take a little longer.';

// --- deleting a recording --------------------------------------------------------------------------------------------

export const keepButton = () => 'Keep';
export const deleteButton = () => 'Delete';

export const deleteRecordingQuestion = (name: string) => `Delete the recording ${name} and its overlays?`;
export const deleteRecordingDetail = (files: readonly string[]) =>
  `These files will be moved to the trash. Disk images are kept.\n\n${files.join('\n')}`;
export const notOfRecording = (file: string) =>
  `${file} no longer belongs to this recording and was not deleted. Check what has changed, then repeat the command.`;
export const deleteForGoodQuestion = () => 'The files cannot be moved to the trash. Delete them permanently?';
export const deleteForGoodDetail = (file: string) => `The first file is ${file}. This cannot be undone.`;

// --- the Overlays view -----------------------------------------------------------------------------------------------

export const infoFailed = ({ file, why }: { file: string; why: string }) =>
  `${file} cannot be read as a recording. ${why}`;

export const viewTexts = {
  notRecorded: () => 'not recorded',
  positions: () => 'positions',
  positionRange: (start: string, end: string) => `${start} to ${end}`,
  readOnly: () => 'read-only',
  temporaryOverlay: () => 'temporary overlay',
  overlay: () => 'overlay',
  overlayFile: (file: string) => `overlay ${file}`,
  temporaryOverlayTooltip: () => 'Data that the guest writes is deleted when the session ends.',
  driveTooltip: (drive: string, kind: string) => `Drive ${drive}, ${kind}`,
  base: (format: string, size: string) => `base · ${format} · ${size}`,
  file: (format: string, size: string) => `${format} · ${size}`,
  fileTooltip: (about: { file: string; format: string; fileSize: string; diskSize: string }) =>
    `${about.file}\n${about.format}, ${about.fileSize}, disk size ${about.diskSize}`,
  problemTooltip: (file: string, problem: string) => `${file}\n${problem}`,
  snapshotFile: () => 'snapshots',
  snapshotFileTooltip: (file: string) => `${file}\nContains the snapshots`,
  automatic: () => 'automatic',
  deletedSnapshots: (count: number) => `${counted(count, 'automatic snapshot')} deleted`,
  deletedSnapshotsTooltip: () =>
    'blkreplay deletes every other automatic snapshot when these snapshots use up their disk space ("snapshotSpace") or number more than 1,000. Moves to distant positions then take longer.',
  snapshotTooltip: (name: string, position: string) => `Snapshot ${name} at position ${position}`,
  here: () => 'You are here',
  hereTooltip: (position: string) => `The machine is at position ${position}`,
  /** Words that precede the items' labels for screen readers. The keys are the items' context values. */
  kinds: {
    session: 'Session',
    recording: 'Recording',
    drive: 'Drive',
    file: 'File',
    'snapshot.session.named': 'Snapshot',
    'snapshot.session.automatic': 'Snapshot at position',
    'snapshot.recording.named': 'Snapshot',
    'snapshot.recording.automatic': 'Snapshot at position',
  },
};

export const waitingInputItemName = () => 'blkreplay console input';
export const waitingInputText = (kibibytes: number) => `$(keyboard) ${kibibytes} KiB waiting`;
export const waitingInputLabel = (kibibytes: number) =>
  `blkreplay: ${counted(kibibytes, 'kibibyte')} of console input not yet read by the guest`;
export const waitingInputTooltip = () =>
  'Console input that the guest has not read yet. The guest reads it at its own rate.';

// --- the terminal ----------------------------------------------------------------------------------------------------

export const terminalName = (session: string) => `Guest: ${session}`;

/** Messages that are shown in the guest's terminal. */
export const typingRefused = (why: string) => `[Input ignored: ${why}]`;
export const typingInPast = () =>
  '[Input ignored: you are viewing a past state. To type, continue to the live end (F5).]';
export const moreLines = (count: number) =>
  count === 1 ? '[The guest prints 1 more line later.]' : `[The guest prints ${count} more lines later.]`;

export const lineLinkTooltip = () => 'Go to When This Was Printed';
export const linePickPrompt = (line: string) =>
  `The guest has printed ${quoted(line)} several times. Select a position.`;
export const linePickDescription = ({ number, count }: { number: number; count: number }) => `${number} of ${count}`;
export const consoleEnded = () => '[The session has ended. The output stays here until the next session starts.]';
export const consoleWithoutSession = () => '[No session is running. Press F5 to start one.]';
