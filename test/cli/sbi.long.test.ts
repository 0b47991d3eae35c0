/** For every SBI call that Linux makes, the built-in firmware returns what OpenSBI returns in blkreplay and in QEMU.
 *
 * The guest is a supervisor-mode program that makes these calls.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { builtinFirmware } from '../../debug-adapter/engine/machine/boot/firmware.ts';
import { Sandbox } from '../support/cli.ts';
import { expected, guest } from '../support/guests.ts';
import { requireTool } from '../support/tools.ts';

const KERNEL = guest('sbi/sbi');
const QEMU = 'qemu-system-riscv64';
const OPENSBI = '/usr/share/qemu/opensbi-riscv64-generic-fw_dynamic';

/** The expected output of harts 1 and 2. Each of them starts, reports that it has started, and stops on request. */
const THREE_HARTS = `\
hart 1 is: 0 1
  start: 0
  said 1001
  is: 0 0
hart 2 is: 0 1
  start: 0
  said 1002
  is: 0 0
fences on all: 0
  fence.i: 0
send_ipi to the others: 0
  hart 1 stopped after 1 interrupts and said 1001
  hart 2 stopped after 1 interrupts and said 1002
`;

suite('SBI', { concurrency: 2 }, () => {
  test('the built-in firmware returns the same results as OpenSBI', async (t) => {
    const ours = await new Sandbox(t).run({ kernel: KERNEL, options: ['--bios', 'builtin'] });
    ours.ended(0, 'powerOff');
    assert.equal(common(ours.console), common(expected('sbi/sbi').console));
  });

  for (const bios of ['builtin', `${OPENSBI}.bin`]) {
    test(`${path.basename(bios)} returns the same results on three harts as OpenSBI does in QEMU`, async (t) => {
      if (bios !== 'builtin' && !hasOpenSbi(bios, t)) return;
      const options = ['--bios', bios, '--harts', '3'];
      const ours = await new Sandbox(t).run({ kernel: KERNEL, options });
      ours.ended(0, 'powerOff');
      const theirs = expected('sbi/sbi').console.replace('start of hart 64: -3\n', (line) => line + THREE_HARTS);
      assert.equal(common(ours.console), common(theirs));
    });
  }

  test('the built-in firmware supports the debug console extension', async (t) => {
    const { console } = await new Sandbox(t).run({ kernel: KERNEL, options: ['--bios', 'builtin'] });
    assert.deepEqual(DEBUG_CONSOLE.exec(console)?.[0].trimEnd().split('\n'), [
      'debug console: written',
      '  write: 0 23',
      '+  write byte: 0',
      '  read: 0 0',
      '  write from nowhere: -3',
      '  write of the firmware: -3',
      '  write into its end: -3',
      '  read over it: -3',
      '  write beyond 2^64: -3',
      '  write from above: -3',
      '  function 99: -2',
    ]);
  });

  for (const [what, options, harts] of [
    ['one hart', ['-icount', 'shift=0'], ''],
    ['one hart without Sstc', ['-icount', 'shift=0', '-cpu', 'rv64,sstc=off'], ''],
    // The hart on which OpenSBI boots varies. The expected results are those of a boot on hart 0.
    ['three harts', ['-smp', '3'], THREE_HARTS],
  ] as const) {
    test(`in QEMU the built-in firmware returns the same results as OpenSBI, ${what}`, async (t) => {
      if (!requireTool(QEMU, t)) return;
      const sandbox = new Sandbox(t);
      sandbox.write('firmware.bin', builtinFirmware());
      const ours = await onQemu(sandbox, ['-bios', 'firmware.bin', ...options]);
      const theirs = expected('sbi/sbi').console.replace('start of hart 64: -3\n', (line) => line + harts);
      assert.equal(common(ours), common(theirs));
    });
  }

  for (const file of [`${OPENSBI}.bin`, `${OPENSBI}.elf`]) {
    test(`OpenSBI loaded from a ${file.slice(-4)} file runs here as it does in QEMU`, async (t) => {
      if (!hasOpenSbi(file, t)) return;
      const ours = await new Sandbox(t).run({ kernel: KERNEL, options: ['--bios', file] });
      ours.ended(0, 'powerOff');
      assert.match(ours.console, /Platform Shutdown Device +: sifive_test/);
      assert.equal(common(ours.console), common(expected('sbi/sbi').console));
    });
  }

  test('a recording contains its firmware, so a replay needs no file', async (t) => {
    const sandbox = new Sandbox(t);
    sandbox.write('firmware.bin', builtinFirmware());
    const session = { kernel: KERNEL, rrfile: 'a.rr', options: ['--bios', 'firmware.bin'] };
    const recorded = (await sandbox.record(session)).ended(0, 'powerOff');
    fs.rmSync(sandbox.path('firmware.bin'));
    const replayed = (await sandbox.replay(session)).ended(0, 'powerOff');
    assert.deepEqual([replayed.position, replayed.digest], [recorded.position, recorded.digest]);
  });
});

const DEBUG_CONSOLE = /^debug console[^]*?(?=^reset of)/m;

/**
 * The output without the parts that depend on the firmware: the banner, and the debug console, which QEMU 7.2's OpenSBI
 * lacks.
 */
function common(console: string): string {
  return console.slice(console.indexOf('hart 0, device tree')).replaceAll('\r', '').replace(DEBUG_CONSOLE, '');
}

function hasOpenSbi(file: string, t: TestContext): boolean {
  if (fs.existsSync(file)) return true;
  if (process.env.CI) throw new Error(`${file} is missing: CI must have it`);
  t.skip(`${file} is not installed`);
  return false;
}

async function onQemu(sandbox: Sandbox, options: readonly string[]): Promise<string> {
  const machine = ['-M', 'virt', '-m', '128M', '-display', 'none', '-monitor', 'none'];
  const qemu = spawn(QEMU, [...machine, '-serial', 'stdio', '-kernel', KERNEL, ...options], {
    cwd: sandbox.folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 120_000,
  });
  let console = '';
  qemu.stdout.setEncoding('latin1').on('data', (text: string) => (console += text));
  const [code] = await new Promise<[number | null]>((resolve) => qemu.on('close', (status) => resolve([status])));
  assert.equal(code, 0, console);
  return console;
}
