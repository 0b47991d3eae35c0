/** Text from users, files or guests never controls or floods the terminal.
 *
 * The guest's console output itself is exempt.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { suite, test } from 'node:test';
import { inert, jsonLine, sentence, shown } from '../../debug-adapter/messages/shown.ts';
import { badInput } from '../../debug-adapter/messages/userError.ts';
import { optionsOf, type Outcome } from '../support/cli.ts';
import { headerJson, withHeader } from '../support/recordings.ts';
import { requireTool } from '../support/tools.ts';
import { DEMO, TIMER } from './freshScene.ts';
import { recorded } from './recordedScene.ts';

const ACTING = '\u001b[2J\u009b31m\u0007\u202e';
// eslint-disable-next-line no-control-regex
const ACTS = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/;

test('control characters in text are escaped, and a JSON line keeps its value', () => {
  assert.equal(inert(`a${ACTING}\n\t\ud800é€😀`), 'a\\u001b[2J\\u009b31m\\u0007\\u202e\\n\\t\\ud800é€😀');
  assert.deepEqual(JSON.parse(jsonLine({ name: ACTING })), { name: ACTING });
  assert.doesNotMatch(jsonLine({ name: ACTING }), ACTS);
});

test('values and sentences are shortened in the middle, at character boundaries', () => {
  assert.equal(shown('x'.repeat(100)).length, 100);
  assert.match(shown(`start${'😀'.repeat(1000)}end`), /^start(😀)+…(😀)+end$/u);
  assert.ok(shown({ a: 'x'.repeat(1000) }).length <= 100);
  const path = `/${'folder/'.repeat(20)}disk.img`;
  assert.ok(sentence(`${path} does not exist.`).includes(path), 'a path of usual length is not shortened');
  assert.ok(sentence('word '.repeat(10_000)).length <= 2000);
  assert.ok(sentence('x'.repeat(10_000)).length <= 300);
  assert.equal(badInput('code', {}, `a${ACTING}b`).message, inert(`a${ACTING}b`));
});

suite('the command line', { concurrency: 2 }, () => {
  const args: readonly [string, string[]][] = [
    ['a command', [ACTING]],
    ['an option', ['run', `--${ACTING}`]],
    ['a value', ['run', ...optionsOf(TIMER), '--memory', ACTING]],
    ['a value of 100 kB', ['run', ...optionsOf(TIMER), '--memory', 'x '.repeat(50_000)]],
    ['a drive', ['run', ...optionsOf(TIMER), '--drive', `id=${ACTING},${'y'.repeat(50_000)}=1`]],
    ['a kernel', ['run', ...optionsOf({ kernel: `${ACTING}.elf` })]],
    ['a kernel of 300 bytes', ['run', ...optionsOf({ kernel: 'k'.repeat(300) })]],
    [
      'an overlay of 300 bytes',
      ['record', ...optionsOf({ ...DEMO, drives: [{ image: 'disk.img', overlay: 'o'.repeat(300) }] })],
    ],
    ['a recording of 300 bytes', ['record', ...optionsOf({ ...TIMER, rrfile: 'r'.repeat(300) })]],
    [
      "a recording name of 252 bytes, whose lock's name is too long",
      ['record', ...optionsOf({ ...TIMER, rrfile: 'r'.repeat(252) })],
    ],
    ['a snapshot', ['snapshot', 'apply', 'hd0.qcow2', ACTING, '--json']],
    ['a folder to unpack into', ['unpack', 'timer.rr', '--into', ACTING, '--json']],
  ];
  for (const [what, words] of args) {
    test(what, async (t) => {
      const outcome = await recorded.copy(t).cli(words);
      assert.equal(outcome.status, 2, outcome.stderr);
      isInert(outcome);
      assert.ok(outcome.stderr.length < 2000, `${outcome.stderr.length} characters`);
    });
  }
});

test('text from files is listed with its control characters escaped', async (t) => {
  if (!requireTool('qemu-img', t)) return;
  const sandbox = recorded.copy(t);
  const image = `base${ACTING}.img`;
  sandbox.disk(image);
  await sandbox.cli(['overlay', 'create', 'over.qcow2', '--base', image, '--format', 'raw']);
  execFileSync('qemu-img', ['snapshot', '-c', `s${ACTING}`, sandbox.path('over.qcow2')]);
  const header = headerJson(sandbox.read('a.rr')) as {
    bootFiles: { name: string }[];
    append: string;
    drives: { image: string }[];
  };
  header.append = ACTING;
  header.drives[0].image = ACTING;
  sandbox.write('b.rr', withHeader(sandbox.read('a.rr'), header));
  for (const words of [
    ['overlay', 'info', 'over.qcow2'],
    ['snapshot', 'list', 'over.qcow2'],
    ['overlay', 'create', `o${ACTING}.qcow2`, '--base', image, '--format', 'raw'],
    ['info', 'b.rr'],
    ['dump', 'b.rr'],
  ]) {
    for (const json of [[], ['--json']]) {
      if (words[1] === 'create' && json.length > 0) continue;
      const outcome = await sandbox.cli([...words, ...json]);
      assert.equal(outcome.status, 0, outcome.stderr);
      isInert(outcome);
    }
  }
});

function isInert({ console, stderr }: Outcome): void {
  assert.doesNotMatch(Buffer.from(console, 'latin1').toString('utf8'), ACTS);
  assert.doesNotMatch(stderr, ACTS);
  assert.doesNotMatch(stderr, /bug in blkreplay/);
}
