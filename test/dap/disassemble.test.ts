/** Disassembly is the same from every starting address, and a response has the requested number of rows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch, source } from '../support/dapClient.ts';
import { longTest } from '../support/extent.ts';

interface Row {
  address: string;
  instruction: string;
  instructionBytes?: string;
  symbol?: string;
  line?: number;
  location?: { path: string };
  presentationHint?: string;
}

test('disassembly is the same from any starting instruction, with lines and symbols', async (t) => {
  const dap = new DapClient(t);
  await dap.start(demoLaunch(new Sandbox(t), { stopOnEntry: true }));
  await dap.event('stopped');
  const start = /0x[0-9a-f]+/.exec(await dap.evaluate('&statistics_sample'))![0];
  const rows = await rowsAt(dap, start, 0, 40);
  assert.equal(rows[0].symbol, 'statistics_sample');
  assert.equal(rows[1].symbol, `statistics_sample+${Number(rows[1].address) - Number(start)}`);
  assert.deepEqual([rows[0].line, rows[0].location?.path], [8, source('demo/statistics.c')]);
  const lengths = new Set(rows.map(({ instructionBytes }) => instructionBytes!.split(' ').length));
  assert.deepEqual([...lengths].sort(), [2, 4], 'both compressed and 4-byte instructions occur');
  for (const k of [1, 7, 39]) {
    const seen = await rowsAt(dap, rows[k].address, -k, 40 - k);
    assert.deepEqual(seen.map(plain), rows.slice(0, 40 - k).map(plain), `from row ${k}`);
    const tail = await rowsAt(dap, rows[0].address, k, 40 - k);
    assert.deepEqual(tail.map(plain), rows.slice(k).map(plain), `to row ${k}`);
  }
  // The functions before `start` are contiguous, so the 200 rows before it are contiguous too.
  const before = await rowsAt(dap, start, -200, 200);
  before.forEach(({ address, instructionBytes }, i) => {
    const next = before[i + 1]?.address ?? start;
    assert.equal(Number(address) + instructionBytes!.split(' ').length, Number(next));
  });
  assert.ok(before.every(({ instruction }) => !instruction.startsWith('.')));
});

longTest('unmapped addresses are shown as such, and the response has the requested number of rows', async (t) => {
  const dap = new DapClient(t);
  await dap.start(demoLaunch(new Sandbox(t), { stopOnEntry: true }));
  await dap.event('stopped');
  const rows = await rowsAt(dap, '0x80000000', -10, 20);
  assert.equal(rows.length, 20);
  assert.deepEqual(
    rows.map(({ presentationHint }) => presentationHint === 'invalid'),
    rows.map((_, i) => i < 10),
  );
  assert.deepEqual([rows[9].address, rows[10].address], ['0x7ffffffc', '0x80000000']);
  assert.equal((await rowsAt(dap, '0x0', -50, 100)).length, 100);
  assert.equal((await rowsAt(dap, '0x80000000', 5, 0)).length, 0);
  assert.match(
    await dap.refused('disassemble', { memoryReference: '0x80000000', instructionCount: -1 }),
    /"instructionCount" .* expected/,
  );
});

test('without an address, there are no rows: the disassembly view asks for them while the machine runs', async (t) => {
  const dap = new DapClient(t);
  await dap.start(demoLaunch(new Sandbox(t), { stopOnEntry: true }));
  await dap.event('stopped');
  const args = { memoryReference: '', offset: 0, instructionOffset: -50, instructionCount: 50 };
  assert.deepEqual(await dap.request('disassemble', args), { instructions: [] });
});

async function rowsAt(dap: DapClient, memoryReference: string, instructionOffset: number, instructionCount: number) {
  const args = { memoryReference, instructionOffset, instructionCount, resolveSymbols: true };
  const { instructions } = await dap.request('disassemble', args);
  assert.equal(instructions.length, instructionCount);
  return instructions as Row[];
}

/** Omits the source file, which is given only in the first of consecutive rows from the same file. */
const plain = ({ address, instruction, instructionBytes, symbol, line }: Row) => ({
  ...{ address, instruction, instructionBytes, symbol, line },
});
