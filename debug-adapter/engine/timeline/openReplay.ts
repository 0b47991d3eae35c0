import type { FileUse, Host, HostLock } from '../base/host.ts';
import type { Qcow2Image } from '../block/qcow2/image.ts';
import {
  overlayGiven,
  overlayMissing,
  snapshotBeyondEnd,
  snapshotNotInOverlay,
  overlayTexts,
} from '../../messages/drives.ts';
import { bootFileDiffers, recordedInstructionsUnknown } from '../../messages/recording.ts';
import { assignSlots } from '../machine/board.ts';
import { unsupportedIn } from '../machine/cpu/extensions.ts';
import { Machine } from '../machine/machine.ts';
import { RAM_PART } from '../machine/machineDigest.ts';
import { QEMU_DEVICES_VERSION } from '../recording/chunk.ts';
import { digestText, type RecordedDrive } from '../recording/header.ts';
import { Player } from '../recording/player.ts';
import { RecordingReader } from '../recording/recordingReader.ts';
import { checkMachineMatches } from '../recording/sameMachine.ts';
import { bootPlan, changedBootFiles, recordedBootFiles } from './bootFiles.ts';
import {
  withAllowedDrives,
  type BaseDisk,
  type DriveOptions,
  type DriveStack,
  openBases,
  openReplayDrive,
  recordedSlot,
} from './driveStack.ts';
import { activityText, basesInUse, inUse, lockForSession } from './filesInUse.ts';
import { withRecordedSetting, hasInternalSnapshots, refuseOwnOverlay } from './internalSnapshots.ts';
import { RamSnapshots } from './ramSnapshots.ts';
import { ReplayTimeline } from './replayTimeline.ts';
import { RequestLogSwitch } from './requestLogSwitch.ts';
import { NO_RNG_SEED, type ReplaySetup, stateFileOf } from './sessionOptions.ts';
import { openRecordedImage, type SnapshotImage } from './snapshotImage.ts';
import { SnapshotImages } from './snapshotImages.ts';
import type { SnapshotId } from './snapshotInfo.ts';
import { SnapshotStore } from './snapshotStore.ts';
import { filesOfDrive, type TimelineFiles } from './timelineFiles.ts';
import type { History } from './history.ts';
import { TimeTravel } from './timeTravel.ts';
import { type OpenSnapshot, TravelDisk } from './travelDisk.ts';
import { Cleanup } from './cleanup.ts';
import { WatchedFiles } from './watchedFiles.ts';

/**
 * Opens a recording for replay, at the snapshot from which the replay starts. Accepts the same options as recording.
 * Compares the drives' base images with the digests in the recording's header, so that a changed base is rejected
 * immediately instead of causing a divergence later. All files are opened read-only; taking, renaming or deleting a
 * snapshot opens the overlays for writing. Throws a UserError for invalid options, and for files that do not match the
 * recording.
 */
