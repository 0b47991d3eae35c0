import type { HostFile } from '../../debug-adapter/engine/base/host.ts';
import { MemoryFile } from './memoryFile.ts';
import type { SeededRandom } from './seededRandom.ts';
import type { FileChange } from './simulatedFile.ts';

/**
 * Several files on one simulated disk, which records all changes in order, so that a test can determine what all files
 * contain after a kill or power cut at any moment. A sync makes the earlier changes to its file durable. If a sync was
 * started without waiting, it covers only the changes made before it was started. After a power cut, any of the sectors
 * from unsynced changes may be present.
 */
export class SimulatedHost {
  readonly log: { file: string; change: FileChange }[] = [];
  readonly names: string[] = [];
  /**
   * The number of changes that still succeed. All later changes fail, as on a full or broken disk. If the first change
   * that fails is a write, half of it is written.
   */
  changesLeft = Infinity;
  /**
   * If set, syncs can be started without waiting for them. Each is reported as done after a random number of calls to
   * `isDone`.
   */
  syncs: SeededRandom | undefined;

  /** A new, empty file. */
  create(name: string): HostFile {
    this.names.push(name);
    return new SimulatedHostFile(this, name);
  }

  noted(file: string, change: FileChange): void {
    if (this.changesLeft <= 0) {
      if (change.kind === 'write' && this.changesLeft === 0) this.noteHalf(file, change);
      this.changesLeft = -1;
      throw new Error(`${file}: no space left`);
    }
    this.changesLeft--;
    this.log.push({ file, change });
  }

  /** Records half of a write, rounded down to whole sectors. */
  private noteHalf(file: string, { offset, bytes }: FileChange & { kind: 'write' }): void {
    const half = Math.floor((offset + bytes.length / 2) / SECTOR_BYTES) * SECTOR_BYTES - offset;
    if (half > 0) this.log.push({ file, change: { kind: 'write', offset, bytes: bytes.subarray(0, half) } });
  }
}

class SimulatedHostFile implements HostFile {
  readonly name: string;
  private readonly host: SimulatedHost;
  private readonly file: MemoryFile;

  constructor(disk: SimulatedHost, name: string) {
    this.name = name;
    this.host = disk;
    this.file = new MemoryFile(name);
  }

  readAt(offset: number, into: Uint8Array): number {
    return this.file.readAt(offset, into);
  }

  writeAt(offset: number, from: Uint8Array): void {
    this.host.noted(this.name, { kind: 'write', offset, bytes: from.slice() });
    this.file.writeAt(offset, from);
  }

  length(): number {
    return this.file.length();
  }

  truncate(length: number): void {
    this.host.noted(this.name, { kind: 'truncate', length });
    this.file.truncate(length);
  }

  sync(): void {
    this.host.noted(this.name, { kind: 'sync' });
  }

  get startSync(): HostFile['startSync'] {
    const { syncs, log } = this.host;
    if (!syncs) return undefined;
    return () => {
      const covers = log.length;
      let isDone = false;
      const finish = (): boolean => {
        this.host.noted(this.name, { kind: 'sync', covers });
        return (isDone = true);
      };
      return { isDone: () => isDone || (syncs.chance(0.3) && finish()), wait: () => void (isDone || finish()) };
    };
  }

  close(): void {}
}

/**
 * Goes through the log of a simulated host once, and returns the files that a crash after each change would leave
 * behind.
 */
export class CrashReplay {
  /** The number of log entries replayed so far. */
  calls = 0;
  private readonly host: SimulatedHost;
  private readonly files: Map<string, { synced: MemoryFile; pending: { change: FileChange; index: number }[] }>;

  constructor(disk: SimulatedHost) {
    this.host = disk;
    this.files = new Map(disk.names.map((name) => [name, { synced: new MemoryFile(name), pending: [] }]));
  }

  get isOver(): boolean {
    return this.calls > this.host.log.length;
  }

  next(): void {
    const entry = this.host.log[this.calls++];
    if (!entry) return;
    const file = this.files.get(entry.file)!;
    if (entry.change.kind === 'sync') {
      const { covers = Infinity } = entry.change;
      const isCovered = ({ index }: { index: number }): boolean => index < covers;
      for (const { change } of file.pending.filter(isCovered)) applySectors(file.synced, change, () => true);
      file.pending = file.pending.filter((each) => !isCovered(each));
    } else file.pending.push({ change: entry.change, index: this.calls - 1 });
  }

  /** The files after a kill: everything that the process wrote is present. */
  afterKill(): Map<string, MemoryFile> {
    return this.left(() => true);
  }

  /** The files after a power cut: each unsynced sector may be missing. */
  afterPowerCut(random: SeededRandom): Map<string, MemoryFile> {
    const survives = random.pick([0, 0.1, 0.5, 0.9]);
    return this.left(() => random.chance(survives));
  }

  private left(survives: () => boolean): Map<string, MemoryFile> {
    const left = new Map<string, MemoryFile>();
    for (const [name, { synced, pending }] of this.files) {
      const file = new MemoryFile(name, synced.contents());
      for (const { change } of pending) applySectors(file, change, survives);
      left.set(name, file);
    }
    return left;
  }
}

const SECTOR_BYTES = 512;

/**
 * Applies a change to a file. Writes of single sectors are atomic, as disks guarantee, and so are changes to the file's
 * length.
 */
function applySectors(file: MemoryFile, change: FileChange, survives: () => boolean): void {
  if (change.kind === 'truncate' && survives()) file.truncate(change.length);
  if (change.kind !== 'write') return;
  const { offset, bytes } = change;
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + SECTOR_BYTES - ((offset + at) % SECTOR_BYTES));
    if (survives()) file.writeAt(offset + at, bytes.subarray(at, end));
    at = end;
  }
}
