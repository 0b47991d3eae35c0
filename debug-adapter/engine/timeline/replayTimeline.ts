import type { HostLock } from '../base/host.ts';
import type { Position } from '../base/quantities.ts';
import type { Qcow2Image } from '../block/qcow2/image.ts';
import { pastIsFixed } from '../errors/session.ts';
import type { Machine } from '../machine/machine.ts';
import { NO_STOP_POINTS, type StopPoints } from '../machine/stopPoints.ts';
import type { Player } from '../recording/player.ts';
import type { RecordingReader } from '../recording/recordingReader.ts';
import type { DriveStack } from './driveStack.ts';
import { listSnapshots } from './snapshotStore.ts';
import { digestOf, type End, endOf, type Timeline, type TimelineStop } from './timeline.ts';
import type { TimeTravel } from './timeTravel.ts';

/**
 * A machine that replays a recording: it gets the recorded events, is held against every recorded request and digest,
 * and ends where the recording ends. What the guest writes is scratch; recording and overlays are not touched.
 */
export class ReplayTimeline implements Timeline {
  readonly machine: Machine;
  readonly travel: TimeTravel;
  private player: Player;
  private reader: RecordingReader;
  private drives: readonly DriveStack[];
  /** The overlays of the recording, open read-only; the first keeps the machine's state. */
  private images: readonly Qcow2Image[];
  private locks: readonly HostLock[];

  constructor(options: {
    machine: Machine;
    travel: TimeTravel;
    player: Player;
    reader: RecordingReader;
    drives: readonly DriveStack[];
    images: readonly Qcow2Image[];
    locks: readonly HostLock[];
  }) {
    this.machine = options.machine;
    this.travel = options.travel;
    this.player = options.player;
    this.reader = options.reader;
    this.drives = options.drives;
    this.images = options.images;
    this.locks = options.locks;
  }

  get position(): Position {
    return this.machine.position;
  }

  advance(until: Position, wantsPause?: () => boolean): End | undefined {
    const stop = this.forward(until, NO_STOP_POINTS, wantsPause);
    return stop.kind === 'ended' ? stop.end : undefined;
  }

  forward(until: Position, points: StopPoints, wantsPause?: () => boolean): TimelineStop {
    const stop = this.travel.forward(until, points, wantsPause);
    switch (stop.kind) {
      case 'endOfRecording':
        return { kind: 'ended', end: this.endHere() };
      case 'finished':
      case 'stuck':
        return { kind: 'ended', end: this.checkedEnd(endOf(stop)!) };
      default:
        return stop;
    }
  }

  inject(): void {
    throw pastIsFixed();
  }

  writeBack(): void {}

  digest(): bigint {
    return digestOf(this.machine);
  }

  snapshots(): { name: string; position: Position }[] {
    return this.images.length > 0 ? listSnapshots(this.images[0]) : [];
  }

  close(): void {
    this.travel.close();
    for (const drive of this.drives) drive.close();
    for (const image of this.images) image.close();
    this.reader.close();
    for (const lock of this.locks) lock.release();
  }

  abandon(): void {
    this.close();
  }

  /** The recording goes no further: the guest must be as it was then, powered off or waiting for ever, say. */
  private endHere(): End {
    // Asked for one more step a machine that has ended says so and does not move.
    const isNatural = this.player.end !== undefined && NATURAL_ENDS.has(this.player.end.reason);
    const end = isNatural ? endOf(this.machine.run(this.position + 1)) : undefined;
    return end ? this.checkedEnd(end) : { reason: 'endOfRecording' };
  }

  private checkedEnd(end: End): End {
    this.player.checkEnd({ position: this.position, ...end });
    return end;
  }
}

const NATURAL_ENDS: ReadonlySet<string> = new Set(['powerOff', 'guestFailed', 'waitsForever']);
