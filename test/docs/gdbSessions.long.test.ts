/** Each gdb session in the cookbook shows gdb's actual output. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireTool } from '../support/tools.ts';
import { codeBlocks, sections } from './documents.ts';
import { missingLines, parseTranscript, runTranscript } from './gdbTranscript.ts';
import { buildCookbookGuests, sampleRepository } from './sampleRepository.ts';

const COOKBOOK = 'docs/cookbook.md';

test('the gdb sessions of the cookbook', async (t) => {
  if (!requireTool('gdb-multiarch', t)) return;
  const { guests } = sampleRepository(t);
  if (!buildCookbookGuests(guests, t)) return;
  const recipes = sections(COOKBOOK, 2).filter(({ title }) => /^\d/.test(title));
  const blocks = codeBlocks(COOKBOOK).filter(({ language }) => language === 'gdb');
  assert.ok(recipes.length >= 10 && blocks.length === recipes.length, 'each recipe has a gdb session');
  for (const [i, { text }] of blocks.entries()) {
    await t.test(recipes[i].title, async () => {
      const checks = parseTranscript(text).flatMap(({ inGdb }) => inGdb.flatMap(({ expected }) => expected));
      assert.ok(checks.length > 0, 'the session shows output');
      const once = text
        .replaceAll('--rrfile a.rr', '--overwrite --rrfile a.rr')
        .replaceAll('replay --overwrite', 'replay');
      assert.deepEqual(await runTranscript(once, guests), []);
    });
  }
});

test('a line that a command does not print is reported, and so is a wrong order', () => {
  const command = { command: 'print x', expected: ['a = 1', 'b = ... 2'] };
  assert.deepEqual(missingLines(command, 'a =  1\nb = xx 2\n'), []);
  assert.equal(missingLines(command, 'b = xx 2\na = 1\n').length, 1);
});
