/** A session whose files or options conflict is rejected before it starts, and every file stays unchanged. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { suite, test } from 'node:test';
import { optionsOf, type Outcome, type Sandbox } from '../support/cli.ts';
import { makeElf } from '../support/elf.ts';
import { makeOverlay } from '../support/overlays.ts';
import { DEMO, fresh, TIMER, withDrive } from './freshScene.ts';
import { overwrite, record, type Refusal, testRefusals, replay } from './refusal.ts';
import { longTest, some } from '../support/extent.ts';

const RECORD: Refusal[] = [
  {
    what: 'an existing overlay',
    trouble: (sandbox) => sandbox.write('hd0.qcow2', 'precious'),
    command: record(DEMO),
    code: 'overlay-exists',
    says: /^hd0\.qcow2 already exists .*Specify another overlay, or pass --overwrite/,
  },
  {
    what: 'an existing recording',
    trouble: (sandbox) => sandbox.write('a.rr', 'precious'),
    command: record(DEMO),
    code: 'recording-exists',
    says: /^a\.rr already exists .*Specify another recording, or pass --overwrite/,
  },
  {
    what: 'an existing state-only image',
    trouble: (sandbox) => sandbox.write('a.rr.qcow2', 'precious'),
    command: record(TIMER),
    code: 'overlay-exists',
    says: /^a\.rr\.qcow2 already exists .*--overwrite/,
  },
  {
    what: 'a missing image',
    command: record(withDrive({ image: 'disc.img' })),
    code: 'file-missing',
    says: /^disc\.img does not exist\. Check the name/,
  },
  {
    what: 'a missing kernel',
    command: record({ ...DEMO, kernel: 'demmo.elf' }),
    code: 'file-missing',
    says: /demmo\.elf does not exist/,
  },
  {
    what: 'a missing initrd',
    command: record({ ...DEMO, options: ['--initrd', 'initrd.cpio'] }),
    code: 'file-missing',
    says: /initrd\.cpio does not exist/,
  },
  {
    what: 'a missing --stdin file',
    command: record({ ...DEMO, stdin: 'typed.txt' }),
    code: 'file-missing',
    says: /typed\.txt does not exist/,
  },
  {
    what: 'missing firmware',
    command: record({ ...DEMO, options: ['--bios', 'fw_jump.bin'] }),
    code: 'file-missing',
    says: /fw_jump\.bin does not exist/,
  },
  {
    what: 'firmware that overlaps the kernel',
    command: record({ ...DEMO, options: ['--bios', 'builtin'] }),
    code: 'boot-files-overlap',
    says: /demo\.elf .*both be loaded at 0x80000000.*--bios none/,
  },
  {
    what: 'a raw disk given as qcow2',
    command: record(withDrive({ format: 'qcow2' })),
    code: 'image-not-qcow2',
    says: /^disk\.img is not a qcow2 image/,
  },
  {
    what: 'an invalid option value',
    command: record({ ...DEMO, options: ['--memory', '100'] }),
    code: 'cli-option-bad-value',
    says: /^Invalid value "100" for --memory: expected 16M to 2G/,
  },
  {
    what: 'an invalid drive',
    command: record(withDrive({ id: '0' })),
    code: 'cli-drive-bad',
    says: /invalid value "0" for id\. Expected a letter/,
  },
  {
    what: 'an invalid name for the first snapshot',
    command: record(DEMO, '--rrsnapshot', 'auto-1'),
    code: 'cli-option-bad-value',
    says: /^Invalid value "auto-1" for --rrsnapshot: expected 1 to 255 bytes/,
  },
  {
    what: 'a folder as kernel',
    command: record({ ...DEMO, kernel: 'folder' }),
    code: 'file-not-one',
    says: /^folder is a folder\. Use a regular file/,
  },
  {
    what: 'a folder as image',
    command: record(withDrive({ image: 'folder' })),
    code: 'file-not-one',
    says: /^folder is a folder\. Use a regular file/,
  },
  {
    what: 'a folder as overlay',
    command: overwrite(withDrive({ overlay: 'folder' })),
    code: 'file-not-one',
    says: /^folder is a folder\. Use a regular file/,
  },
  {
    what: 'a folder as rrfile',
    command: overwrite({ ...DEMO, rrfile: 'folder' }),
    code: 'file-not-one',
    says: /^folder is a folder\. Use a regular file/,
  },
  {
    what: 'a file in place of a folder',
    command: record({ ...DEMO, rrfile: 'disk.img/a.rr' }),
    code: 'not-a-folder',
    says: /^disk\.img\/a\.rr cannot be created: disk\.img is a file/,
  },
];

/**
 * The same file is named for two purposes. Using it for one purpose would destroy the data needed for the other, so
 * even --overwrite does not permit this.
 */