export function openReplay(anyHost: Host, given: ReplaySetup): ReplayTimeline {
  refuseOwnOverlay(given.drives);
  const host = withAllowedDrives(anyHost, given.drives);
  return Cleanup.onFailure((undo) => {
    const reader = openReader(host, given.rrfile, undo);
    const setup = { ...given, drives: withRecordedSetting(given.drives, reader.header) };
    const imagePaths = imagesOf(setup, reader);
    refuseMissing(host, imagePaths, setup.rrfile);
    const used = filesUsed(host, setup, imagePaths);
    const lock = lockForSession(host, used, activityText('replaying', setup.rrfile), undo);
    const watched = new WatchedFiles(host, used, setup.onNotice).start();
    const bases = openBases(host, setup.drives, reader.header.rrsnapshot);
    undo.add(() => bases.forEach(({ base }) => base.close()));
    checkOptionsMatch(setup, reader, bases);
    notifyChangedBootFiles(host, setup, reader);
    const player = new Player(reader);
    const images = openImages(host, imagePaths, { lock, undo });
    const stateImage = hasMachineState(reader) ? images[0] : undefined;
    const recordedImages = stateImage && new SnapshotImages(stateImage, images, reader.header.rrsnapshot);
    const snapshot = stateImage && firstSnapshot(setup, reader, stateImage.image);
    const overlayOf = ({ id }: DriveOptions) => images.find(({ driveId }) => driveId === id)?.image;
    const log = new RequestLogSwitch(player);
    const drives = setup.drives.map((options, i): DriveStack => {
      const overlay = overlayOf(options);
      const view = overlay && snapshot !== undefined ? recordedImages?.open(snapshot, options.id) : undefined;
      const drive = openReplayDrive(host, options, { ...bases[i], overlay, snapshot: view }, log);
      // The drive's base need not be closed here; it is closed together with all drives' base images.
      undo.add(() => drive.scratch?.close());
      return drive;
    });
    const machine = new Machine({
      memoryBytes: reader.header.machine.memoryBytes,
      harts: reader.header.machine.harts,
      isa: reader.header.machine.isa,
      mmu: reader.header.machine.mmu,
      drives: drives.map(({ filter }) => filter),
      driveSlots: assignSlots(setup.drives),
      rng: reader.header.machine.rng,
      devices: reader.header.formatVersion < QEMU_DEVICES_VERSION ? 'before5' : 'current',
      noReboot: reader.header.machine.noReboot,
      semihosting: reader.header.machine.semihosting,
      inputs: player,
      onConsoleByte: setup.onConsoleByte,
      translationThreshold: setup.translationThreshold,
    });
    const ramSnapshots = new RamSnapshots(machine.ram);
    const snapshots =
      recordedImages &&
      new SnapshotStore({
        ...{ machine, images: recordedImages, first: reader.header.rrsnapshot, startedFrom: snapshot },
        end: reader.lastPosition,
        dateMilliseconds: host.dateMilliseconds,
      });
    const { append, machine: recorded } = reader.header;
    // The boot files are also required if the replay starts from a snapshot, because the guest may reset the machine.
    const { memoryBytes, harts, isa, mmu, rngSeed } = recorded;
    machine.powerOn(bootPlan(recordedBootFiles(host, reader), { append, memoryBytes, harts, isa, mmu, rngSeed }));
    if (snapshots && snapshot !== undefined) {
      const { state, ram } = snapshots.load(snapshot);
      ramSnapshots.restore(ram);
      machine.loadState(state);
    }
    const travel = new TimeTravel({
      ...{ machine, ram: ramSnapshots, log, isLive: false, budget: setup.travelBudget, pace: setup.cachePace },
      disks: drives.map((drive) => {
        const { options } = drive;
        const openSnapshot: OpenSnapshot | undefined =
          snapshots && overlayOf(options) && ((id) => snapshots.openDisk(id, options.id));
        return travelDisk(host, drive, { openSnapshot, snapshot });
      }),
      history: replayHistory(player, setup, snapshots, reader),
    });
    travel.addCached({ id: snapshot, state: machine.saveState(), ram: ramSnapshots.capture() });
    player.seek(machine.position);
    const listFiles = (): TimelineFiles => ({
      rrfile: setup.rrfile,
      stateFile: reader.header.stateFile === null ? null : stateFileOf(setup.rrfile),
      drives: setup.drives.map((options) => filesOfDrive(host, options, overlayOf(options))),
    });
    return new ReplayTimeline({ machine, travel, player, reader, drives, images, snapshots, lock, watched, listFiles });
  });
}

/**
 * A replay's history. If a writable drive had a temporary overlay, only its initial disk is available, so none of the
 * recording's snapshots can be used.
 */
function replayHistory(
  player: Player,
  { drives }: ReplaySetup,
  snapshots: SnapshotStore | undefined,
  reader: RecordingReader,
): History {
  const hasDiskSnapshots = drives.every(({ readOnly, overlay }) => readOnly || overlay !== null);
  return {
    savedSnapshots: () => (snapshots && hasDiskSnapshots ? snapshots.savedSnapshots() : []),
    readSnapshot: (id, known) => snapshots!.readSnapshot(id, known),
    openPlayer: () => ({ player, close: () => {} }),
    end: () => player.lastPosition,
    ramDigestAt: (position) => {
      const [digest] = reader.entriesFrom(position, ['digest']);
      if (digest?.kind !== 'digest' || digest.position !== position) return undefined;
      return digest.parts.find(({ name }) => name === RAM_PART)?.value;
    },
  };
}

function travelDisk(
  host: Host,
  { filter, base, baseDigest, imageRanges, scratch, options }: DriveStack,
  from: { openSnapshot: OpenSnapshot | undefined; snapshot: SnapshotId | undefined },
): TravelDisk {
  return new TravelDisk({
    filter,
    base: { base, baseDigest, imageRanges },
    openSnapshot: from.openSnapshot,
    openScratch: () => host.files.temporary(`${options.id}.past`),
    currentSnapshot: scratch && { layer: scratch, snapshot: from.snapshot },
  });
}

function openReader(host: Host, rrfile: string, undo: Cleanup): RecordingReader {
  const file = host.files.open(rrfile, { write: false, create: 'never' });
  undo.add(() => file.close());
  return new RecordingReader(file, host.compression);
}

/** The replay uses the recorded files, but after a build the user may expect it to use the newly built ones. */
function notifyChangedBootFiles(host: Host, setup: ReplaySetup, reader: RecordingReader): void {
  for (const changed of changedBootFiles(host, reader.header, setup)) {
    setup.onNotice?.(bootFileDiffers(changed));
  }
}

