import type { Position } from '../base/quantities.ts';
import type { BlockOperation } from '../block/blockRequest.ts';
import type { DiskHit, DiskPoint, DiskRequestKind } from '../target/stopPoints.ts';
import { SECTOR_BYTES, type DriveCommand } from './devices/virtioBlkRequest.ts';

/** Finds the disk requests that match disk points. A request is reported when the guest makes it. */
export class DiskWatcher {
  private points: readonly DiskPoint[] = [];
  private pending: DiskHit[] = [];

  set(points: readonly DiskPoint[]): void {
    this.points = points;
    this.forgetHits();
  }

  /** Called when a request begins on a drive. Returns whether it matches a point. */
  requested(drive: string, command: DriveCommand, position: Position): boolean {
    const kind = KINDS[command.operation];
    const firstSector = Math.floor(command.offset / SECTOR_BYTES);
    const request = { drive, kind, firstSector, sectors: command.lengthBytes / SECTOR_BYTES };
    for (const point of this.points) {
      if (matches(point, request)) this.pending.push({ kind: 'disk', id: point.id, request, position });
    }
    return this.pending.length > 0;
  }

  /** Returns and clears the hits of the last step. */
  takeHits(): DiskHit[] {
    return this.pending.splice(0);
  }

  forgetHits(): void {
    this.pending = [];
  }
}

function matches({ drive, sectors, requests }: DiskPoint, request: DiskHit['request']): boolean {
  if (drive !== undefined && drive !== request.drive) return false;
  if (!requests.includes(request.kind)) return false;
  if (sectors === undefined) return true;
  const { first, count } = sectors;
  // A flush has no sectors, so it overlaps no range.
  return first < request.firstSector + request.sectors && request.firstSector < first + count;
}

/** Discarding sectors and writing zeroes change the disk's contents, so they count as writes. */
const KINDS: Record<BlockOperation, DiskRequestKind> = {
  read: 'read',
  write: 'write',
  flush: 'flush',
  discard: 'write',
  writeZeroes: 'write',
};
