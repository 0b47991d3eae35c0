/** If a guest is spinning on a lock, a reverse run to where the lock was taken stays in translated code. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import { ArmedStopPoints } from '../../../debug-adapter/engine/machine/armedStopPoints.ts';
import { NO_STOP_POINTS } from '../../../debug-adapter/engine/target/stopPoints.ts';
import type { MachineTimeline } from '../../../debug-adapter/engine/timeline/machineTimeline.ts';
import { stageOf } from './travelSupport.ts';

const WARM_UP = 60_000_000;
const DISTANCE = 400_000_000;

test('from the live end and from the past, Reverse finds where a spinning lock was taken', (t) => {
  const timeline = stageOf({ kernel: 'test/guests/spin/swap.elf', diskBytes: 1 << 20 }, t).record();
  complete(timeline.forward(WARM_UP));
  const lock = { id: 1, address: addressOfAmo(timeline), lengthBytes: 4, access: 'change' as const };
  const { mock } = t.mock.method(ArmedStopPoints.prototype, 'watched');
  const backToLock = (): number => {
    const before = mock.callCount();
    timeline.arm({ ...NO_STOP_POINTS, watchpoints: [lock] });
    const stop = complete(timeline.backward());
    assert.ok(stop.kind === 'hit' && stop.hits[0].kind === 'access', stop.kind);
    assert.deepEqual([...stop.hits[0].oldBytes], [0, 0, 0, 0]);
    timeline.arm(NO_STOP_POINTS);
    return mock.callCount() - before;
  };
  const positionsBefore: number[] = [];
  for (const distance of [DISTANCE, 2 * DISTANCE, DISTANCE]) {
    complete(timeline.goTo(WARM_UP));
    complete(timeline.forward(WARM_UP + distance));
    const calls = backToLock();
    positionsBefore.push(timeline.position);
    // A new region makes some 1,000 accesses on the slow path before it is translated again with inline accesses.
    assert.ok(calls < 20_000, `${calls} accesses to the lock on the slow path`);
  }
  assert.equal(new Set(positionsBefore).size, 1, positionsBefore.join());
  timeline.abandon();
});

/** The physical address that the next AMO accesses. */
function addressOfAmo(timeline: MachineTimeline): number {
  for (;;) {
    complete(timeline.forward(timeline.position + 1));
    const inspector = timeline.inspect();
    const raw = new DataView(inspector.readMemory(inspector.pc, 4).slice().buffer).getUint32(0, true);
    if ((raw & 0x7f) === 0x2f) return inspector.translate(inspector.register((raw >>> 15) & 31))!;
  }
}
