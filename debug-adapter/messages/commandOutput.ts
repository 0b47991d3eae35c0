import { counted } from './shown.ts';

/** Human-readable results that the command line prints. With `--json`, it prints the same results as JSON. */

export const errorLine = (message: string) => `blkreplay: ${message}\n`;

export const gdbServerLine = (name: string) => `gdb server on ${name}\n`;

/** `trace` is the error with its stack trace, on several lines. */
export const ownMistakeText = (trace: string) =>
  `blkreplay: This is a bug in blkreplay. Report it with this text:\n${trace}\n`;

export const deviceTreeWritten = (file: string) => `Wrote the device tree to ${file}.\n`;

// --- the end of run, record and replay -----------------------------------------------------------------------------

const PAST = { run: 'Ran', record: 'Recorded', replay: 'Replayed' };

export const summarySentence = (summary: {
  command: 'run' | 'record' | 'replay';
  position: number;
  seconds: number;
  snapshotCount: number;
  /** One of `endReasons`. */
  reason: string;
}) =>
  `${PAST[summary.command]} to position ${summary.position} in ${summary.seconds.toFixed(2)} s` +
  `${summary.snapshotCount > 0 ? `, ${counted(summary.snapshotCount, 'snapshot')}` : ''}: ${summary.reason}.\n`;

export const endReasons = {
  powerOff: () => 'the guest powered off',
  guestFailed: (exitCode: number | undefined) => `the guest reported failure with code ${exitCode}`,
  reset: () => 'the guest requested a reset, and --no-reboot was given',
  haltedForever: () => 'all harts are waiting for interrupts that cannot occur',
  stopAt: () => 'the --stop-at position was reached',
  endOfRecording: () => 'the recording ends here',
  interrupted: () => 'interrupted',
};

// --- commands for files --------------------------------------------------------------------------------------------

/** Each string is a sentence without the final period. */
export const doneTexts = {
  created: (overlay: string, base: string) => `Created the empty overlay ${overlay} with the base image ${base}`,
  committed: (overlay: string) => `Committed ${overlay} to its base image and emptied the overlay`,
  discarded: (overlay: string) => `Emptied ${overlay}`,
  rebased: (overlay: string, base: string) => `${overlay} now has the base image ${base}`,
  applied: (file: string, snapshot: string) => `Applied the snapshot "${snapshot}" of ${file}`,
  renamed: (name: string, newName: string) => `Renamed the snapshot "${name}" to "${newName}"`,
  deleted: (name: string) => `Deleted the snapshot "${name}"`,
};

const KINDS = {
  recording: 'a blkreplay recording',
  overlay: 'a blkreplay overlay',
  state: 'a blkreplay snapshot file',
  pack: 'a packed blkreplay recording',
};

export const identifiedText = (file: string, kind: keyof typeof KINDS | null, inUse: string | null) =>
  `${file} is ${kind === null ? 'not a blkreplay file' : KINDS[kind]}.\n${inUse === null ? '' : `${inUse}\n`}`;

export const packedText = (pack: string, files: readonly { name: string; path: string }[]) =>
  `Packed into ${pack}:\n${files.map(({ name, path }) => `  ${name}: ${path}\n`).join('')}`;

export const unpackedText = (rrfile: string, drives: readonly string[]) =>
  `Replay it with:\n  blkreplay replay --rrfile ${rrfile}${drives.map((drive) => ` \\\n  --drive ${drive}`).join('')}\n`;

export const checkedText = (
  overlay: string,
  found: { leaks: number; repairedErrors: number; repairedLeaks: number },
) => {
  const left = found.leaks > 0 ? ` It has ${counted(found.leaks, 'leaked cluster')}, which --repair frees.` : '';
  const repaired = [
    ...(found.repairedErrors > 0 ? [counted(found.repairedErrors, 'error')] : []),
    ...(found.repairedLeaks > 0 ? [counted(found.repairedLeaks, 'leaked cluster')] : []),
  ].join(' and ');
  return `${overlay} has no errors.${left}\n${repaired === '' ? '' : `Repaired: ${repaired}.\n`}`;
};

