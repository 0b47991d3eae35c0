/** Breakpoints and watchpoints stop runs at the same positions in both directions, and do not affect the guest.
 *
 * The guest is the demo, in which a bug corrupts `store.superblock.entry_count` in a timer interrupt about a third of
 * the way through the run (test/guests/README.md).
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import type { MachineTimeline } from '../../../debug-adapter/engine/timeline/machineTimeline.ts';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import { Session } from '../../../debug-adapter/engine/index.ts';
import { NO_STOP_POINTS, type StopPoints } from '../../../debug-adapter/engine/target/stopPoints.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { DEMO, KERNEL, stageOf } from './travelSupport.ts';
import { longTest } from '../../support/extent.ts';

/** The addresses of symbols in the demo's ELF file. These tests need only the symbol table. */
function addressOf(symbol: string): bigint {
  const bytes = readFileSync(DEMO.kernel);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sections = Number(view.getBigUint64(0x28, true));
  const field = (section: number, offset: number) => Number(view.getBigUint64(sections + section * 64 + offset, true));
  for (let section = 0; section < view.getUint16(0x3c, true); section++) {
    if (view.getUint32(sections + section * 64 + 4, true) !== 2) continue; // SHT_SYMTAB
    const names = field(view.getUint32(sections + section * 64 + 40, true), 24);
    for (let at = field(section, 24); at < field(section, 24) + field(section, 32); at += 24) {
      const start = names + view.getUint32(at, true);
      if (bytes.toString('latin1', start, bytes.indexOf(0, start)) === symbol) return view.getBigUint64(at + 8, true);
    }
  }
  throw new Error(`${symbol} is not in ${DEMO.kernel}`);
}

function atTheEnd(t: TestContext): { session: Session<MachineTimeline>; console: string } {
  const stage = stageOf(DEMO, t);
  const session = new Session(stage.record());
  t.after(() => session.target.close({ reason: 'interrupted' }));
  assert.equal(complete(session.continue()).kind, 'ended');
  return { session, console: stage.console };
}

longTest('a breakpoint is hit at the same positions forwards and backwards', (t) => {
  const session = new Session(stageOf(DEMO, t).record());
  t.after(() => session.target.close({ reason: 'interrupted' }));
  const address = addressOf('journal_checkpoint');
  session.stopPoints.addBreakpoint(address);
  const forwards: number[] = [];
  while (complete(session.continue()).kind === 'breakpoint') {
    assert.equal(session.inspector.pc, address);
    forwards.push(session.position);
  }
  assert.ok(forwards.length >= 5, `${forwards.length} checkpoints`);
  const backwards: number[] = [];
  while (complete(session.reverseContinue()).kind === 'breakpoint') {
    assert.equal(session.inspector.pc, address);
    backwards.unshift(session.position);
  }
  assert.deepEqual(backwards, forwards);
  assert.deepEqual(session.reason, { kind: 'startOfRecording' });
  assert.equal(session.position, 0);
});

longTest('the guest shuts down at the same position and in the same state with and without stop points', (t) => {
  const { session: plain } = atTheEnd(t);
  const watched = new Session(stageOf(DEMO, t).record());
  t.after(() => watched.target.close({ reason: 'interrupted' }));
  watched.stopPoints.addBreakpoint(addressOf('journal_checkpoint'));
  watched.stopPoints.addDataBreakpoint({ address: addressOf('store'), lengthBytes: 8, access: 'readWrite' });
  while (complete(watched.continue()).kind !== 'ended');
  assert.equal(watched.position, plain.position);
  assert.equal(watched.target.digest(), plain.target.digest());
});

test('breakpoints that are never hit do not affect the guest, whatever their offset in a page', (t) => {
  const steps = 3_000_000;
  const digests = [false, true].map((everywhere) => {
    const session = new Session(stageOf(KERNEL, t).record());
    t.after(() => session.target.close({ reason: 'interrupted' }));
    // These addresses are never executed. Together, they cover every offset that an instruction can have in a page.
    const breakpoints = Array.from({ length: 2048 }, (_, i) => 0xdead_0000n + BigInt(2 * i));
    const points = { breakpoints: new Set(everywhere ? breakpoints : []), watchpoints: [] };
    session.target.arm(points);
    assert.equal(complete(session.target.forward(steps)).kind, 'reached');
    return session.target.digest();
  });
  assert.equal(digests[1], digests[0]);
});

