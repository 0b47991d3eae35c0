import type { FileUse, Host } from '../base/host.ts';
import { FIRST_SNAPSHOT_DEFAULT } from '../base/snapshotNames.ts';
import type { RequestLog } from '../block/blockRequest.ts';
import { Qcow2Image, type SnapshotKey } from '../block/qcow2/image.ts';
import { assignSlots } from '../machine/board.ts';
import { ISA } from '../machine/cpu/extensions.ts';
import { MMU } from '../machine/cpu/satp.ts';
import { Machine } from '../machine/machine.ts';
import { type BootFile, checkHeaderLength, digestText, type HeaderFields } from '../recording/header.ts';
import { Recorder } from '../recording/recorder.ts';
import { Player } from '../recording/player.ts';
import { RecordingReader } from '../recording/recordingReader.ts';
import { RecordingWriter } from '../recording/recordingWriter.ts';
import {
  bootPlan,
  namesOfBootFiles,
  readBootFiles,
  notifyUnusedAddresses,
  resolveRngSeed,
  type SessionBootFiles,
} from './bootFiles.ts';
import {
  withAllowedDrives,
  type BaseDisk,
  type DriveStack,
  openBases,
  openLiveDrive,
  recordedSlot,
} from './driveStack.ts';
import { activityText, basesInUse, inUse, lockForSession } from './filesInUse.ts';
import { LiveRecording } from './liveRecording.ts';
import { LiveTimeline } from './liveTimeline.ts';
import { NewFiles } from './newFiles.ts';
import { newOutputOnly } from './newOutputOnly.ts';
import { RamSnapshots } from './ramSnapshots.ts';
import { RequestLogSwitch } from './requestLogSwitch.ts';
import {
  refuseOwnOverlay,
  hasInternalSnapshots,
  refuseExistingName,
  withInternalSnapshots,
} from './internalSnapshots.ts';
import { type LiveSetup, type RecordSetup, stateFileOf } from './sessionOptions.ts';
import { liveImage } from './snapshotImage.ts';
import { SnapshotImages } from './snapshotImages.ts';
import { automaticSnapshots } from './snapshotInfo.ts';
import { SnapshotStore } from './snapshotStore.ts';
import { filesOfDrive, type TimelineFiles } from './timelineFiles.ts';
import type { History } from './history.ts';
import { TimeTravel } from './timeTravel.ts';
import { type OpenSnapshot, TravelDisk } from './travelDisk.ts';
import { Cleanup } from './cleanup.ts';
import { WatchedFiles } from './watchedFiles.ts';
import { checkWriteTargets, needsStateFile, type WriteTargets, writeTargets } from './writeTargets.ts';

/** Opens a machine that runs without a recording. Throws a UserError for invalid options and files. */
export function openRun(anyHost: Host, setup: LiveSetup): LiveTimeline {
  refuseOwnOverlay(setup.drives);
  const host = withAllowedDrives(anyHost, setup.drives);
  const files = readBootFiles(host, setup, setup.memoryBytes);
  const plan = bootPlan(files, { ...setup, rngSeed: resolveRngSeed(host, setup.rngSeed) });
  notifyUnusedAddresses(files, setup.onNotice);
  const targets = writeTargets(setup, undefined);
  checkWriteTargets(host, setup, targets);
  return Cleanup.onFailure((undo) => {
    const used = filesUsed(host, setup, targets);
    const lock = lockForSession(host, used, activityText('running', namesOfBootFiles(setup)[0] ?? 'a machine'), undo);
    const bases = openBases(host, setup.drives);
    undo.add(() => bases.forEach(({ base }) => base.close()));
    const newFiles = new NewFiles(host, undo);
    const drives = openDrives(host, setup, bases, setup.live, { newFiles, undo });
    const machine = makeMachine(setup, drives, setup.live);
    machine.powerOn(plan);
    newFiles.publish({ replaces: setup.overwrite, lock });
    const watched = new WatchedFiles(host, used, setup.onNotice).start();
    return new LiveTimeline({ machine, drives, lock, watched, listFiles: () => filesOf(host, drives) });
  });
}

/**
 * Opens a machine that is recorded, and takes its first snapshot. Throws a UserError for invalid options and files
 * before anything is created. An existing overlay or recording is replaced only with `overwrite`, and only after
 * everything that can fail has succeeded.
 */