export const overlayLines = {
  heading: (overlay: string, size: { virtualBytes: number; fileBytes: number }) =>
    `${overlay}: qcow2 overlay, disk size ${size.virtualBytes} bytes, file size ${size.fileBytes} bytes`,
  clusters: (size: { clusterBytes: number; allocatedBytes: number }) =>
    `  clusters   ${size.clusterBytes} bytes each; the overlay contains ${size.allocatedBytes} bytes of the disk`,
  base: (file: string, format: string, state: { virtualBytes: number } | { problem: string }) =>
    `  base       ${file} (${format}, ${'problem' in state ? `not opened: ${state.problem}` : `${state.virtualBytes} bytes`})`,
  recording: (keepsRecording: boolean) =>
    `  recording  ${keepsRecording ? 'replays start from its snapshots' : 'none'}`,
  snapshots: () => '  snapshots',
};

export const snapshotTexts = {
  none: () => 'no snapshots\n',
  position: (position: number | null) => (position === null ? 'not taken during a recording' : `position ${position}`),
  ours: (stateBytes: number) => `${stateBytes} bytes of machine state`,
  foreign: (stateBytes: number) =>
    `${stateBytes} bytes of another program's machine state, which blkreplay cannot load`,
  diskOnly: () => 'disk only',
  beyondEnd: () => ', past the end of the recording, so no replay can start from it',
};

export const mapTexts = {
  zeroes: () => 'zeroes',
  compressed: () => 'compressed data',
  data: (offset: number | undefined) => `data at ${offset}`,
  inFile: (what: string, depth: number) => `${what} in ${depth === 0 ? 'overlay' : `base ${depth}`}`,
  nowhere: () => 'zeroes, not in any file',
};

// --- info ----------------------------------------------------------------------------------------------------------

export const infoLines = {
  heading: (rrfile: string, version: string, format: number) =>
    `${rrfile}: recorded by blkreplay ${version}, format ${format}`,
  machine: (machine: {
    kind: string;
    harts: number;
    memoryBytes: number;
    isa: string;
    mmu?: string;
    rng?: boolean;
    noReboot?: boolean;
    semihosting?: boolean;
  }) =>
    `  machine    ${[
      machine.kind,
      counted(machine.harts, 'hart'),
      `${machine.memoryBytes >> 20} MiB`,
      machine.isa,
      ...(machine.mmu === undefined ? [] : [machine.mmu]),
      ...(machine.rng ? ['virtio-rng'] : []),
      ...(machine.noReboot ? ['no reboot'] : []),
      ...(machine.semihosting ? ['semihosting'] : []),
    ].join(', ')}`,
  bootFile: (file: { role: string; name: string; lengthBytes: number; address?: number }) =>
    `  ${file.role.padEnd(10)} ${file.name} (${counted(file.lengthBytes, 'byte')}` +
    `${file.address === undefined ? '' : ` at 0x${file.address.toString(16)}`}, in the recording)`,
  seed: (seed: string | null | undefined) => `  rng-seed   ${seed ?? 'none'}`,
  append: (text: string) => `  append     ${text}`,
  drive: (drive: {
    id: string;
    image: string;
    format: string;
    lengthBytes: number;
    overlay: string | null;
    readOnly: boolean;
    slot?: number;
    virtio?: string;
  }) =>
    `  drive      ${drive.id}: ${drive.image} (${drive.format}, ${drive.lengthBytes} bytes), ` +
    `${drive.readOnly ? 'read-only' : drive.overlay ? `overlay ${drive.overlay}` : 'temporary overlay'}, ` +
    `slot ${drive.slot}, ${drive.virtio}`,
  stateFile: (file: string) => `  snapshots in ${file}`,
  positions: (last: number, complete: boolean) =>
    `  positions  0 to ${last}${complete ? '' : ' (not closed properly)'}`,
  end: (reason: string | undefined) => `  end        ${reason ?? 'not recorded'}`,
  snapshots: (names: readonly string[], deleted: number) =>
    `  snapshots  ${names.join(', ') || 'none'}` +
    (deleted === 0 ? '' : ` (${counted(deleted, 'automatic snapshot')} deleted)`),
  log: (counts: Readonly<Record<string, number>>) =>
    `  log        ${Object.entries(counts)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(', ')}`,
};
