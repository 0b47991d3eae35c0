/** A guest without a UART driver uses the console, files and exit status through semihosting, and can be replayed.
 *
 * The guest's command line selects what it does (test/guests/semihosting/semihosting.c).
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { entryName } from '../../debug-adapter/engine/index.ts';
import { type Session, Sandbox } from '../support/cli.ts';
import { guest } from '../support/guests.ts';
import { entriesOf } from '../support/recordings.ts';
import { requireTool, runTool } from '../support/tools.ts';

const QEMU = 'qemu-system-riscv64';
const GCC = 'riscv64-unknown-elf-gcc';
const DATA = 'one\ntwo\nthree\n';

suite('semihosting', { concurrency: 2 }, () => {
  test('output, input and exit status are recorded, and are replayed without the files that the guest read', async (t) => {
    const sandbox = new Sandbox(t);
    sandbox.write('data.txt', DATA);
    const session = {
      ...does(sandbox, 'cat=data.txt sum=data.txt date keys line exit=42', 'ab\nthe rest'),
      rrfile: 'a.rr',
    };
    const recorded = await sandbox.record(session, '--semihosting');
    const summary = recorded.ended(1, 'guestFailed');
    assert.equal(summary.guestExit, 42);
    assert.match(recorded.console, /^data\.txt: handle 1, 14 bytes\none\ntwo\nthree\nclose 0, again -1, error 9\n/m);
    assert.match(recorded.console, /^data\.txt: 14 of 14 bytes, crc32 [0-9a-f]+\n1\d{9} seconds since 1970\n/m);
    assert.match(recorded.console, /<a><b><\|>\nline: the rest$/);
    for (const file of ['data.txt', 'keys']) fs.rmSync(sandbox.path(file));
    for (const more of [[], ['--semihosting']]) {
      const replayed = await sandbox.replay(session, ...more);
      const { position, digest, guestExit } = replayed.ended(1, 'guestFailed');
      assert.deepEqual([position, digest, guestExit], [summary.position, summary.digest, 42]);
      assert.equal(replayed.console, recorded.console);
    }
    const middle = Math.floor(summary.position / 2);
    assert.equal((await sandbox.replay(session, '--stop-at', String(middle))).ended(0, 'stopAt').position, middle);
    assert.equal(entriesOf(sandbox, 'a.rr').filter((entry) => entryName(entry) === 'hostFile').length > 5, true);
    assert.match((await sandbox.cli(['info', 'a.rr'])).console, /, semihosting$/m);
    assert.match((await sandbox.cli(['dump', 'a.rr', '--kind', 'hostFile'])).console, /7 bytes of data/);
  });

  test('semihosting is off by default: the guest gets a breakpoint exception, and a replay with semihosting is rejected', async (t) => {
    const sandbox = new Sandbox(t);
    const session = { ...does(sandbox, 'exit=42'), rrfile: 'a.rr' };
    const outcome = await sandbox.record(session);
    assert.equal(outcome.ended(1, 'guestFailed').guestExit, 1, 'the guest does not receive its command line');
    assert.equal(outcome.console, '');
    const { message } = (await sandbox.replay(session, '--semihosting')).refused(2);
    assert.match(message, /semihosting: recorded off, given on/);
  });

  test('files outside the current folder and all writes are rejected', async (t) => {
    const sandbox = new Sandbox(t);
    sandbox.write('in/data.txt', DATA);
    sandbox.write('secret', DATA);
    fs.symlinkSync('../secret', sandbox.path('in/link'));
    const kernel = copyOfGuest(sandbox, 'in/k.elf');
    const names = [
      'data.txt',
      './data.txt',
      '../secret',
      sandbox.path('secret'),
      sandbox.path('in/data.txt'),
      'link',
      '.',
    ];
    const words = [...names.map((name) => `open=0,${name}`), 'open=4,new.txt', 'open=8,data.txt', 'refused', 'exit=00'];
    const before = sandbox.fingerprint();
    const { console } = await sandbox.cli(
      ['run', '--kernel', path.basename(kernel), '--semihosting', '--append', words.join(' '), '--json'],
      { through: ['env', '-C', sandbox.path('in')] },
    );
    const answers = [...console.matchAll(/^open .*: (.*)$/gm)].map(([, answer]) => answer);
    const refused = 'error 13';
    assert.deepEqual(answers, ['opened', 'opened', ...Array(5).fill(refused), 'error 30', 'error 30']);
    assert.match(
      console,
      /^remove -1, error 30\nrename -1, error 30\nsystem -1, error 1\ntmpnam -1, error 30, unchanged$/m,
    );
    assert.deepEqual(sandbox.fingerprint(), before);
  });

  test('a console read that can never get input ends the run', async (t) => {
    const sandbox = new Sandbox(t);
    const outcome = await sandbox.run(does(sandbox, 'keys', 'ab'), '--semihosting');
    outcome.ended(1, 'waitsForever');
    assert.match(outcome.console, /<a><b>$/);
  });

  test('the exit code of a guest is truncated to one byte, like that of a process', async (t) => {
    const sandbox = new Sandbox(t);
    for (const [word, status, guestExit] of [
      ['exit=00', 0, 0],
      ['exit=07', 1, 7],
      ['exit=-1', 1, 255],
      ['abort', 1, 1],
    ] as const) {
      const outcome = await sandbox.run(does(sandbox, word), '--semihosting');
      assert.equal(outcome.status, status);
      assert.equal(outcome.summary.guestExit, guestExit);
    }
  });

  test('a reset closes all open files', async (t) => {
    const sandbox = new Sandbox(t);
    sandbox.write('data.txt', DATA);
    const session = { ...does(sandbox, 'open=0,data.txt cat=data.txt reset'), rrfile: 'a.rr' };
    const recorded = await sandbox.record(session, '--semihosting', '--stop-at', '60000');
    recorded.ended(0, 'stopAt');
    assert.ok([...recorded.console.matchAll(/^data\.txt: handle 2/gm)].length > 1);
    const replayed = await sandbox.replay(session);
    assert.equal(replayed.summary.digest, recorded.summary.digest);
    assert.equal(replayed.console, recorded.console);
  });

  test('the guest gets the same results as in QEMU', async (t) => {
    if (!requireTool(QEMU, t)) return;
    const sandbox = new Sandbox(t);
    sandbox.write('data.txt', DATA);
    const words =
      'cat=data.txt cat=absent sum=data.txt seek=data.txt open=1,./data.txt open=12,data.txt open=0,:tt features' +
      ' heap clock mistakes supervisor user nocalls exit=42';
    const session = does(sandbox, words);
    const ours = await sandbox.run(session, '--semihosting');
    const theirs = underQemu(sandbox, session.kernel, words);
    assert.equal(ours.console, theirs.console);
    assert.equal(ours.summary.guestExit, theirs.status);
  });

  test('a picolibc program prints, reads a file and exits as under QEMU', async (t) => {
    if (!requireTool(QEMU, t) || !hasPicolibc(t)) return;
    const folder = new Sandbox(t);
    folder.write('data.txt', DATA);
    runTool(GCC, [...PICOLIBC, '-o', folder.path('program.elf'), folder.path(folder.write('program.c', PROGRAM))]);
    const session = { kernel: 'program.elf', rrfile: 'a.rr' };
    const ours = await folder.record(session, '--semihosting');
    const theirs = underQemu(folder, 'program.elf');
    assert.equal(theirs.status, 42);
    assert.match(theirs.console, /^3 lines, the last one is three$/m);
    assert.equal(ours.console, theirs.console);
    assert.equal(ours.summary.guestExit, theirs.status);
    fs.rmSync(folder.path('data.txt'));
    const replayed = await folder.replay(session);
    assert.deepEqual([replayed.console, replayed.summary.digest], [ours.console, ours.summary.digest]);
  });
});

/**
 * A session that runs the guest with these commands. The guest's command line also contains the name of the ELF file.
 */
