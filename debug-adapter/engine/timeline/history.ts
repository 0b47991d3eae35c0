import type { Position } from '../base/quantities.ts';
import type { Inputs } from '../machine/inputs.ts';
import type { DigestPart } from '../recording/logEntry.ts';
import type { RamSnapshot } from './ramSnapshots.ts';
import type { SnapshotId } from './snapshotInfo.ts';
import type { LoadedSnapshot } from './vmState.ts';

/** A machine's recorded history. Time travel uses this interface both for a live machine and for a replay. */
export interface History {
  /** The snapshots on disk, in order of position. */
  savedSnapshots(): readonly { id: SnapshotId; position: Position }[];
  /**
   * Reads a snapshot's machine state and RAM pages in pieces; the drives restore their disk states themselves. Pages
   * that equal those of `known` are shared with `known`.
   */
  readSnapshot(id: SnapshotId, known: RamSnapshot): Iterator<void, LoadedSnapshot>;
  /**
   * Opens a player for everything recorded so far. Called each time a live machine leaves its live end, and once for a
   * replay.
   */
  openPlayer(): OpenPlayer;
  /** The last position of a replay's history. */
  end(): Position;
  /** The RAM pages of the last snapshot written, kept in memory so that only the differences need to be written. */
  writtenRam?(): RamSnapshot;
  /**
   * The recorded RAM digest at a position, if any. Only for a replay, whose snapshots were written by another session.
   */
  ramDigestAt?(position: Position): bigint | undefined;
}

/** Delivers the recorded input, and compares the machine with the recording (see Player). */
export interface HistoryPlayer extends Inputs {
  /** Makes the player continue at `position`. Called after a snapshot has been restored. */
  seek(position: Position): void;
  readonly nextDigestPosition: Position;
  skipDigests(upTo: Position): void;
  /** Throws a UserError if the digests of the parts differ from the recorded ones. */
  checkDigest(position: Position, parts: readonly DigestPart[]): boolean;
}

export interface OpenPlayer {
  player: HistoryPlayer;
  close(): void;
}