test('breakpoints at odd addresses, where no instruction can be, do not affect the guest', (t) => {
  const end = 500_000;
  const run = (points: readonly StopPoints[]): bigint => {
    const { target: timeline } = new Session(stageOf(DEMO, t).record());
    t.after(() => timeline.close({ reason: 'interrupted' }));
    // The breakpoints are set and removed while the code in their pages is already decoded.
    for (let i = 0; timeline.position < end; i++) {
      const until = Math.min(end, timeline.position + 1000);
      timeline.arm(points[i % points.length]);
      assert.equal(complete(timeline.forward(until)).kind, 'reached');
    }
    return timeline.digest();
  };
  const odd = Array.from({ length: 2048 }, (_, i) => 0x8000_0001n + BigInt(2 * i));
  const points = { breakpoints: new Set(odd), watchpoints: [] };
  assert.equal(run([NO_STOP_POINTS, points]), run([NO_STOP_POINTS]));
});

test('a watchpoint stops a backward run before the last write, and reports the old and the new value', (t) => {
  const { session, console } = atTheEnd(t);
  const at = (address: bigint) => session.inspector.readMemory(address, 4);
  const field = findSpoiledField(session, console);
  const spoiled = at(field);
  session.stopPoints.addDataBreakpoint({ address: field, lengthBytes: 4, access: 'write' });
  const reason = complete(session.reverseContinue());
  assert.ok(reason.kind === 'hit');
  const [hit] = reason.hits;
  assert.ok(hit.kind === 'access');
  assert.deepEqual(hit.newBytes, spoiled);
  assert.equal(hit.position, session.position);
  assert.deepEqual(at(field), hit.oldBytes, 'the write has not happened yet');
  complete(session.stepInstruction());
  assert.deepEqual(at(field), spoiled, 'this was the write');
});

/**
 * Finds the corrupted field. The console shows the value of entry_count, which is then searched for in the memory of
 * the store.
 */
function findSpoiledField(session: Session<MachineTimeline>, console: string): bigint {
  const store = addressOf('store');
  const bytes = session.inspector.readMemory(store, 1 << 15);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const value = Number(/entry_count is (\d+)/.exec(console)![1]);
  for (let offset = 0; offset + 4 <= bytes.length; offset += 4) {
    if (view.getUint32(offset, true) === value) return store + BigInt(offset);
  }
  throw new Error(`no ${value} in the store`);
}

longTest('stepping forward and then back by instructions yields the same register values', (t) => {
  const { session } = atTheEnd(t);
  const random = SeededRandom.forTest(t);
  for (let i = 0; i < 30; i++) {
    complete(session.goTo(1 + random.below(80_000_000)));
    const registers = () => [
      session.inspector.pc,
      ...Array.from({ length: 32 }, (_, r) => session.inspector.register(r)),
    ];
    const trail = [registers()];
    for (let k = 0; k < 10; k++) {
      complete(session.stepInstruction());
      trail.push(registers());
    }
    for (let k = 9; k >= 0; k--) {
      complete(session.stepBackInstruction());
      assert.deepEqual(registers(), trail[k]);
    }
  }
});

longTest('debugger writes at the live end are recorded and replayed, and writes in the history are rejected', (t) => {
  const stage = stageOf(DEMO, t);
  const session = new Session(stage.record());
  session.stopPoints.addBreakpoint(addressOf('journal_checkpoint'));
  assert.equal(complete(session.continue()).kind, 'breakpoint');
  const { position } = session;
  const unused = (addressOf('store') & ~0xfffn) + 0x2_0000n;
  session.writes.memory(unused - 3n, Uint8Array.of(1, 2, 3, 4, 5, 6));
  session.writes.register(4, 0x1234_5678_9abcn);
  assert.equal(session.position, position + 3, 'two pages and a register: three steps');
  assert.equal(complete(session.continue()).kind, 'breakpoint');
  complete(session.goTo(position));
  assert.throws(() => session.writes.memory(unused, Uint8Array.of(9)), /cannot be changed/);
  while (complete(session.continue()).kind !== 'ended');
  const end = session.reason.kind === 'ended' ? session.reason.end : undefined;
  const expected = { position: session.position, digest: session.target.digest() };
  session.target.close(end!);

  const replay = new Session(stage.replay());
  t.after(() => replay.target.close(end!));
  complete(replay.goTo(position + 3));
  assert.deepEqual(replay.inspector.readMemory(unused - 3n, 6), Uint8Array.of(1, 2, 3, 4, 5, 6));
  assert.equal(replay.inspector.register(4), 0x1234_5678_9abcn);
  assert.equal(complete(replay.continue()).kind, 'ended');
  assert.deepEqual({ position: replay.position, digest: replay.target.digest() }, expected);
});