function does(sandbox: Sandbox, words: string, typed = ''): Session {
  const stdin = sandbox.write('keys', typed);
  return { kernel: copyOfGuest(sandbox, 'k.elf'), stdin, options: ['--append', words] };
}

function copyOfGuest(sandbox: Sandbox, name: string): string {
  return sandbox.write(name, fs.readFileSync(guest('semihosting/semihosting')));
}

function underQemu(sandbox: Sandbox, kernel: string, append = ''): { console: string; status: number | null } {
  const console = ['-semihosting-config', 'enable=on,chardev=c', '-chardev', 'stdio,id=c'];
  const machine = ['-M', 'virt', '-m', '128M', '-bios', 'none', '-display', 'none', '-monitor', 'none'];
  const options = [...machine, ...console, '-kernel', kernel, ...(append ? ['-append', append] : [])];
  const { stdout, status } = spawnSync(QEMU, options, { cwd: sandbox.folder, encoding: 'utf8', timeout: 60_000 });
  return { console: stdout, status };
}

/** Needs the Debian packages gcc-riscv64-unknown-elf and picolibc-riscv64-unknown-elf. */
function hasPicolibc(t: TestContext): boolean {
  if (!requireTool(GCC, t)) return false;
  if (spawnSync(GCC, [PICOLIBC[0], '-E', '-'], { input: '' }).status === 0) return true;
  if (process.env.CI) throw new Error('picolibc is missing: CI must have it');
  t.skip('picolibc is not installed');
  return false;
}

const at = (symbol: string, value: number): string => `-Wl,--defsym=${symbol}=0x${value.toString(16)}`;

const PICOLIBC = [
  ...['--specs=picolibc.specs', '--oslib=semihost', '-march=rv64imafdc', '-mabi=lp64d', '-mcmodel=medany', '-O1'],
  ...[at('__flash', 0x8000_0000), at('__flash_size', 0x20_0000)],
  ...[at('__ram', 0x8020_0000), at('__ram_size', 0x20_0000)],
];

const PROGRAM = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
  FILE *file = fopen("data.txt", "r");
  char line[80], last[80] = "none";
  int lines = 0;
  while (file && fgets(line, sizeof line, file)) {
    lines++;
    strcpy(last, line);
  }
  printf("%d lines, the last one is %s", lines, last);
  printf("back at the start: %d, ", fseek(file, 4, SEEK_SET));
  printf("then %s", fgets(line, sizeof line, file));
  fclose(file);
  printf("absent: %s\\n", fopen("absent.txt", "r") ? "there" : "not there");
  char *memory = malloc(10000);
  printf("memory: %s\\n", memory ? "some" : "none");
  fprintf(stderr, "%.3f\\n", 22.0 / 7);
  exit(42);
}
`;
