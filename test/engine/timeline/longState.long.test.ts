/** Machine states longer than the 1 MiB area before RAM are saved completely, and RAM stays intact.
 *
 * The guest has so many disk requests in flight that the machine state exceeds 1 MiB. RAM must be unaffected in the
 * snapshot with that state and in the following snapshots.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import type { MachineTimeline } from '../../../debug-adapter/engine/timeline/machineTimeline.ts';
import { Qcow2Image } from '../../../debug-adapter/engine/block/qcow2/image.ts';
import { errors } from '../../../debug-adapter/engine/index.ts';
import { RamSnapshot } from '../../../debug-adapter/engine/timeline/ramSnapshots.ts';
import { encodeSnapshot, STATE_BYTES_MAX } from '../../../debug-adapter/engine/timeline/vmState.ts';
import { openFile } from '../../../debug-adapter/host/nodeFiles.ts';
import { requireTool, runTool } from '../../support/tools.ts';
import { digestsOnTheWay, type Scene, type Stage, stageOf } from './travelSupport.ts';

const IN_FLIGHT: Scene = { kernel: 'test/guests/disk/inflight.elf', diskBytes: 8 << 20 };
const MEMORY_BYTES = 32 << 20;
const STATE_AREA_BYTES = 1 << 20;

for (const [where, arrange] of [
  ['an overlay with page-sized clusters', () => {}],
  ['a user’s image with 64 KiB clusters', (stage: Stage) => useOwnImage(stage, 64 << 10)],
  ['a user’s image with 512-byte clusters', (stage: Stage) => useOwnImage(stage, 512)],
] as const) {
  test(`long and short states are saved completely, one after the other, in ${where}`, (t) => {
    const { stage, many, later, few } = prepare(t);
    arrange(stage);
    const timeline = stage.record();
    const digests = digestsOnTheWay(timeline, [many]);
    timeline.snapshots.take('many');
    timeline.advance(later);
    digests.set(later, timeline.digest());
    timeline.snapshots.take('many still');
    timeline.advance(few);
    digests.set(few, timeline.digest());
    timeline.snapshots.take('few');
    takeInThePast(timeline, many + 1000, 'past many', digests);
    takeInThePast(timeline, few - 1000, 'past few', digests);
    complete(timeline.travel!.seekTo(timeline.travel!.end));
    const end = timeline.advance(Infinity)!;
    timeline.close(end);
    assert.match(stage.console, /done, the constants are there/);

    const long = ['many', 'many still', 'past many'];
    for (const { name, vmStateSizeBytes, lengthBytes } of statesIn(stage)) {
      assert.equal(lengthBytes > STATE_AREA_BYTES, long.includes(name), name);
      const behindRam =
        lengthBytes > STATE_AREA_BYTES ? Math.ceil((lengthBytes - STATE_AREA_BYTES + 16) / 4096) * 4096 : 0;
      assert.equal(vmStateSizeBytes, STATE_AREA_BYTES + MEMORY_BYTES + behindRam, name);
    }
    for (const name of [...long, 'few', 'past few']) {
      const replay = stage.replay({ rrsnapshot: name });
      assert.equal(replay.digest(), digests.get(replay.position), name);
      assert.deepEqual(replay.advance(Infinity), end, name);
      replay.close(end);
    }
    checkImage(stage, t);
  });
}

test('if a state is so long that a part is stored after RAM, later snapshots do not contain that part', (t) => {
  const { stage, many, few } = prepare(t);
  const timeline = stage.record();
  timeline.advance(many);
  timeline.snapshots.take('many');
  timeline.advance(few);
  timeline.snapshots.take('few');
  complete(timeline.travel!.seekTo(few - 1000));
  timeline.snapshots.take('past few');
  timeline.close(timeline.advance(Infinity)!);
  const image = openOverlay(stage);
  const behindRam = (name: string) =>
    image.snapshots
      .open(name)
      .vmStateRanges(64 << 20)
      .filter((range) => range.offset + range.lengthBytes > RAM_END);
  assert.equal(behindRam('many').length, 1);
  assert.deepEqual([behindRam('few'), behindRam('past few')], [[], []]);
  image.close();
});

test('a long state that an earlier build wrote over RAM is recognized and not restored', (t) => {
  const { stage, many, few } = prepare(t);
  const timeline = stage.record();
  const digests = digestsOnTheWay(timeline, [many, few]);
  complete(timeline.travel!.seekTo(many));
  timeline.snapshots.take('whole');
  const end = timeline.advance(Infinity)!;
  timeline.close(end);
  writeAsBefore(stage, 'whole', 'over RAM', many + 1);

  const replay = stage.replay();
  for (const position of [few, many + 10, many]) {
    complete(replay.travel!.seekTo(position));
    if (digests.has(position)) assert.equal(replay.digest(), digests.get(position));
  }
  replay.snapshots.delete(replay.snapshots.named('over RAM').id);
  replay.close(end);
  writeAsBefore(stage, 'whole', 'over RAM', many + 1);
  assert.throws(() => stage.replay({ rrsnapshot: 'over RAM' }), /"over RAM" .* does not belong to this machine/);
});

test('snapshots whose RAM an earlier build overwrote with a long state are not restored either', (t) => {
  const { stage, many, few } = prepare(t);
  const timeline = stage.record();
  const digests = digestsOnTheWay(timeline, [many, few]);
  timeline.snapshots.take('few');
  const end = timeline.advance(Infinity)!;
  timeline.close(end);
  const image = Qcow2Image.open(openFile(imageOf(stage), { write: true, create: 'never' }), { writable: true });
  const [entry] = image.snapshots.list.filter(({ name }) => name === 'few');
  image.snapshots.createFrom('few', { ...entry, id: undefined, name: 'damaged' }, (draft) => {
    draft.setVmState(STATE_AREA_BYTES + 4096 * 3, new TextEncoder().encode('CBOR'));
  });
  image.snapshots.delete('few');
  image.close();

  const replay = stage.replay();
  replay.advance(Infinity);
  for (const position of [few, many, few + 1000]) {
    complete(replay.travel!.seekTo(position));
    assert.equal(replay.digest(), digests.get(position) ?? replay.digest());
    const page = new Uint8Array(4);
    replay.machine.ram.read(0x8000_3000, page);
    assert.notEqual(new TextDecoder().decode(page), 'CBOR');
  }
  replay.close(end);
});

test('a state larger than that of any machine is rejected before any data is written', () => {
  const state = { much: new Uint8Array(STATE_BYTES_MAX) };
  assert.throws(
    () => encodeSnapshot({ state, ram: new RamSnapshot(0), first: 'first' }),
    (error) => error instanceof errors.UserError && error.code === 'snapshot-state-too-large',
  );
});

const RAM_END = STATE_AREA_BYTES + MEMORY_BYTES;

/**
 * Sets up a recording. Returns two positions at which many requests are in flight, and one position at which few are.
 */
