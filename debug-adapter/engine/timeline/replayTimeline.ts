import { assert } from '../base/assert.ts';
import type { HostLock } from '../base/host.ts';
import type { Position } from '../base/quantities.ts';
import type { Sliced } from '../base/sliced.ts';
import { pastIsFixed } from '../../messages/session.ts';
import { snapshotDiskLost, snapshotStateLost } from '../../messages/snapshots.ts';
import type { Machine } from '../machine/machine.ts';
import type { End, RunOptions, TargetStop } from '../target/target.ts';
import type { ConsoleOutput } from '../recording/consoleOutput.ts';
import type { Player } from '../recording/player.ts';
import type { RecordingReader } from '../recording/recordingReader.ts';
import type { DriveStack } from './driveStack.ts';
import type { SnapshotImage } from './snapshotImage.ts';
import type { LoggedSnapshot } from './snapshotInfo.ts';
import type { SnapshotStore } from './snapshotStore.ts';
import { endOf } from './timeline.ts';
import { MachineTimeline } from './machineTimeline.ts';
import type { TimelineFiles } from './timelineFiles.ts';
import { TimelineSnapshots } from './timelineSnapshots.ts';
import type { TimeTravel } from './timeTravel.ts';
import { runAll, runAllQuietly } from './cleanup.ts';
import type { WatchedFiles } from './watchedFiles.ts';

/**
 * A machine that replays a recording. It receives the recorded events, and each disk request and digest is compared
 * with the recorded one. The replay ends where the recording ends. The guest's writes go to scratch files. The
 * recording is never changed. Overlays are changed only to take, rename or delete a snapshot, and only while no other
 * session is reading them.
 */
export class ReplayTimeline extends MachineTimeline {
  declare readonly travel: TimeTravel;
  readonly snapshots: TimelineSnapshots;
  private player: Player;
  private reader: RecordingReader;
  private drives: readonly DriveStack[];
  /** All of the recording's images that exist. */
  private images: readonly SnapshotImage[];
  private listFiles: () => TimelineFiles;
  private lock: HostLock;
  private watched: WatchedFiles;
  /** The automatic snapshots in the log; read on first use. */
  private automaticTaken: readonly LoggedSnapshot[] | undefined;

  constructor(options: {
    machine: Machine;
    travel: TimeTravel;
    player: Player;
    reader: RecordingReader;
    drives: readonly DriveStack[];
    images: readonly SnapshotImage[];
    /** Undefined if the image with the machine state was temporary and is lost. */
    snapshots: SnapshotStore | undefined;
    listFiles: () => TimelineFiles;
    lock: HostLock;
    watched: WatchedFiles;
  }) {
    super(options);
    this.player = options.player;
    this.reader = options.reader;
    this.drives = options.drives;
    this.images = options.images;
    this.listFiles = options.listFiles;
    this.lock = options.lock;
    this.watched = options.watched;
    this.snapshots = new TimelineSnapshots({
      store: options.snapshots,
      travel: options.travel,
      automaticTaken: () => (this.automaticTaken ??= automaticTaken(this.reader)),
      noStore: snapshotStateLost,
      beforeTaking: () => this.refuseLostDisk(),
      takeAtLiveEnd: () => assert(false, 'a replay has no live end'),
      afterTaking: () => {},
      change: (action) => this.withWritableImages(action),
    });
  }

  *forward(until: Position, options?: RunOptions): Sliced<TargetStop> {
    const stop = yield* this.travel.forward(until, options);
    switch (stop.kind) {
      case 'endOfRecording':
        return { kind: 'ended', end: this.recordedEnd() };
      case 'finished':
      case 'haltedForever':
        return { kind: 'ended', end: this.checkedEnd(endOf(stop)!) };
      default:
        return stop;
    }
  }

  consoleOutput(): Iterator<ConsoleOutput> {
    return this.reader.consoleOutput();
  }

  inject(): void {
    throw pastIsFixed();
  }

  writeBack(): void {
    this.checkFiles();
  }

  checkFiles(): void {
    this.watched.check();
  }

  files(): TimelineFiles {
    return this.listFiles();
  }

  close(): void {
    runAll(this.closeSteps());
  }

  abandon(): void {
    runAllQuietly(this.closeSteps());
  }

  private closeSteps(): (() => void)[] {
    return [
      () => this.travel.close(),
      ...this.drives.map((drive) => () => drive.close()),
      ...this.images.map(
        ({ image }) =>
          () =>
            image.close(),
      ),
      () => this.reader.close(),
      () => this.lock.release(),
    ];
  }

  /**
   * Opens the images by name for writing, so they must still be the same files, and no other session may be reading
   * them.
   */
  private withWritableImages<T>(change: () => T): T {
    this.watched.checkNotLost();
    return this.lock.withExclusiveLock(change);
  }

  /** A snapshot includes all disks, so none can be taken if the overlay of a drive was temporary. */
  private refuseLostDisk(): void {
    const temporaryDrive = this.drives.find(({ options }) => !options.readOnly && options.overlay === null);
    if (temporaryDrive) throw snapshotDiskLost(temporaryDrive.options.id);
  }

  /**
   * The recording ends at this position, so the guest must be in the recorded final state, such as powered off or
   * halted forever.
   */
  private recordedEnd(): End {
    // If the machine has ended, `run` reports the end and does not advance the machine.
    const isNatural = this.player.end !== undefined && GUEST_ENDS.has(this.player.end.reason);
    const end = isNatural ? endOf(this.machine.run(this.position + 1)) : undefined;
    return end ? this.checkedEnd(end) : { reason: 'endOfRecording' };
  }

  private checkedEnd(end: End): End {
    this.player.checkEnd({ position: this.position, ...end });
    return end;
  }
}

const GUEST_ENDS: ReadonlySet<string> = new Set(['powerOff', 'guestFailed', 'reset', 'waitsForever']);

const automaticTaken = (reader: RecordingReader): LoggedSnapshot[] =>
  [...reader.entriesFrom(0, ['snapshot'])].flatMap((entry) => (entry.kind === 'snapshot' ? [entry] : []));
