import type { HostFile } from '../../debug-adapter/engine/base/host.ts';
import { MemoryFile } from './memoryFile.ts';
import type { SeededRandom } from './seededRandom.ts';

/**
 * A HostFile that records every change, so that a test can determine its contents after a kill or power cut at any
 * moment. After a kill between two calls, all earlier calls have taken effect. After a power cut, any of the sectors
 * written since the last sync may be present, because a disk may store them in any order.
 */
export class SimulatedFile implements HostFile {
  readonly name: string;
  readonly log: FileChange[] = [];
  private readonly file: MemoryFile;

  constructor(name: string, start: Uint8Array = new Uint8Array(0)) {
    this.name = name;
    this.file = new MemoryFile(name, start);
  }

  readAt(offset: number, into: Uint8Array): number {
    return this.file.readAt(offset, into);
  }

  writeAt(offset: number, from: Uint8Array): void {
    this.log.push({ kind: 'write', offset, bytes: from.slice() });
    this.file.writeAt(offset, from);
  }

  length(): number {
    return this.file.length();
  }

  truncate(length: number): void {
    this.log.push({ kind: 'truncate', length });
    this.file.truncate(length);
  }

  sync(): void {
    this.log.push({ kind: 'sync' });
  }

  close(): void {}
}

export type FileChange =
  | { kind: 'write'; offset: number; bytes: Uint8Array }
  | { kind: 'truncate'; length: number }
  /** Syncs only the changes before index `covers` of the host's log or, if `covers` is absent, all earlier changes. */
  | { kind: 'sync'; covers?: number };

/** The file after the first `calls` calls, as a killed process leaves it. */
export function afterKill(start: Uint8Array, log: FileChange[], calls: number): Uint8Array {
  const file = new MemoryFile('', start);
  for (const change of log.slice(0, calls)) apply(file, change);
  return file.contents();
}

/**
 * The file after a power cut that follows the first `calls` calls. Each unsynced sector may be missing, independently
 * of the others.
 */
export function afterPowerCut(start: Uint8Array, log: FileChange[], calls: number, random: SeededRandom): Uint8Array {
  const synced = log.slice(0, calls).findLastIndex((change) => change.kind === 'sync') + 1;
  const file = new MemoryFile('', afterKill(start, log, synced));
  const survives = random.pick([0.1, 0.5, 0.9]);
  for (const change of log.slice(synced, calls)) {
    if (change.kind === 'write') applySomeSectors(file, change, () => random.chance(survives));
    else if (random.chance(survives)) apply(file, change);
  }
  return file.contents();
}

function apply(file: MemoryFile, change: FileChange): void {
  if (change.kind === 'write') file.writeAt(change.offset, change.bytes);
  else if (change.kind === 'truncate') file.truncate(change.length);
}

function applySomeSectors(file: MemoryFile, write: { offset: number; bytes: Uint8Array }, survives: () => boolean) {
  const end = write.offset + write.bytes.length;
  for (let at = write.offset; at < end;) {
    const next = Math.min(end, (Math.floor(at / 512) + 1) * 512);
    if (survives()) file.writeAt(at, write.bytes.subarray(at - write.offset, next - write.offset));
    at = next;
  }
}