export function openRecord(anyHost: Host, wanted: RecordSetup): LiveTimeline {
  refuseOwnOverlay(wanted.drives);
  const host = withAllowedDrives(anyHost, wanted.drives);
  const setup = resolveOptions(host, wanted);
  let files: SessionBootFiles | undefined = readBootFiles(host, setup, setup.memoryBytes);
  const plan = bootPlan(files, setup);
  notifyUnusedAddresses(files, setup.onNotice);
  const targets = writeTargets(setup, setup.rrfile);
  checkWriteTargets(host, setup, targets);
  return Cleanup.onFailure((undo) => {
    // Lock the files before any of them is opened for writing, so that files in use by another session stay unchanged.
    const used = filesUsed(host, setup, targets);
    const lock = lockForSession(host, used, activityText('recording', setup.rrfile), undo);
    const bases = openBases(host, setup.drives);
    undo.add(() => bases.forEach(({ base }) => base.close()));
    if (!setup.overwrite) refuseExistingName(setup.drives, bases, setup.rrsnapshot);
    checkSnapshotSpace(setup, bases);
    const newFiles = new NewFiles(host, undo);
    const writer = openWriter(host, setup, bases, files!.files, { newFiles, undo });
    // Drop this reference, because the closures below would otherwise keep the files in memory.
    files = undefined;
    const recorder = new Recorder(setup.live, writer);
    const log = new RequestLogSwitch(recorder);
    const drives = openDrives(host, setup, bases, log, { newFiles, undo });
    const machine = makeMachine({ ...setup, onConsoleByte: recordingOutput(setup, writer) }, drives, recorder);
    const images = new RamSnapshots(machine.ram);
    machine.powerOn(plan);
    for (const { overlay, options } of drives) {
      if (overlay && hasInternalSnapshots(options)) deleteReplaced(overlay, setup, undo);
    }
    const overlays = drives.flatMap(({ overlay, options }) =>
      overlay ? [liveImage(overlay, options.id, { isShared: hasInternalSnapshots(options) })] : [],
    );
    const stateOnly = needsStateFile(setup) ? createStateImage(setup.rrfile, newFiles) : undefined;
    if (stateOnly) undo.add(() => stateOnly.closeWithoutWriting());
    const stateImage = stateOnly ? liveImage(stateOnly) : overlays[0];
    const snapshots = new SnapshotStore({
      machine,
      images: new SnapshotImages(stateImage, overlays, setup.rrsnapshot),
      first: setup.rrsnapshot,
      dateMilliseconds: host.dateMilliseconds,
    });
    const { pace, cachePace, snapshotBudget, onNotice } = setup;
    const watched = new WatchedFiles(host, used, onNotice);
    const travel = new TimeTravel({
      ...{ machine, ram: images, log, isLive: true, budget: setup.travelBudget, pace: cachePace },
      disks: drives.map((drive) => travelDisk(host, drive, snapshots)),
      history: liveHistory(host, setup, { machine, writer, snapshots, watched }),
    });
    const recording = new LiveRecording(
      { writer, recorder, snapshots, travel, ramSnapshots: images, stateOnly },
      { machine, watched, pace, snapshotBudget, onNotice },
    );
    const listFiles = () => filesOf(host, drives, setup);
    const timeline = new LiveTimeline({ machine, drives, lock, watched, recording, listFiles });
    recording.start(setup.rrsnapshot);
    newFiles.publish({ replaces: setup.overwrite, lock });
    watched.start();
    return timeline;
  });
}

/** The options with all defaults resolved. */
type ResolvedRecord = RecordSetup & { rrsnapshot: string; rngSeed: string | null };

function resolveOptions(host: Host, wanted: RecordSetup): ResolvedRecord {
  const setup = { ...wanted, rngSeed: resolveRngSeed(host, wanted.rngSeed) };
  if (setup.rrsnapshot === null) return { ...setup, rrsnapshot: FIRST_SNAPSHOT_DEFAULT };
  return { ...setup, rrsnapshot: setup.rrsnapshot, drives: withInternalSnapshots(setup.drives) };
}

/** The history of a live machine, which is the recording so far. */
function liveHistory(
  host: Host,
  { rrfile }: RecordSetup,
  live: { machine: Machine; writer: RecordingWriter; snapshots: SnapshotStore; watched: WatchedFiles },
): History {
  return {
    savedSnapshots: () => live.snapshots.savedSnapshots(),
    readSnapshot: (id, known) => live.snapshots.readSnapshot(id, known),
    openPlayer: () => {
      live.writer.flush(live.machine.position);
      live.watched.refuseLostRecording(rrfile);
      const file = host.files.open(rrfile, { write: false, create: 'never' });
      const reader = new RecordingReader(file, host.compression, live.writer.contents());
      return { player: new Player(reader), close: () => reader.close() };
    },
    end: () => live.machine.position,
    writtenRam: () => live.snapshots.writtenRam,
  };
}

function travelDisk(
  host: Host,
  { filter, base, baseDigest, imageRanges, overlay, options }: DriveStack,
  snapshots: SnapshotStore,
): TravelDisk {
  const openSnapshot: OpenSnapshot | undefined = overlay && ((id) => snapshots.openDisk(id, options.id));
  const openScratch = () => host.files.temporary(`${options.id}.scratch`);
  return new TravelDisk({ filter, base: { base, baseDigest, imageRanges }, openSnapshot, openScratch });
}

function filesOf(host: Host, drives: readonly DriveStack[], recorded?: RecordSetup): TimelineFiles {
  return {
    rrfile: recorded?.rrfile ?? null,
    stateFile: recorded && needsStateFile(recorded) ? stateFileOf(recorded.rrfile) : null,
    drives: drives.map(({ options, overlay }) => filesOfDrive(host, options, overlay)),
  };
}

