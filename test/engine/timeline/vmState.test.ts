/** Snapshots on large disks write only the clusters with changed RAM pages, and damaged machine states are rejected.
 *
 * In overlays of large disks, a cluster contains several pages.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { State, StateValue } from '../../../debug-adapter/engine/base/state.ts';
import { Qcow2Image } from '../../../debug-adapter/engine/block/qcow2/image.ts';
import { Machine } from '../../../debug-adapter/engine/machine/machine.ts';
import { LiveInputs } from '../../../debug-adapter/engine/recording/inputs/liveInputs.ts';
import { RamSnapshot } from '../../../debug-adapter/engine/timeline/ramSnapshots.ts';
import {
  type EncodedSnapshot,
  encodeSnapshot,
  readState,
  writeSnapshot,
} from '../../../debug-adapter/engine/timeline/vmState.ts';
import { UserError } from '../../../debug-adapter/messages/userError.ts';
import { MemoryFile } from '../../support/memoryFile.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { assertClean, assertSameBytes, KIB, MIB, takeSnapshot } from '../block/qcow2/support.ts';
import { some } from '../../support/extent.ts';

const PAGES = (16 * MIB) / 4096;
/** The size of the area for the machine state, which precedes RAM in the VM state. */
const STATE_AREA_BYTES = MIB;
const STATE = { small: 'state' };

type Pages = (Uint8Array | undefined)[];

for (const clusterSizeBytes of some([4 * KIB, 512, 64 * KIB, MIB, 2 * MIB], 1)) {
  test(`with ${clusterSizeBytes}-byte clusters, each snapshot contains the RAM at its position`, (t) => {
    const random = SeededRandom.forTest(t);
    const { image } = imageWith(clusterSizeBytes);
    let pages: Pages = new Array<undefined>(PAGES).fill(undefined);
    let written = snapshotOf(pages);
    const snapshots = [0, 1, 2].map((number) => {
      pages = pages.map((page) => (random.chance(0.1) ? randomPage(random) : page));
      const snapshot = snapshotOf(pages);
      writeSnapshot(image, snapshot, written);
      takeSnapshot(image, `${number}`, { vmStateSizeBytes: 17 * MIB });
      written = snapshot;
      return pages;
    });
    snapshots.forEach((pages, number) =>
      assertSameBytes(ramIn(image, `${number}`), bytesOf(pages), `snapshot ${number}`),
    );
    assertClean(image);
  });
}

test('with 64 KiB clusters, a second snapshot writes only the clusters with changed pages, without reading them first', () => {
  const { image, file } = imageWith(64 * KIB);
  const first: Pages = Array.from({ length: PAGES }, (_, page) => pageOf(page));
  writeSnapshot(image, snapshotOf(first), snapshotOf(new Array<undefined>(PAGES).fill(undefined)));
  takeSnapshot(image, 'first', { vmStateSizeBytes: 17 * MIB });
  const before = { ...file.calls };

  // Changes three pages in one cluster, two in another, and one in a third cluster, which becomes all zeroes.
  const second = first.slice();
  for (const page of [32, 33, 47, 1000, 1005]) second[page] = pageOf(page + 1);
  second[2000] = undefined;
  writeSnapshot(image, snapshotOf(second), snapshotOf(first));
  const written = file.calls.bytesWritten - before.bytesWritten;
  // The machine state is in a separate cluster, which is read and written as a whole.
  assert.ok(written <= 4 * 64 * KIB, `${written} bytes written`);
  assert.ok(file.calls.reads - before.reads <= 2, `${file.calls.reads - before.reads} reads`);
  takeSnapshot(image, 'second', { vmStateSizeBytes: 17 * MIB });
  const withTables = file.calls.bytesWritten - before.bytesWritten;
  assert.ok(withTables <= 10 * 64 * KIB, `${withTables} bytes written with the tables`);
  assertSameBytes(ramIn(image, 'first'), bytesOf(first));
  assertSameBytes(ramIn(image, 'second'), bytesOf(second));
  assertClean(image);
});

test('a snapshot with a damaged machine state is rejected with a message that names the damaged field', () => {
  const options = { memoryBytes: 16 * MIB, drives: [], inputs: new LiveInputs([]), onConsoleByte: () => {} };
  const machine = new Machine(options);
  const state = machine.saveState();
  const damaged = structuredClone(state) as { devices: { uart0: { divisor: StateValue } } };
  damaged.devices.uart0.divisor = 'fast';
  const reasonFor = (saved: State): unknown => {
    const { image } = imageWith(4 * KIB);
    const none = snapshotOf(new Array<undefined>(PAGES).fill(undefined));
    writeSnapshot(image, encodeSnapshot({ state: saved, ram: none.ram, first: 'first' }), none);
    takeSnapshot(image, 'first', { vmStateSizeBytes: 17 * MIB });
    try {
      readState(image.snapshots.open('first'), { overlay: 'overlay.qcow2', snapshot: 'first', machine });
    } catch (error) {
      assert.ok(error instanceof UserError);
      assert.equal(error.code, 'snapshot-foreign');
      return error.fields.why;
    }
    return undefined;
  };
  assert.equal(reasonFor(state), undefined);
  assert.equal(
    reasonFor(damaged),
    'its machine state cannot be read: the field "devices.uart0.divisor" is not a number',
  );
});

function imageWith(clusterSizeBytes: number) {
  const file = new MemoryFile('overlay.qcow2');
  return { file, image: Qcow2Image.create(file, { lengthBytes: MIB, clusterSizeBytes }) };
}

const snapshotOf = (pages: Pages): EncodedSnapshot =>
  encodeSnapshot({ state: STATE, ram: RamSnapshot.of(pages), first: 'first' });

const pageOf = (number: number): Uint8Array => new Uint8Array(4096).fill(1 + (number % 255));

const randomPage = (random: SeededRandom): Uint8Array | undefined =>
  random.chance(0.3) ? undefined : pageOf(random.below(255));

function bytesOf(pages: Pages): Uint8Array {
  const bytes = new Uint8Array(pages.length * 4096);
  pages.forEach((page, number) => page && bytes.set(page, number * 4096));
  return bytes;
}

function ramIn(image: Qcow2Image, snapshot: string): Uint8Array {
  const bytes = new Uint8Array(PAGES * 4096);
  image.snapshots.open(snapshot).readVmState(STATE_AREA_BYTES, bytes);
  return bytes;
}