function prepare(t: TestContext) {
  const stage = stageOf(IN_FLIGHT, t);
  stage.setup.memoryBytes = MEMORY_BYTES;
  return { stage, many: 3_000_000, later: 3_500_000, few: 6_000_000 };
}

function useOwnImage(stage: Stage, clusterSizeBytes: number): void {
  const [drive] = stage.setup.drives;
  const path = `${drive.image}.qcow2`;
  const file = openFile(path, { write: true, create: 'truncate' });
  Qcow2Image.create(file, { lengthBytes: IN_FLIGHT.diskBytes, clusterSizeBytes }).close();
  stage.setup.drives = [{ ...drive, image: path, format: 'qcow2', overlay: null }];
}

function takeInThePast(timeline: MachineTimeline, position: number, name: string, digests: Map<number, bigint>): void {
  complete(timeline.travel!.seekTo(position));
  digests.set(position, timeline.digest());
  timeline.snapshots.take(name);
  assert.equal(timeline.digest(), digests.get(position), 'taking a snapshot changes nothing');
}

const imageOf = ({ setup: { drives } }: Stage): string => drives[0].overlay ?? drives[0].image;

const openOverlay = (stage: Stage): Qcow2Image =>
  Qcow2Image.open(openFile(imageOf(stage), { write: false, create: 'never' }), { writable: false });

function statesIn(stage: Stage) {
  const image = openOverlay(stage);
  const states = image.snapshots.list.map(({ name, vmStateSizeBytes }) => {
    const head = new Uint8Array(8);
    image.snapshots.open(name).readVmState(0, head);
    return { name, vmStateSizeBytes, lengthBytes: Number(new DataView(head.buffer).getBigUint64(0)) + 8 };
  });
  image.close();
  return states;
}

/**
 * Copies a snapshot in the layout of earlier builds: a length and then the whole machine state. Earlier builds reserved
 * too little space for the state, so the state overwrites the start of RAM.
 */
function writeAsBefore(stage: Stage, from: string, name: string, position: number): void {
  const file = openFile(imageOf(stage), { write: true, create: 'never' });
  const image = Qcow2Image.open(file, { writable: true });
  const view = image.snapshots.open(from);
  const head = new Uint8Array(24);
  view.readVmState(0, head);
  const encoded = new Uint8Array(Number(new DataView(head.buffer).getBigUint64(0)));
  view.readVmState(24, encoded.subarray(0, STATE_AREA_BYTES - 24));
  view.readVmState(RAM_END, encoded.subarray(STATE_AREA_BYTES - 24));
  const area = new Uint8Array(8 + encoded.length);
  area.set(head.subarray(0, 8));
  area.set(encoded, 8);
  const listed = image.snapshots.list.find((snapshot) => snapshot.name === from)!;
  const entry = { ...listed, id: undefined, name, icount: position };
  image.snapshots.createFrom(from, { ...entry, vmStateSizeBytes: RAM_END }, (draft) => {
    draft.setVmState(0, area);
    draft.zeroVmState(RAM_END, entry.vmStateSizeBytes - RAM_END);
  });
  image.close();
}

function checkImage(stage: Stage, t: TestContext): void {
  const image = openOverlay(stage);
  const { corruptions, leaks } = image.check();
  image.close();
  assert.deepEqual({ corruptions, leaks }, { corruptions: [], leaks: 0 });
  if (requireTool('qemu-img', t)) runTool('qemu-img', ['check', imageOf(stage)]);
}