/** Before anything is created, rejects a user's image that cannot store the first snapshot. */
function checkSnapshotSpace(setup: ResolvedRecord, bases: readonly BaseDisk[]): void {
  setup.drives.forEach((drive, i) => {
    const { base } = bases[i];
    if (!hasInternalSnapshots(drive) || !(base instanceof Qcow2Image)) return;
    base.snapshots.checkSpace(setup.rrsnapshot, snapshotsToDelete(base, setup));
  });
}

/**
 * Makes room in the user's own image: deletes automatic snapshots from an earlier recording, and the snapshot that the
 * new first snapshot replaces. If opening the session fails later, the new first snapshot is also deleted.
 */
function deleteReplaced(image: Qcow2Image, setup: ResolvedRecord, undo: Cleanup): void {
  image.vmState.unmap();
  const replaced = snapshotsToDelete(image, setup);
  if (replaced.length > 0) image.snapshots.deleteMany(replaced);
  undo.add(() => {
    const isTaken = image.snapshots.list.some(({ name }) => name === setup.rrsnapshot);
    if (isTaken) image.snapshots.delete(setup.rrsnapshot);
  });
}

/**
 * The snapshots to delete from the user's own image: automatic ones from an earlier recording, and the one that the
 * new first snapshot replaces.
 */
function snapshotsToDelete(image: Qcow2Image, { rrsnapshot, overwrite }: ResolvedRecord): SnapshotKey[] {
  const replaced = overwrite ? image.snapshots.list.filter(({ name }) => name === rrsnapshot) : [];
  return [...automaticSnapshots(image), ...replaced];
}

const filesUsed = (host: Host, { drives }: LiveSetup, { overlays, images, recording }: WriteTargets): FileUse[] => [
  ...inUse('writes', [...recording, ...overlays, ...images]),
  ...basesInUse(host, drives),
];

/** The files that a session creates while it is being opened, and the cleanup steps to run if opening fails. */
interface Creation {
  newFiles: NewFiles;
  undo: Cleanup;
}

function openDrives(
  host: Host,
  setup: LiveSetup,
  bases: readonly BaseDisk[],
  log: RequestLog,
  { newFiles, undo }: Creation,
): DriveStack[] {
  return setup.drives.map((options, i) => {
    const drive = openLiveDrive(host, options, { ...bases[i], log, newFiles });
    undo.add(() => drive.abandon());
    return drive;
  });
}

/**
 * Returns a callback that also records console output. Output that the machine repeats in its history is not recorded
 * again.
 */
function recordingOutput({ onConsoleByte }: RecordSetup, writer: RecordingWriter): RecordSetup['onConsoleByte'] {
  const record = newOutputOnly((byte, position) => writer.printed(byte, position));
  return (byte, position, index) => {
    record(byte, position, index);
    onConsoleByte(byte, position, index);
  };
}

function makeMachine(setup: LiveSetup, drives: readonly DriveStack[], inputs: LiveSetup['live']): Machine {
  return new Machine({
    memoryBytes: setup.memoryBytes,
    harts: setup.harts,
    drives: drives.map(({ filter }) => filter),
    driveSlots: assignSlots(setup.drives),
    rng: setup.rng,
    devices: setup.devices,
    noReboot: setup.noReboot,
    semihosting: setup.semihosting,
    inputs,
    onConsoleByte: setup.onConsoleByte,
    translationThreshold: setup.translationThreshold,
  });
}

function openWriter(
  host: Host,
  setup: ResolvedRecord,
  bases: readonly BaseDisk[],
  files: readonly BootFile[],
  { newFiles, undo }: Creation,
): RecordingWriter {
  const header = headerOf(setup, bases);
  checkHeaderLength(header, files, setup.rrfile);
  const file = newFiles.create(setup.rrfile);
  const writer = new RecordingWriter(file, host.compression);
  undo.add(() => writer.closeUnfinished());
  writer.writeHeader(header, files);
  return writer;
}

function headerOf(setup: ResolvedRecord, bases: readonly BaseDisk[]): HeaderFields {
  const driveSlots = assignSlots(setup.drives);
  const { memoryBytes } = setup;
  return {
    blkreplayVersion: setup.version,
    machine: {
      ...{ kind: 'virt', memoryBytes, harts: setup.harts ?? 1, isa: ISA, mmu: MMU, rng: setup.rng ?? false },
      ...{ rngSeed: setup.rngSeed, noReboot: setup.noReboot ?? false, semihosting: setup.semihosting ?? false },
    },
    idle: setup.idle,
    append: setup.append,
    rrsnapshot: setup.rrsnapshot,
    stateFile: needsStateFile(setup) ? stateFileOf(setup.rrfile) : null,
    drives: setup.drives.map(({ id, format, readOnly, image, overlay }, i) => ({
      id,
      format,
      readOnly,
      image,
      overlay,
      ...recordedSlot(driveSlots[i]),
      lengthBytes: bases[i].base.lengthBytes,
      contentDigest: digestText(bases[i].baseDigest.value()),
    })),
  };
}

/** An image that contains only VM state; its disk is empty. */
function createStateImage(rrfile: string, newFiles: NewFiles): Qcow2Image {
  return Qcow2Image.create(newFiles.create(stateFileOf(rrfile)), { lengthBytes: 0 });
}