const TWICE: Refusal[] = [
  {
    what: 'the overlay is the image',
    command: overwrite(withDrive({ overlay: 'disk.img' })),
    code: 'cli-drive-bad',
    says: /image and overlay are the same file\. Give the overlay another name/,
  },
  {
    what: 'the overlay is the image by another name',
    command: overwrite(withDrive({ overlay: './folder/../disk.img' })),
    code: 'overlay-is-image',
    says: /disk\.img .*Give the overlay another name/,
  },
  {
    what: 'the overlay is a link to the image',
    trouble: (sandbox) => fs.symlinkSync('disk.img', sandbox.path('link')),
    command: overwrite(withDrive({ overlay: 'link' })),
    code: 'overlay-is-image',
    says: /^link .*Give the overlay another name/,
  },
  {
    what: 'the overlay is the kernel',
    command: overwrite(withDrive({ overlay: 'demo.elf' })),
    code: 'overlay-is-image',
    says: /^demo\.elf .*Give the overlay another name/,
  },
  {
    what: 'the overlay is the --stdin file',
    command: overwrite({ ...withDrive({ overlay: 'demo.c' }), stdin: 'demo.c' }),
    code: 'overlay-is-image',
    says: /^demo\.c .*Give the overlay another name/,
  },
  {
    what: 'the overlay is the recording',
    command: overwrite({ ...DEMO, rrfile: 'hd0.qcow2' }),
    code: 'overlay-is-image',
    says: /^hd0\.qcow2 .*Give the overlay another name/,
  },
  {
    what: 'the overlay is the base of a qcow2 image',
    trouble: (sandbox) => makeOverlay(sandbox, 'on-disk.qcow2', 'disk.img'),
    command: overwrite(withDrive({ image: 'on-disk.qcow2', format: 'qcow2', overlay: 'disk.img' })),
    code: 'overlay-is-image',
    says: /^disk\.img .*Give the overlay another name/,
  },
  {
    what: 'the recording is the image',
    command: overwrite({ ...DEMO, rrfile: 'disk.img' }),
    code: 'recording-is-input',
    says: /^disk\.img .*Give the recording another name/,
  },
  {
    what: 'the recording is the kernel',
    command: overwrite({ ...DEMO, rrfile: 'demo.elf' }),
    code: 'recording-is-input',
    says: /^demo\.elf .*Give the recording another name/,
  },
  {
    what: 'the recording is the initrd',
    command: overwrite({ ...DEMO, rrfile: 'demo.c', options: ['--initrd', 'demo.c'] }),
    code: 'recording-is-input',
    says: /^demo\.c .*Give the recording another name/,
  },
  {
    what: 'the recording is the --stdin file',
    command: overwrite({ ...DEMO, rrfile: 'demo.c', stdin: 'demo.c' }),
    code: 'recording-is-input',
    says: /^demo\.c .*Give the recording another name/,
  },
  {
    what: 'the recording is the base of a qcow2 image',
    trouble: (sandbox) => makeOverlay(sandbox, 'on-disk.qcow2', 'disk.img'),
    command: overwrite({ ...withDrive({ image: 'on-disk.qcow2', format: 'qcow2' }), rrfile: 'disk.img' }),
    code: 'recording-is-input',
    says: /^disk\.img .*Give the recording another name/,
  },
  {
    what: "the state-only image next to the recording is a drive's image",
    trouble: (sandbox) => sandbox.write('a.rr.qcow2', sandbox.read('disk.img')),
    command: overwrite({ ...TIMER, drives: [{ image: 'a.rr.qcow2', readOnly: true }] }),
    code: 'recording-is-input',
    says: /^a\.rr\.qcow2 .*Give the recording another name/,
  },
];

testRefusals('record rejects', fresh, some(RECORD, 2));
testRefusals('record refuses to write over what it reads', fresh, some(TWICE, 2));

test('without --json, a rejected command prints only the error message', async (t) => {
  const { status, console, stderr } = await fresh.copy(t).cli(['info', 'b.rr']);
  assert.deepEqual([status, console], [2, '']);
  assert.match(stderr, /^blkreplay: b\.rr does not exist\. Check the name; .*\n$/);
});

test('a recording in a folder in which no file can be created is rejected', async (t) => {
  const sandbox = fresh.copy(t);
  const untouched = sandbox.fingerprint();
  sandbox.forbidCreating();
  const { message } = (await sandbox.cli(['record', ...optionsOf(DEMO)], { unprivileged: true })).refused(2);
  assert.match(
    message,
    /^a\.rr.* cannot be opened for writing: permission denied\. Change its permissions, or use another/,
  );
  assert.deepEqual(sandbox.fingerprint(), untouched);
});

suite('an overlay in use by a running session', () => {
  const others: [what: string, act: (sandbox: Sandbox) => Promise<Outcome>, names: string][] = [
    ['record onto it', overwrite({ ...DEMO, rrfile: 'b.rr' }), 'hd0.qcow2'],
    [
      'record onto it by another path',
      overwrite({ ...withDrive({ overlay: 'folder/../hd0.qcow2' }), rrfile: 'b.rr' }),
      'hd0.qcow2',
    ],
    ['record into its rrfile', overwrite(withDrive({ overlay: 'b.qcow2' })), 'a.rr'],
    ['run on it', (sandbox) => sandbox.cli(['run', ...optionsOf(DEMO), '--overwrite']), 'hd0.qcow2'],
    ['replay it', replay(DEMO), 'a.rr'],
  ];

  longTest('an overlay in use is not changed by other sessions', async (t) => {
    const sandbox = fresh.copy(t);
    sandbox.write('spin.elf', makeElf());
    const running = sandbox.start(['record', ...optionsOf({ ...DEMO, kernel: 'spin.elf' })]);
    await running.untilPrinted('!');
    for (const [what, act, file] of others) {
      await t.test(what, async () => {
        const there = Object.keys(sandbox.fingerprint());
        const { message, code } = (await act(sandbox)).refused(2);
        assert.equal(code, 'overlay-in-use');
        assert.match(
          message,
          new RegExp(`${file} is in use by process ${running.pid} \\(recording a\\.rr\\)\\. End that session first`),
        );
        assert.deepEqual(Object.keys(sandbox.fingerprint()), there);
      });
    }
    running.kill('SIGINT');
    const { position, digest } = (await running.end).ended(130, 'interrupted');
    const replayed = (await sandbox.replay(DEMO)).ended(0, 'endOfRecording');
    assert.deepEqual([replayed.position, replayed.digest], [position, digest]);
  });
});
