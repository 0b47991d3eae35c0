import type { Host, HostLock } from '../base/host.ts';
import type { RequestLog } from '../block/blockRequest.ts';
import { Qcow2Image } from '../block/qcow2/image.ts';
import { overlayExists, recordingExists } from '../errors/drives.ts';
import { ISA } from '../machine/boot/deviceTree.ts';
import { Machine } from '../machine/machine.ts';
import { type BootFile, digestText, type HeaderToWrite } from '../recording/header.ts';
import { Recorder } from '../recording/recorder.ts';
import { RecordingWriter } from '../recording/recordingWriter.ts';
import { boot, readBootFiles } from './bootFiles.ts';
import { type BaseDisk, checkDistinct, type DriveStack, openBases, openLiveDrive } from './driveStack.ts';
import { LiveTimeline } from './liveTimeline.ts';
import type { LiveSetup, RecordSetup } from './sessionOptions.ts';
import { SnapshotStore } from './snapshotStore.ts';
import { Undo } from './undo.ts';

/** The state-only image of a recording without a writable drive. */
export const stateFileOf = (rrfile: string): string => `${rrfile}.qcow2`;

/** A machine that runs without being recorded. */
export function openRun(host: Host, setup: LiveSetup): LiveTimeline {
  const files = readBootFiles(host, setup);
  checkDistinct(host, setup.drives, [setup.kernel]);
  refuseExisting(host, setup);
  return Undo.onFailure((undo) => {
    const bases = openBases(host, setup.drives);
    const locks = lockAll(host, overlaysOf(setup), undo);
    const drives = openDrives(host, setup, bases, setup.live, undo);
    const machine = makeMachine(setup, drives, setup.live);
    boot(machine, files, setup.append);
    return new LiveTimeline({ machine, drives, locks });
  });
}

/**
 * A machine that is being recorded, with its first snapshot taken. All that can be refused is refused before anything
 * is created; an overlay or recording that exists is only replaced when `overwrite` says so.
 */
export function openRecord(host: Host, setup: RecordSetup): LiveTimeline {
  const files = readBootFiles(host, setup);
  const needsStateFile = setup.drives.every(({ readOnly }) => readOnly);
  checkDistinct(host, setup.drives, [setup.kernel, setup.rrfile, stateFileOf(setup.rrfile)]);
  refuseExisting(host, setup);
  if (!setup.overwrite && host.files.exists(setup.rrfile)) throw recordingExists(setup.rrfile);
  if (!setup.overwrite && needsStateFile && host.files.exists(stateFileOf(setup.rrfile))) {
    throw overlayExists(stateFileOf(setup.rrfile));
  }
  return Undo.onFailure((undo) => {
    const bases = openBases(host, setup.drives);
    const stateFiles = needsStateFile ? [stateFileOf(setup.rrfile)] : [];
    // Before anything is emptied: what another session uses stays as it is.
    const locks = lockAll(host, [setup.rrfile, ...stateFiles, ...overlaysOf(setup)], undo);
    const writer = openWriter(host, setup, bases, files, undo);
    const recorder = new Recorder(setup.live, writer);
    const drives = openDrives(host, setup, bases, recorder, undo);
    const machine = makeMachine(setup, drives, recorder);
    boot(machine, files, setup.append);
    const overlays = drives.flatMap(({ overlay }) => overlay ?? []);
    const stateOnly = needsStateFile ? createStateImage(host, setup.rrfile) : undefined;
    if (stateOnly) undo.add(() => stateOnly.abandon());
    const snapshots = new SnapshotStore({
      machine,
      stateImage: stateOnly ?? overlays[0],
      overlays,
      dateMilliseconds: host.dateMilliseconds,
    });
    const recording = { writer, recorder, snapshots, stateOnly };
    const timeline = new LiveTimeline({ machine, drives, locks, recording });
    timeline.start(setup.rrsnapshot);
    return timeline;
  });
}

const overlaysOf = ({ drives }: LiveSetup): string[] =>
  drives.flatMap(({ overlay }) => (overlay === null ? [] : [overlay]));

function refuseExisting(host: Host, setup: LiveSetup): void {
  if (setup.overwrite) return;
  for (const overlay of overlaysOf(setup)) {
    if (host.files.exists(overlay)) throw overlayExists(overlay);
  }
}

function lockAll(host: Host, paths: readonly string[], undo: Undo): HostLock[] {
  return paths.map((path) => {
    host.files.createFolderOf(path);
    const lock = host.files.lock(path);
    undo.add(() => lock.release());
    return lock;
  });
}

function openDrives(
  host: Host,
  setup: LiveSetup,
  bases: readonly BaseDisk[],
  log: RequestLog,
  undo: Undo,
): DriveStack[] {
  return setup.drives.map((options, i) => {
    const drive = openLiveDrive(host, options, bases[i], log);
    undo.add(() => drive.abandon());
    return drive;
  });
}

function makeMachine(setup: LiveSetup, drives: readonly DriveStack[], inputs: LiveSetup['live']): Machine {
  return new Machine({
    memoryBytes: setup.memoryBytes,
    drives: drives.map(({ filter }) => filter),
    inputs,
    onConsoleByte: setup.onConsoleByte,
  });
}

function openWriter(
  host: Host,
  setup: RecordSetup,
  bases: readonly BaseDisk[],
  files: readonly BootFile[],
  undo: Undo,
): RecordingWriter {
  const header = headerOf(setup, bases);
  const file = host.files.open(setup.rrfile, { write: true, create: 'truncate' });
  const writer = new RecordingWriter(file, host.compression);
  undo.add(() => writer.abandon());
  writer.writeHeader(header, files);
  return writer;
}

function headerOf(setup: RecordSetup, bases: readonly BaseDisk[]): HeaderToWrite {
  const isStateOnly = setup.drives.every(({ readOnly }) => readOnly);
  return {
    blkreplayVersion: setup.version,
    machine: { kind: 'virt', memoryBytes: setup.memoryBytes, harts: 1, isa: ISA },
    idle: setup.idle,
    append: setup.append,
    rrsnapshot: setup.rrsnapshot,
    stateFile: isStateOnly ? stateFileOf(setup.rrfile) : null,
    drives: setup.drives.map(({ id, format, readOnly, image, overlay }, i) => ({
      id,
      format,
      readOnly,
      image,
      overlay,
      lengthBytes: bases[i].base.lengthBytes,
      contentDigest: digestText(bases[i].baseDigest.value()),
    })),
  };
}

/** A disk of no bytes: all there is in it is VM state. */
function createStateImage(host: Host, rrfile: string): Qcow2Image {
  const file = host.files.open(stateFileOf(rrfile), { write: true, create: 'truncate' });
  return Qcow2Image.create(file, { lengthBytes: 0 });
}
