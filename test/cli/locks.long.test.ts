/** Several sessions may read a file, but only one may write to it, no matter which of its names they use. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { suite, test, type TestContext } from 'node:test';
import { optionsOf, type Outcome, type RunningCli, type Session, type Sandbox } from '../support/cli.ts';
import { makeElf } from '../support/elf.ts';
import { requireTool, runTool } from '../support/tools.ts';
import { DEMO, fresh, withDrive } from './freshScene.ts';
import { recorded } from './recordedScene.ts';
import { MIB, record, replay } from './refusal.ts';

const SPIN: Session = { ...withDrive({ overlay: 'o1.qcow2' }), kernel: 'spin.elf' };

suite('while a session is recording', { concurrency: 1 }, () => {
  test('an overlay is locked under its other names too, and its base is locked against writers', async (t) => {
    const sandbox = fresh.copy(t);
    const cli = (words: string) => () => sandbox.cli([...words.split(' '), '--json']);
    for (const words of ['other.qcow2 --base disk.img --format raw', 'o1.qcow2 --base disk.img --format raw']) {
      assert.equal((await cli(`overlay create ${words}`)()).status, 0);
    }
    const running = await recording(t, sandbox, SPIN, '--overwrite');
    // The links cannot be created earlier, because the recording replaces the overlay when it starts.
    fs.linkSync(sandbox.path('o1.qcow2'), sandbox.path('o2.qcow2'));
    fs.symlinkSync('o1.qcow2', sandbox.path('o3.qcow2'));
    fs.linkSync(sandbox.path('disk.img'), sandbox.path('disk2.img'));
    const others: [file: string, act: () => Promise<Outcome>][] = [
      ['o2.qcow2', () => sandbox.record({ ...withDrive({ overlay: 'o2.qcow2' }), rrfile: 'b.rr' }, '--overwrite')],
      ['o3.qcow2', () => sandbox.record({ ...withDrive({ overlay: 'o3.qcow2' }), rrfile: 'b.rr' }, '--overwrite')],
      ['o2.qcow2', cli('overlay commit o2.qcow2 --yes')],
      ['o2.qcow2', cli('snapshot list o2.qcow2')],
      ['o2.qcow2', () => sandbox.run({ kernel: 'demo.elf', drives: [{ image: 'o2.qcow2', format: 'qcow2' }] })],
      ['a.rr', cli('dump a.rr')],
      ['a.rr', cli('pack a.rr --into a.pack')],
      ['disk.img', cli('overlay commit other.qcow2')],
    ];
    for (const [file, act] of others) {
      const before = sandbox.fingerprint(['disk.img', 'other.qcow2']);
      const { message, code } = (await act()).refused(2);
      assert.equal(code, 'overlay-in-use', message);
      assert.ok(
        message.endsWith(`${file} is in use by process ${running.pid} (recording a.rr). End that session first.`),
        message,
      );
      assert.deepEqual(sandbox.fingerprint(['disk.img', 'other.qcow2']), before);
      assert.ok(!sandbox.exists('b.rr') && !sandbox.exists('a.pack'));
    }
    // Other sessions may read the base at the same time.
    const second = { ...withDrive({ image: 'disk2.img', overlay: 'o4.qcow2' }), rrfile: 'c.rr' };
    (await sandbox.record(second, '--stop-at', '1000')).ended(0, 'stopAt');
    assert.equal((await cli('info a.rr')()).status, 0);
    running.kill('SIGINT');
    (await running.end).ended(130, 'interrupted');
    (await sandbox.replay(DEMO_OVER('o1.qcow2'))).ended(0, 'endOfRecording');
    assert.equal((await cli('overlay commit other.qcow2')()).status, 0);
    assert.deepEqual(leftOf(sandbox), []);
  });

  test('a qcow2 image in use as a base cannot receive another recording’s snapshots or serve as an overlay', async (t) => {
    const sandbox = fresh.copy(t);
    await sandbox.cli(['overlay', 'create', 'mine.qcow2', '--base', 'disk.img', '--format', 'raw']);
    const mine = { image: 'mine.qcow2', format: 'qcow2' as const };
    const running = await recording(t, sandbox, { ...SPIN, drives: [{ ...mine, overlay: 'o1.qcow2' }] });
    const inPlace = { ...DEMO, drives: [mine], rrfile: 'b.rr', options: ['--rrsnapshot', 'mine'] };
    assert.equal((await sandbox.record(inPlace)).refused(2).code, 'overlay-in-use');
    const asOverlay = { ...withDrive({ overlay: 'mine.qcow2' }), rrfile: 'b.rr' };
    assert.equal((await sandbox.record(asOverlay, '--overwrite')).refused(2).code, 'overlay-in-use');
    const rebase = ['overlay', 'rebase', 'mine.qcow2', '--base', 'disk.img', '--format', 'raw', '--json'];
    assert.equal((await sandbox.cli(rebase)).refused(2).code, 'overlay-in-use');
    running.kill('SIGINT');
    await running.end;
    assert.ok(!sandbox.exists('b.rr'));
  });

  test('a base image in a read-only folder is locked without a lock file there', async (t) => {
    const sandbox = fresh.copy(t);
    fs.mkdirSync(sandbox.path('base'));
    sandbox.disk('base/disk.img', MIB);
    fs.chmodSync(sandbox.path('base'), 0o555);
    const drive = { image: 'base/disk.img', overlay: 'o1.qcow2' };
    const running = await recording(t, sandbox, { ...SPIN, drives: [drive] });
    assert.deepEqual(fs.readdirSync(sandbox.path('base')), ['disk.img']);
    const overBase = { ...withDrive({ overlay: 'base/disk.img' }), rrfile: 'b.rr' };
    assert.equal((await sandbox.record(overBase, '--overwrite')).status, 2);
    running.kill('SIGKILL');
    await running.end;
    assert.deepEqual(fs.readdirSync(sandbox.path('base')), ['disk.img']);
    fs.chmodSync(sandbox.path('base'), 0o755);
    (await sandbox.record({ ...SPIN, drives: [drive] }, '--overwrite', '--stop-at', '1000')).ended(0, 'stopAt');
  });

  test('no lock remains after a kill', async (t) => {
    const sandbox = fresh.copy(t);
    const running = await recording(t, sandbox, SPIN);
    running.kill('SIGKILL');
    await running.end;
    (await sandbox.replay(DEMO_OVER('o1.qcow2'))).ended(0, 'endOfRecording');
    (await sandbox.record(SPIN, '--overwrite', '--stop-at', '1000')).ended(0, 'stopAt');
    assert.deepEqual(leftOf(sandbox), []);
  });
});

suite('during a replay', { concurrency: 1 }, () => {
  test('other sessions may replay, read and pack, but not write', async (t) => {
    const sandbox = recorded.copy(t);
    // The replay is waiting for gdb to connect.
    const running = sandbox.start(['replay', ...optionsOf(DEMO), '--gdb', '0']);
    t.after(() => running.kill('SIGKILL'));
    await running.untilSaid(/port \d+|:\d+/);
    (await sandbox.replay(DEMO)).ended(0, 'endOfRecording');
    for (const words of [
      'snapshot list a.rr',
      'overlay info hd0.qcow2',
      'overlay check hd0.qcow2',
      'dump a.rr --to 0',
      'pack a.rr --into a.pack',
    ]) {
      const outcome = await sandbox.cli(words.split(' '));
      assert.equal(outcome.status, 0, `${words}: ${outcome.stderr}`);
    }
    const writers: [file: string, act: (sandbox: Sandbox) => Promise<Outcome>][] = [
      ['a.rr', record(DEMO, '--overwrite')],
      ['hd0.qcow2', record({ ...DEMO, rrfile: 'b.rr' }, '--overwrite')],
      ['a.rr', (at) => at.cli(['snapshot', 'delete', 'a.rr', 'replay_init', '--yes', '--json'])],
      ['hd0.qcow2', (at) => at.cli(['overlay', 'discard', 'hd0.qcow2', '--yes', '--json'])],
      ['hd0.qcow2', (at) => at.cli(['overlay', 'commit', 'hd0.qcow2', '--yes', '--json'])],
      ['hd0.qcow2', (at) => at.cli(['overlay', 'check', 'hd0.qcow2', '--repair', '--json'])],
    ];
    const before = sandbox.fingerprint(['a.rr', 'hd0.qcow2', 'disk.img']);
    for (const [file, act] of writers) {
      const { message } = (await act(sandbox)).refused(2);
      assert.equal(message, `${file} is in use by process ${running.pid} (replaying a.rr). End that session first.`);
    }
    assert.deepEqual(sandbox.fingerprint(['a.rr', 'hd0.qcow2', 'disk.img']), before);
    running.kill('SIGTERM');
    await running.end;
    assert.deepEqual(leftOf(sandbox), []);
  });
});

test(
  'an image that QEMU is writing to is rejected as a base and for snapshots',
  { skip: process.platform !== 'linux' },
  async (t) => {
    if (!requireTool('qemu-io', t)) return;
    const sandbox = fresh.copy(t);
    runTool('qemu-img', ['create', '-q', '-f', 'qcow2', sandbox.path('mine.qcow2'), '1M']);
    for (const [file, format] of [
      ['disk.img', 'raw'],
      ['mine.qcow2', 'qcow2'],
    ] as const) {
      const qemu = spawn('qemu-io', ['-f', format, sandbox.path(file)]);
      t.after(() => qemu.kill('SIGKILL'));
      await new Promise((resolve) => qemu.stdout.once('data', resolve));
      const before = sandbox.fingerprint();
      for (const act of [
        record(withDrive({ image: file, format })),
        record({ ...DEMO, drives: [{ image: file, format, readOnly: true }] }),
        replay({ ...DEMO, rrfile: 'none.rr' }),
        ...(format === 'qcow2'
          ? [record({ ...DEMO, drives: [{ image: file, format }], options: ['--rrsnapshot', 'mine'] })]
          : []),
      ]) {
        const { message, code } = (await act(sandbox)).refused(2);
        if (code === 'file-missing') continue;
        assert.equal(code, 'image-in-qemu', message);
        assert.equal(
          message,
          `${file} is open for writing in QEMU (process ${qemu.pid}). Quit QEMU first, or use a copy of the image.`,
        );
      }
      assert.deepEqual(sandbox.fingerprint(), before);
      qemu.stdin.end();
      await new Promise((resolve) => qemu.once('close', resolve));
    }
  },
);

const DEMO_OVER = (overlay: string): Session => ({ ...withDrive({ overlay }), kernel: 'spin.elf' });

async function recording(t: TestContext, sandbox: Sandbox, session: Session, ...more: string[]): Promise<RunningCli> {
  sandbox.write('spin.elf', makeElf());
  const running = sandbox.start(['record', ...optionsOf(session), ...more]);
  t.after(() => running.kill('SIGKILL'));
  await running.untilPrinted('!');
  return running;
}

/** The lock files and temporary files in the sandbox. */
const leftOf = (sandbox: Sandbox): string[] =>
  fs.readdirSync(sandbox.folder).filter((name) => name.includes('.lock') || name.startsWith('.blkreplay'));
