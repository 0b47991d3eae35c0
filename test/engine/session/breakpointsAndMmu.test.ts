/** Breakpoints set at power-on stop the guest both before and after the kernel enables address translation. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import { openSymbols, Session } from '../../../debug-adapter/engine/index.ts';
import { guest } from '../../support/guests.ts';
import { KERNEL, stageOf } from '../timeline/travelSupport.ts';

const CSR_SATP = 0x180;

function kernelSession(t: TestContext) {
  const session = new Session(stageOf(KERNEL, t).record());
  t.after(() => session.target.close({ reason: 'interrupted' }));
  const entryOf = (file: string, name: string): bigint => {
    const found = openSymbols({ name: file, bytes: readFileSync(file) }).functionsNamed(name);
    assert.equal(found.length, 1, `${name} of ${file}`);
    return found[0].low;
  };
  const isMmuOn = () => session.inspector.csr(CSR_SATP)! >> 60n !== 0n;
  return { session, entryOf, isMmuOn };
}

test('a breakpoint set at power-on stops the guest before and after the kernel turns on the MMU, in both directions', (t) => {
  const { session, entryOf, isMmuOn } = kernelSession(t);
  // `memset` runs at the same address before and after paging is turned on, since the kernel is identity-mapped.
  const pc = entryOf(KERNEL.kernel, 'memset');
  session.stopPoints.addBreakpoint(pc);
  const stops: { position: number; mmu: boolean }[] = [];
  while (stops.length < 40 && complete(session.continue()).kind === 'breakpoint') {
    assert.equal(session.inspector.pc, pc);
    stops.push({ position: session.position, mmu: isMmuOn() });
  }
  assert.ok(
    stops.some(({ mmu }) => !mmu),
    'before the MMU is on',
  );
  assert.ok(
    stops.some(({ mmu }) => mmu),
    'after the MMU is on',
  );
  for (const stop of stops.slice(0, -1).reverse()) {
    assert.equal(complete(session.reverseContinue()).kind, 'breakpoint');
    assert.deepEqual({ position: session.position, mmu: isMmuOn() }, stop);
  }
});

test('a breakpoint in a program that is not loaded yet takes effect once the page with its address is mapped', (t) => {
  const { session, entryOf, isMmuOn } = kernelSession(t);
  assert.equal(isMmuOn(), false);
  const pc = entryOf(guest('kernel/user/sh'), 'main');
  assert.equal(session.inspector.translate(pc), Number(pc), 'the address still belongs to something else');
  session.stopPoints.addBreakpoint(pc);
  assert.equal(complete(session.continue()).kind, 'breakpoint');
  assert.equal(session.inspector.pc, pc);
  assert.equal(isMmuOn(), true);
  assert.equal(session.inspector.privilege, 0);
});
