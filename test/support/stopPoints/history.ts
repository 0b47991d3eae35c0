import assert from 'node:assert/strict';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import type { BlockRequest } from '../../../debug-adapter/engine/block/blockRequest.ts';
import { LiveInputs, openRecord, openReplay, type RecordSetup } from '../../../debug-adapter/engine/index.ts';
import { RecordingReader } from '../../../debug-adapter/engine/recording/recordingReader.ts';
import type { MachineTimeline } from '../../../debug-adapter/engine/timeline/machineTimeline.ts';
import { nodeHost } from '../../../debug-adapter/host/nodeHost.ts';
import { RNG_SEED, type Sandbox } from '../cli.ts';
import { DRIVES } from './diskRequests.ts';
import { type Hit, hitsOf, stateOf, type TestPoint } from './oracle.ts';

const DISK_BYTES = 64 << 10;
export const MEMORY_MIB = 16;
const STEPS_MAX = 20_000_000;

/** The recorded history of a guest. The oracle finds the hits of stop points in it by single-stepping. */
export class History {
  readonly sandbox: Sandbox;
  readonly kernel: string;
  readonly harts: number;
  readonly end: number;
  /** The guest's whole console output. */
  readonly console: string;
  private readonly setup: RecordSetup;
  private readonly requests: readonly BlockRequest[];
  private output = '';

  constructor(sandbox: Sandbox, { elf, harts }: { elf: Uint8Array; harts: number }) {
    this.sandbox = sandbox;
    this.harts = harts;
    this.kernel = sandbox.path(sandbox.write('random.elf', elf));
    this.setup = {
      ...{ kernel: this.kernel, bios: null, initrd: null, append: '', rngSeed: RNG_SEED, idle: 'warp', harts },
      ...{ memoryBytes: MEMORY_MIB << 20, live: new LiveInputs([]), otherInputs: [], overwrite: false },
      ...{ rrsnapshot: 'replay_init', rrfile: sandbox.path('oracle.rr'), version: 'test' },
      drives: DRIVES.map((id) => {
        const image = sandbox.path(sandbox.disk(`${id}.img`, DISK_BYTES));
        return { id, image, format: 'raw', overlay: sandbox.path(`${id}-oracle.qcow2`), readOnly: false };
      }),
      onConsoleByte: (byte) => (this.output += String.fromCharCode(byte)),
    };
    const recording = openRecord(nodeHost, this.setup);
    const stop = complete(recording.forward(STEPS_MAX));
    assert.ok(stop.kind === 'ended', 'the guest powers off');
    this.end = recording.position;
    this.console = this.output;
    recording.close(stop.end);
    this.requests = this.readRequests();
  }

  /**
   * The addresses of executed instructions in the order of their first execution, except for the first 20 addresses.
   */
  executedAddresses(): bigint[] {
    return this.withReplay((timeline) => {
      const addresses = new Set<bigint>();
      const state = timeline.inspect();
      complete(timeline.trace(this.end, () => addresses.add(state.pc)));
      return [...addresses].slice(20);
    });
  }

  hitsOf(points: readonly TestPoint[]): Hit[] {
    const { end, requests } = this;
    return this.withReplay((timeline) => {
      this.output = '';
      return hitsOf(timeline, { end, points, requests, printed: () => this.output });
    });
  }

  /** The given positions at which the point's condition holds or has no value. */
  positionsWhere(positions: readonly number[], { condition }: TestPoint): number[] {
    return this.withReplay((timeline) =>
      positions.filter((position) => {
        complete(timeline.goTo(position));
        return condition?.holds(stateOf(timeline.inspect())) ?? true;
      }),
    );
  }

  /** A new recording of the same guest. The caller closes it, as well as the timeline that `replay` returns. */
  record(): MachineTimeline {
    const { setup, sandbox } = this;
    const drives = setup.drives.map((drive) => ({ ...drive, overlay: sandbox.path(`${drive.id}-again.qcow2`) }));
    return openRecord(nodeHost, { ...setup, drives, rrfile: sandbox.path('again.rr') });
  }

  replay(): MachineTimeline {
    return openReplay(nodeHost, { ...this.setup, append: null, memoryBytes: null, rrsnapshot: null });
  }

  /** A launch configuration for the same guest. */
  launch(): object {
    const drives = DRIVES.map((id) => ({ id, image: `${id}.img`, format: 'raw', overlay: `${id}.qcow2` }));
    return {
      ...{ rrfile: 'a.rr', cwd: this.sandbox.folder, kernel: this.kernel, harts: this.harts, idle: 'warp', drives },
      ...{ memory: `${MEMORY_MIB}M`, rngSeed: RNG_SEED },
    };
  }

  private withReplay<T>(use: (timeline: MachineTimeline) => T): T {
    const timeline = this.replay();
    try {
      return use(timeline);
    } finally {
      timeline.close({ reason: 'interrupted' });
    }
  }

  private readRequests(): BlockRequest[] {
    const file = nodeHost.files.open(this.setup.rrfile, { write: false, create: 'never' });
    try {
      const reader = new RecordingReader(file, nodeHost.compression);
      return [...reader.entriesFrom(0)].flatMap((entry) => (entry.kind === 'blockRequest' ? [entry] : []));
    } finally {
      file.close();
    }
  }
}
