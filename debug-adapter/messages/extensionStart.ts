import { inert, quoted } from './shown.ts';

/** What the extension shows when users open the sample, a recording, a pack or a link, or start a session. */
export const sampleNotCopied = ({ folder, why }: { folder: string; why: string }) =>
  `The sample could not be copied to ${folder}: ${why}. Free some space or delete that folder, and then open the sample again.`;

// --- the editor for recordings and packs -----------------------------------------------------------------------------

export const pageTexts = {
  isRecording: () => 'A recorded run of a RISC-V machine.',
  isPack: () => 'A packed recording, with its overlays and snapshots. To replay it, unpack it first.',
  notLocal: () =>
    'Recordings can be opened only from the local file system. Save the file to a local folder and open it there.',
  kernel: () => 'Kernel',
  bios: () => 'Firmware',
  initrd: () => 'Initial RAM disk',
  append: () => 'Kernel command line',
  machine: () => 'Machine',
  machineValue: (memory: string, harts: number) => `${memory} of RAM, ${harts} ${harts === 1 ? 'hart' : 'harts'}`,
  drive: (id: string) => `Drive ${id}`,
  driveValue: (drive: { image: string; format: string; overlay: string | null }) =>
    `${drive.image} (${drive.format})${drive.overlay === null ? '' : `, overlay ${drive.overlay}`}`,
  length: () => 'Positions',
  lengthValue: (end: string) => `0 to ${end}`,
  end: () => 'End',
  endValue: (end: { reason: string; guestExit: number | null } | null) =>
    end === null
      ? 'The recording was interrupted. It can be replayed up to its last position.'
      : (END_SENTENCES[end.reason]?.(end.guestExit) ?? 'The session ended.'),
  size: () => 'File size',
  version: () => 'Recorded with blkreplay',
  snapshots: () => 'Snapshots',
  snapshotName: () => 'Name',
  snapshotPosition: () => 'Position',
  snapshotDate: () => 'Taken',
  replayButton: () => 'Replay',
  replayFrom: (position: string) => `Replay, starting at position ${position}`,
  unpackButton: () => 'Unpack and Replay...',
  openWithButton: () => 'Open With...',
};

const END_SENTENCES: Readonly<Record<string, ((guestExit: number | null) => string) | undefined>> = {
  powerOff: () => 'The guest powered off.',
  guestFailed: (guestExit) => `The guest reported failure with code ${guestExit}.`,
  reset: () => 'The guest reset the machine.',
  waitsForever: () => 'All harts were waiting for interrupts that could not occur.',
};

// --- unpacking -------------------------------------------------------------------------------------------------------

export const unpackTexts = {
  title: () => 'Unpack and Replay',
  prompt: () => 'Select where to put the files of the recording',
  newFolder: () => 'New folder next to the pack',
  temporaryFolder: () => 'Temporary folder',
  chooseFolder: () => 'Choose a Folder...',
  unpackHere: () => 'Unpack Here',
  progress: (pack: string) => `Unpacking ${pack}`,
  done: (folder: string) => `The recording was unpacked to ${folder}.`,
  baseTitle: (drive: string, image: string) => `Select the base image of drive ${drive} (${image})`,
  useBase: () => 'Use as Base Image',
};

// --- links -----------------------------------------------------------------------------------------------------------

export const linkTexts = {
  unknown: (path: string) =>
    `The link to ${quoted(path)} cannot be opened. A link to a recording starts with vscode://blkreplay.blkreplay/open.`,
  recordingMissing: () =>
    'The link does not specify a recording. Add the parameter "recording" with the absolute path of the file.',
  notLocal: (file: string) =>
    `The link names ${quoted(file)}, which is not an absolute path to a file on this computer. Copy the recording to this computer and change the link.`,
  badPosition: (position: string) =>
    `The link specifies the invalid position ${quoted(position)}. A position is a whole number.`,
  missing: (file: string) =>
    `The link names ${inert(file)}, which does not exist. Copy the recording there and open the link again.`,
  question: (name: string) => `Replay the recording ${inert(name)}?`,
  detail: (file: string, position: string | undefined) =>
    `The link opens this file${position === undefined ? '' : ` at position ${position}`}:\n\n${inert(file)}`,
  replayButton: () => 'Replay',
};

// --- after the window was reloaded -----------------------------------------------------------------------------------

export const resumeTexts = {
  offer: (session: string, position: string) => `"${session}" was at position ${position} when the window was closed.`,
  button: () => 'Resume Replay',
  nothing: () => 'There is no session to resume in this folder. Press F5 to start one.',
  recordingMissing: (file: string) => `${file} no longer exists, so the session cannot be resumed. Record again.`,
};

// --- tasks that build the program ------------------------------------------------------------------------------------

export const buildTaskTexts = {
  title: () => 'Build before each recording?',
  runCommand: (command: string) => `Run "${command}"`,
  runTask: (label: string) => `Run the task "${label}"`,
  created: () => 'Creates .vscode/tasks.json and sets "preLaunchTask" in launch.json',
  existing: () => 'Sets "preLaunchTask" in launch.json',
  no: () => 'Do not build',
};

// --- a later recording -----------------------------------------------------------------------------------------------

export const laterRecording = ({ replayed, later }: { replayed: string; later: string }) =>
  `${later} is newer than ${replayed}, which is being replayed.`;
export const replayLaterButton = (later: string) => `Replay ${later}`;
