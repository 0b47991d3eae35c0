/** Every value of a setting either works or is rejected with a short message. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch } from '../support/dapClient.ts';

const SETTINGS = [
  ...[
    'rr',
    'rrfile',
    'rrsnapshot',
    'kernel',
    'bios',
    'initrd',
    'load',
    'dtb',
    'append',
    'memory',
    'harts',
    'snapshotMemory',
    'snapshotSpace',
    'idle',
    'overwrite',
    'console',
  ],
  ...[
    'gdbServer',
    'stopOnEntry',
    'startPosition',
    'noDebug',
    'drives',
    'rng',
    'rngSeed',
    'noReboot',
    'semihosting',
    'symbols',
    'symbolPaths',
    'sourceMap',
    'cwd',
    'machine',
  ],
];
const DRIVE_SETTINGS = ['id', 'image', 'format', 'overlay', 'readOnly', 'slot', 'virtio'];

/** Values that are invalid for every setting except those in WORKS. */
const VALUES: readonly [string, unknown][] = [
  ['a NUL', 'a\u0000b'],
  ['a path component of 300 bytes', `${'x'.repeat(300)}/y`],
  ['100 kB', 'x'.repeat(100_000)],
  ['100 kB of control characters', '\u001b\u0007'.repeat(50_000)],
  ['an escape sequence', '\u001b[2J\u001b]0;title\u0007'],
  ['a lone surrogate', '\ud800'],
  ['bidirectional control characters', 'a\u202eb\u2066c'],
  ['an object', { a: { b: ['c'.repeat(1000)] } }],
  ['a list', [1, null, 'x', {}]],
  ['a number', -1.5],
  ['a huge number', 1e300],
];

// Some of the values may be accepted for these settings, because any string can be a file name or an appended command
// line.
const WORKS = new Set(['append', 'rrsnapshot', 'cwd', 'rrfile', 'drives.overlay']);

test('values of the wrong type or with unusual text get a short message', { timeout: 300_000 }, async (t) => {
  const sandbox = new Sandbox(t);
  for (const setting of [...SETTINGS, ...DRIVE_SETTINGS.map((name) => `drives.${name}`)]) {
    await t.test(setting, async (t) => {
      const dap = new DapClient(t);
      await dap.request('initialize', { adapterID: 'blkreplay' });
      for (const [what, value] of VALUES) {
        const response = await dap.send('launch', launchWith(sandbox, setting, value));
        if (response.success) {
          assert.ok(WORKS.has(setting), `${what} is accepted for ${setting}`);
          return;
        }
        const output = response.body.error.format as string;
        assert.doesNotMatch(output, /bug in blkreplay/, what);
        // eslint-disable-next-line no-control-regex
        assert.doesNotMatch(output, /[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/, what);
        assert.ok(output.length < 600, `${output.length} characters about ${what}`);
      }
    });
  }
});

function launchWith(sandbox: Sandbox, setting: string, value: unknown): object {
  const launch = demoLaunch(sandbox, { stopOnEntry: true }) as Record<string, unknown>;
  const [, drive] = setting.split('.');
  if (drive === undefined) return { ...launch, [setting]: value };
  return { ...launch, drives: [{ ...(launch.drives as object[])[0], [drive]: value }] };
}

test('arguments nested a million levels deep are rejected, and the next request is answered', async (t) => {
  const dap = new DapClient(t);
  await dap.request('initialize', { adapterID: 'blkreplay' });
  const nested = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`;
  const deep = dap.refused('launch', { rrfile: 'a.rr', kernel: 'here' }, (text) => text.replace('"here"', nested));
  assert.match(await deep, /^The arguments of the launch request are nested too deeply/);
  assert.match(await dap.refused('launch', { rrfile: 'a.rr', kernel: 5 }), /^Invalid value 5 for "kernel"/);
});

const BOUND_MS = 30_000;

for (const how of ['SIGTERM', 'disconnect', 'closing stdin'] as const) {
  test(`${how} ends a launch that would take minutes`, { timeout: 2 * BOUND_MS }, async (t) => {
    const sandbox = new Sandbox(t);
    sandbox.write('huge.img', '');
    fs.truncateSync(sandbox.path('huge.img'), 2 ** 41);
    const dap = new DapClient(t);
    await dap.request('initialize', { adapterID: 'blkreplay' });
    const drives = [{ id: 'hd0', image: 'huge.img', format: 'raw', overlay: 'hd0.qcow2' }];
    void dap.send('launch', { ...demoLaunch(sandbox), drives }).catch(() => {});
    await sleep(500);
    if (how === 'SIGTERM') process.kill(dap.pid, 'SIGTERM');
    else if (how === 'disconnect') void dap.send('disconnect').catch(() => {});
    else void dap.leave();
    const late = sleep(BOUND_MS, 'it hung', { ref: false });
    assert.equal(await Promise.race([dap.exited, late]), 0);
    assert.deepEqual(fs.readdirSync(sandbox.folder).sort(), ['disk.img', 'huge.img']);
  });
}

test('a silent pipe as the kernel does not block the adapter', { timeout: 2 * BOUND_MS }, async (t) => {
  if (process.platform === 'win32') return t.skip('Windows has no such pipes');
  const sandbox = new Sandbox(t);
  execFileSync('mkfifo', [sandbox.path('silent')]);
  const writer = fs.openSync(sandbox.path('silent'), fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
  t.after(() => fs.closeSync(writer));
  const dap = new DapClient(t);
  await dap.request('initialize', { adapterID: 'blkreplay' });
  void dap.send('launch', { ...demoLaunch(sandbox), kernel: 'silent' }).catch(() => {});
  await sleep(300);
  const late = sleep(BOUND_MS, 'it hung', { ref: false });
  assert.equal(await Promise.race([dap.leave(), late]), 0);
});
