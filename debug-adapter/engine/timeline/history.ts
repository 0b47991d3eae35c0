import type { Position } from '../base/quantities.ts';
import type { Player } from '../recording/player.ts';
import type { RamImage } from './ramImages.ts';
import type { KeptMoment } from './vmState.ts';

/** What is recorded of a machine, as moving through it needs it: the same for one that is live and for a replay. */
export interface History {
  /** The snapshots on disk, in order of position. */
  anchors(): readonly { name: string; position: Position }[];
  /** What an anchor keeps of the machine, read piece by piece; the disks are not its business. */
  readAnchor(name: string): Iterator<void, KeptMoment>;
  /** Over everything recorded so far. Called when a live machine leaves its present; for a replay once. */
  openPlayer(): OpenPlayer;
  /** Where the recorded history of a replay ends. */
  end(): Position;
  /** The picture of RAM that is kept to write only what differs from it. */
  writtenRam?(): RamImage;
  /** What RAM's digest was at a position, where that is recorded: for a replay, which did not write its snapshots. */
  ramDigestAt?(position: Position): bigint | undefined;
}

export interface OpenPlayer {
  player: Player;
  close(): void;
}