function checkOptionsMatch(setup: ReplaySetup, reader: RecordingReader, bases: readonly BaseDisk[]): void {
  const { header } = reader;
  const unknown = unsupportedIn(header.machine.isa);
  if (unknown !== undefined) throw recordedInstructionsUnknown({ file: setup.rrfile, unknown });
  const driveSlots = assignSlots(setup.drives);
  checkMachineMatches(setup.rrfile, header, {
    machine: {
      ...{ memoryBytes: setup.memoryBytes ?? undefined, harts: setup.harts ?? undefined },
      rngSeed: requestedSeed(setup),
      // If one of these options is omitted, the recorded setting applies. No option disables a recorded setting.
      ...{ noReboot: setup.noReboot || undefined, semihosting: setup.semihosting || undefined },
    },
    append: setup.append ?? undefined,
    kernelAddress: setup.kernelAddress ?? undefined,
    loads: setup.load?.length ? setup.load.map(({ address }) => address) : undefined,
    drives: setup.drives.map(({ id, format, readOnly, image }, i) => ({
      id,
      format,
      readOnly,
      image,
      ...recordedSlot(driveSlots[i]),
      lengthBytes: bases[i].base.lengthBytes,
      contentDigest: digestText(bases[i].baseDigest.value()),
    })),
  });
  header.drives.forEach((recorded, i) => checkOverlayMatches(recorded, setup.drives[i]));
}

/** The seed given by the user; undefined if none was given. */
const requestedSeed = ({ rngSeed }: ReplaySetup): string | null | undefined =>
  rngSeed === NO_RNG_SEED ? null : (rngSeed ?? undefined);

function checkOverlayMatches(recorded: RecordedDrive, given: DriveOptions): void {
  if ((recorded.overlay === null) === (given.overlay === null)) return;
  const say = (overlay: string | null): string =>
    overlay === null ? overlayTexts.none() : overlayTexts.named(overlay);
  throw overlayGiven({ drive: given.id, recorded: say(recorded.overlay), given: say(given.overlay) });
}

interface ImagePath {
  id?: string;
  path: string;
  isShared?: boolean;
}

/** The images with the recording's snapshots, starting with the one that has the machine state. */
function imagesOf(setup: ReplaySetup, reader: RecordingReader): ImagePath[] {
  const imagePaths: ImagePath[] = setup.drives.flatMap((drive) =>
    drive.overlay === null ? [] : [{ id: drive.id, path: drive.overlay, isShared: hasInternalSnapshots(drive) }],
  );
  // The state-only image belongs to no drive.
  if (reader.header.stateFile !== null) imagePaths.unshift({ path: stateFileOf(setup.rrfile) });
  return imagePaths;
}

function refuseMissing(host: Host, imagePaths: readonly ImagePath[], rrfile: string): void {
  const missing = imagePaths.find(({ path }) => !host.files.exists(path));
  if (missing) throw overlayMissing(missing.path, rrfile);
}

const filesUsed = (host: Host, { rrfile, drives }: ReplaySetup, imagePaths: readonly ImagePath[]): FileUse[] => [
  ...inUse('reads', [rrfile, ...imagePaths.map(({ path }) => path)]),
  ...basesInUse(host, drives),
];

function openImages(
  host: Host,
  imagePaths: readonly ImagePath[],
  { lock, undo }: { lock: HostLock; undo: Cleanup },
): SnapshotImage[] {
  return imagePaths.map(({ id, path, isShared }) => {
    const opened = openRecordedImage(host, path, id, { isShared, lock });
    undo.add(() => opened.image.close());
    return opened;
  });
}

/**
 * The snapshot to start from. Undefined means that the replay starts at power-on, which needs only the boot files in
 * the recording. This is the case if the overlays were temporary, so that no snapshots remain, or if the process was
 * killed before it took the first snapshot.
 */
function firstSnapshot(setup: ReplaySetup, reader: RecordingReader, stateImage: Qcow2Image): SnapshotId | undefined {
  const name = setup.rrsnapshot ?? reader.header.rrsnapshot;
  const entry = stateImage.snapshots.list.find((snapshot) => snapshot.name === name);
  if (entry) {
    const [overlay, { icount: position = 0 }, end] = [stateImage.name, entry, reader.lastPosition];
    if (position > end) throw snapshotBeyondEnd({ overlay, snapshot: name, position, rrfile: setup.rrfile, end });
    return entry.id;
  }
  const wasTaken = !reader.entriesFrom(0, ['snapshot']).next().done;
  if (!wasTaken && name === reader.header.rrsnapshot) return undefined;
  const known = stateImage.snapshots.list.map((snapshot) => snapshot.name);
  throw snapshotNotInOverlay({ overlay: stateImage.name, snapshot: name, known });
}

/** The machine state is in the first writable drive's overlay; if that was temporary, the state is lost. */
function hasMachineState(reader: RecordingReader): boolean {
  const { stateFile, drives } = reader.header;
  return stateFile !== null || drives.find(({ readOnly }) => !readOnly)?.overlay !== null;
}
