/** `npm run demo` finds the line that corrupted the field, in the recording and in its replay. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { source } from '../support/dapClient.ts';
import { DEMO } from '../support/demoWalk.ts';
import { longTest } from '../support/extent.ts';

/** The demo runs from the repository, as README.md describes, but writes its files to a temporary folder. */
const ROOT = path.resolve(import.meta.dirname, '../..');
const SCRIPT = path.join(ROOT, 'scripts/demo/main.ts');

longTest('the demo finds the line that corrupted the field, in the recording and in its replay', (t) => {
  const { folder } = new Sandbox(t);
  const { stdout, stderr, status } = runDemo(folder);
  assert.equal(status, 0, stdout + stderr);
  assert.equal(stderr, '');
  const lines = stdout.trimEnd().split('\n');
  assert.ok(lines.length <= 65, `the output stays short: ${lines.length} lines`);
  const sandbox = path.relative(ROOT, source(`demo/${DEMO.file}`));
  assert.deepEqual(lines.slice(-4, -1), [
    `Found at ${sandbox}:${DEMO.line}, in ${DEMO.functionName}:`,
    '  statistics->last_seen_us[level] = now_us;',
    `  statistics->last_seen_us has 8 elements, level is ${DEMO.level}: that element would be ${DEMO.field}`,
  ]);
  assert.match(lines.at(-1)!, /^ {2}store\.superblock\.entry_count was written: 96 -> \d+$/);
  assert.equal(lines.filter((line) => line.startsWith('yes  ')).length, 6, 'all checks are reported');
  assert.ok(lines.includes('-> reverseContinue') && lines.includes('-> stepBack'));
  assert.deepEqual(readdirSync(folder).sort(), ['demo.rr', 'disk.img', 'hd0.qcow2']);
});

test('the demo does not name the file, line or function that contains the bug', () => {
  const folder = path.dirname(SCRIPT);
  for (const name of readdirSync(folder)) {
    const text = readFileSync(path.join(folder, name), 'utf8');
    assert.doesNotMatch(text, /statistics|last_seen|entry_count|superblock|sample/, name);
  }
});

function runDemo(folder: string) {
  return spawnSync(process.execPath, [SCRIPT, folder], { cwd: ROOT, encoding: 'utf8', timeout: 300_000 });
}
