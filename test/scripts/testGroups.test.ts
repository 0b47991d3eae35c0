/** Each quick test file runs exactly once, and a file that cannot be loaded fails without affecting its group. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TIERS } from '../../scripts/testFiles.ts';
import { groupTests } from '../../scripts/testGroups.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const PASSES = "import { test } from 'node:test';\ntest('passes', () => {});\n";

/** The test files that a generated file loads. */
const filesOf = (group: string): string[] =>
  (readFileSync(group, 'utf8').match(/file:.*\.test\.ts/g) ?? []).map((url) =>
    path.relative('.', fileURLToPath(url)).replaceAll('\\', '/'),
  );

test('each quick test file is in one group or has its own process', (t) => {
  const files = TIERS.quick();
  const found = groupTests(files, temporaryFolder(t)).flatMap((file) => (files.includes(file) ? file : filesOf(file)));
  assert.deepEqual(found.sort(), files);
});

test('a file that changes its process, or that has a hook for all tests of the process, is not grouped', (t) => {
  const folder = temporaryFolder(t);
  const write = (name: string, text: string): string => {
    const file = path.join(folder, `${name}.test.mjs`);
    writeFileSync(file, PASSES + text);
    return file;
  };
  const alone = [
    write('environment', "process.env.TZ = 'UTC';\n"),
    write('folder', "process.chdir('/');\n"),
    write('handler', "process.on('exit', () => {});\n"),
    write('hook', 'before(() => {});\n'),
  ];
  const shared = [write('reader', 'if (process.env.CI) test("a", () => {});\n'), write('plain', '')];
  const [group, ...others] = groupTests([...shared, ...alone], path.join(folder, 'groups'));
  assert.deepEqual(others, alone);
  assert.deepEqual(readFileSync(group, 'utf8').match(/\w+\.test\.mjs/g), ['reader.test.mjs', 'plain.test.mjs']);
});

/** The exit status and the closing line of a run of test files with these contents, all in the same group. */
function runGroup(t: TestContext, contents: Record<string, string>): { status: number | null; output: string[] } {
  const folder = temporaryFolder(t);
  const files = Object.entries(contents).map(([name, text]) => {
    const file = path.join(folder, `${name}.test.mjs`);
    writeFileSync(file, text);
    return file;
  });
  const groups = groupTests(files, path.join(folder, 'groups'));
  assert.equal(groups.length, 1);
  // If NODE_TEST_CONTEXT were set, Node would not run tests in a process that a test has started.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout } = spawnSync(process.execPath, ['scripts/test.mjs', ...groups], { env, encoding: 'utf8' });
  return { status, output: stdout.trimEnd().split('\n') };
}

test('a file that cannot be loaded is a failed test, and the other files of its group run', (t) => {
  const fails = PASSES.replace('() => {}', '() => { throw new Error("failed"); }');
  const { status, output } = runGroup(t, { missing: "import './nowhere.mjs';\n", passes: PASSES, fails });
  assert.equal(status, 1);
  assert.ok(output.some((line) => /^✖ .*missing\.test\.mjs/.test(line)));
  assert.equal(output.at(-1), '1 passed, 2 failed');
});

test('a group fails if one of its tests exits from the process', (t) => {
  const { status, output } = runGroup(t, {
    exits: PASSES.replace('() => {}', '() => process.exit(0)'),
    passes: PASSES,
  });
  assert.equal(status, 1);
  assert.equal(output.at(-1), '0 passed, 1 failed');
});
