import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { MachineTimeline } from '../../../debug-adapter/engine/timeline/machineTimeline.ts';
import {
  ConsoleInput,
  LiveInputs,
  openRecord,
  openReplay,
  type RecordSetup,
} from '../../../debug-adapter/engine/index.ts';
import type { SnapshotPace } from '../../../debug-adapter/engine/base/host.ts';
import type { TravelBudget } from '../../../debug-adapter/engine/timeline/travelBudget.ts';
import { nodeHost } from '../../../debug-adapter/host/nodeHost.ts';
import { RNG_SEED } from '../../support/cli.ts';

/**
 * The guests of the time travel tests: a bare-metal guest with a timer and a disk, and a kernel with processes and a
 * shell.
 */
export interface Scene {
  kernel: string;
  diskBytes: number;
  typed?: string;
}

export const DEMO: Scene = { kernel: 'test/guests/demo/demo.elf', diskBytes: 4 << 20 };
export const KERNEL: Scene = {
  kernel: 'test/guests/kernel/oslet.elf',
  diskBytes: 4 << 20,
  typed: 'test/guests/kernel/session.txt',
};
export const RESETS: Scene = { kernel: 'test/guests/small/reset.elf', diskBytes: 4 << 20 };

export interface Stage {
  setup: RecordSetup;
  record(options?: RecordOptions): MachineTimeline;
  replay(options?: ReplayOptions): MachineTimeline;
  console: string;
}

/** See RecordSetup. */
export type RecordOptions = Partial<
  Pick<RecordSetup, 'travelBudget' | 'snapshotBudget' | 'devices' | 'pace' | 'cachePace'>
>;

export interface ReplayOptions {
  rrsnapshot?: string;
  translationThreshold?: number;
  travelBudget?: TravelBudget;
  cachePace?: SnapshotPace;
}

/** Creates a folder with a disk, in which a scene can be recorded and replayed. */
export function stageOf(scene: Scene, t: TestContext): Stage {
  const folder = mkdtempSync(path.join(tmpdir(), 'blkreplay-travel-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const image = path.join(folder, 'disk.img');
  writeFileSync(image, new Uint8Array(scene.diskBytes));
  const stage = { console: '' };
  const setup: RecordSetup = {
    kernel: scene.kernel,
    bios: null,
    initrd: null,
    append: '',
    // With a fixed seed, two recordings are bit-identical.
    rngSeed: RNG_SEED,
    memoryBytes: 128 << 20,
    idle: 'warp',
    live: new LiveInputs(scene.typed ? [new ConsoleInput(readFileSync(scene.typed))] : []),
    otherInputs: [],
    overwrite: false,
    drives: [{ id: 'hd0', image, format: 'raw', overlay: path.join(folder, 'hd0.qcow2'), readOnly: false }],
    rrfile: path.join(folder, 'a.rr'),
    rrsnapshot: 'replay_init',
    version: 'test',
    onConsoleByte: (byte) => (stage.console += String.fromCharCode(byte)),
  };
  return Object.assign(stage, {
    setup,
    record: (options = {}) => openRecord(nodeHost, { ...setup, ...options }),
    replay: (options: ReplayOptions = {}) =>
      openReplay(nodeHost, { ...setup, append: null, memoryBytes: null, rrsnapshot: null, ...options }),
  });
}

/** Runs to the last of the given positions, and takes the digest at each of them. */
export function digestsOnTheWay(timeline: MachineTimeline, positions: readonly number[]): Map<number, bigint> {
  const digests = new Map<number, bigint>();
  for (const position of [...positions].sort((a, b) => a - b)) {
    timeline.advance(position);
    digests.set(position, timeline.digest());
  }
  return digests;
}
