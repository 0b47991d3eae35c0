/** The variables view shows a floating-point register as the value it contains. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Debuggee } from '../../debug-adapter/dap/debuggee.ts';
import { variablesIn } from '../../debug-adapter/dap/variableViews.ts';

function shown(bits: bigint): string {
  const debuggee = { inspectorOf: () => ({ float: () => bits }) } as unknown as Debuggee;
  return variablesIn(debuggee, { kind: 'floats', hart: 0 })[0].value;
}

test('a floating-point register is shown as a double, or as the NaN-boxed single or half it contains', () => {
  assert.equal(shown(0x3ff8_0000_0000_0000n), '1.5 (0x3ff8000000000000)');
  assert.equal(shown(0xffff_ffff_3fc0_0000n), '1.5f (0xffffffff3fc00000)');
  assert.equal(shown(0xffff_ffff_ffff_3e00n), '1.5f16 (0xffffffffffff3e00)');
});
