import assert from 'node:assert/strict';
import fs from 'node:fs';
import { suite, test } from 'node:test';
import { optionsOf, type Outcome, type Session, Workplace } from '../support/cli.ts';
import { makeElf } from '../support/elf.ts';
import { changeOverlay, makeOverlay } from '../support/overlays.ts';
import { DEMO, DRIVE, firstEventsOf, fresh, recorded, TIMER, withDrive } from './recordedScene.ts';

/**
 * What cannot be done is refused before anything is touched: exit status 2, one sentence that names the file and the way
 * out, and every file afterwards as it was before.
 */
interface Refusal {
  what: string;
  /** Makes the trouble. */
  trouble?: (place: Workplace) => void;
  command: (place: Workplace) => Promise<Outcome>;
  code: string;
  says: RegExp;
}

const MIB = 1 << 20;
const record =
  (session: Session, ...more: string[]) =>
  (place: Workplace) =>
    place.record(session, ...more);
const replay =
  (session: Session, ...more: string[]) =>
  (place: Workplace) =>
    place.replay(session, ...more);
/** Records over whatever is there, which makes a file that is used twice a lost one. */
const overwrite = (session: Session) => record(session, '--overwrite');

// --- starting a recording -----------------------------------------------------------------------------------------

const RECORD: Refusal[] = [
  {
    what: 'an overlay that exists',
    trouble: (place) => place.write('hd0.qcow2', 'precious'),
    command: record(DEMO),
    code: 'overlay-exists',
    says: /^hd0\.qcow2 exists .*name another overlay, or say --overwrite/,
  },
  {
    what: 'a recording that exists',
    trouble: (place) => place.write('a.rr', 'precious'),
    command: record(DEMO),
    code: 'recording-exists',
    says: /^a\.rr exists .*name another rrfile, or say --overwrite/,
  },
  {
    what: 'a state-only image that exists',
    trouble: (place) => place.write('a.rr.qcow2', 'precious'),
    command: record(TIMER),
    code: 'overlay-exists',
    says: /^a\.rr\.qcow2 exists .*--overwrite/,
  },
  {
    what: 'an image that does not exist',
    command: record(withDrive({ image: 'disc.img' })),
    code: 'file-missing',
    says: /^There is no file disc\.img; check its name/,
  },
  {
    what: 'a kernel that does not exist',
    command: record({ ...DEMO, kernel: 'demmo.elf' }),
    code: 'file-missing',
    says: /no file demmo\.elf/,
  },
  {
    what: 'an initrd that does not exist',
    command: record({ ...DEMO, options: ['--initrd', 'initrd.cpio'] }),
    code: 'file-missing',
    says: /no file initrd\.cpio/,
  },
  {
    what: 'a --stdin that does not exist',
    command: record({ ...DEMO, stdin: 'typed.txt' }),
    code: 'file-missing',
    says: /no file typed\.txt/,
  },
  {
    what: 'firmware that does not exist',
    command: record({ ...DEMO, options: ['--bios', 'fw_jump.bin'] }),
    code: 'file-missing',
    says: /no file fw_jump\.bin/,
  },
  {
    what: 'firmware where the kernel is',
    command: record({ ...DEMO, options: ['--bios', 'builtin'] }),
    code: 'boot-files-overlap',
    says: /demo\.elf .*both be loaded to 0x80000000.*"bios" is "none"/,
  },
  {
    what: 'a raw disk given as qcow2',
    command: record(withDrive({ format: 'qcow2' })),
    code: 'image-not-qcow2',
    says: /^disk\.img is not a qcow2 image/,
  },
  {
    what: 'a bad option value',
    command: record({ ...DEMO, options: ['--memory', '100'] }),
    code: 'cli-option-bad-value',
    says: /^--memory "100" is not possible; give whole MiB/,
  },
  {
    what: 'a bad drive',
    command: record(withDrive({ id: '0' })),
    code: 'cli-drive-bad',
    says: /has the id "0"; give a letter/,
  },
  {
    what: 'a bad name for the first snapshot',
    command: record(DEMO, '--rrsnapshot', 'auto-1'),
    code: 'cli-option-bad-value',
    says: /^--rrsnapshot "auto-1" is not possible; give a name/,
  },
  {
    what: 'a folder as kernel',
    command: record({ ...DEMO, kernel: 'folder' }),
    code: 'file-not-one',
    says: /^folder is a folder; give a regular file/,
  },
  {
    what: 'a folder as image',
    command: record(withDrive({ image: 'folder' })),
    code: 'file-not-one',
    says: /^folder is a folder; give a regular file/,
  },
  {
    what: 'a folder as overlay',
    command: overwrite(withDrive({ overlay: 'folder' })),
    code: 'file-not-one',
    says: /^folder is a folder; give a regular file/,
  },
  {
    what: 'a folder as rrfile',
    command: overwrite({ ...DEMO, rrfile: 'folder' }),
    code: 'file-not-one',
    says: /^folder is a folder; give a regular file/,
  },
  {
    what: 'a file where a folder should be',
    command: record({ ...DEMO, rrfile: 'disk.img/a.rr' }),
    code: 'not-a-folder',
    says: /^disk\.img\/a\.rr cannot be made, because disk\.img is a file/,
  },
];

/** One file named twice: the writes to one would destroy the other, so not even --overwrite allows it. */
const TWICE: Refusal[] = [
  {
    what: 'the overlay is the image',
    command: overwrite(withDrive({ overlay: 'disk.img' })),
    code: 'cli-drive-bad',
    says: /one file as image and overlay; give the overlay another name/,
  },
  {
    what: 'the overlay is the image by another name',
    command: overwrite(withDrive({ overlay: './folder/../disk.img' })),
    code: 'overlay-is-image',
    says: /disk\.img .*give the overlay a name of its own/,
  },
  {
    what: 'the overlay is a link to the image',
    trouble: (place) => fs.symlinkSync('disk.img', place.path('link')),
    command: overwrite(withDrive({ overlay: 'link' })),
    code: 'overlay-is-image',
    says: /^link .*give the overlay a name of its own/,
  },
  {
    what: 'the overlay is the kernel',
    command: overwrite(withDrive({ overlay: 'demo.elf' })),
    code: 'overlay-is-image',
    says: /^demo\.elf .*give the overlay a name of its own/,
  },
  {
    what: 'the overlay is what is typed',
    command: overwrite({ ...withDrive({ overlay: 'demo.c' }), stdin: 'demo.c' }),
    code: 'overlay-is-image',
    says: /^demo\.c .*give the overlay a name of its own/,
  },
  {
    what: 'the overlay is the recording',
    command: overwrite({ ...DEMO, rrfile: 'hd0.qcow2' }),
    code: 'overlay-is-image',
    says: /^hd0\.qcow2 .*give the overlay a name of its own/,
  },
  {
    what: 'the overlay is what a qcow2 image stands on',
    trouble: (place) => makeOverlay(place, 'on-disk.qcow2', 'disk.img'),
    command: overwrite(withDrive({ image: 'on-disk.qcow2', format: 'qcow2', overlay: 'disk.img' })),
    code: 'overlay-is-image',
    says: /^disk\.img .*give the overlay a name of its own/,
  },
  {
    what: 'the recording is the image',
    command: overwrite({ ...DEMO, rrfile: 'disk.img' }),
    code: 'recording-is-input',
    says: /^disk\.img .*give the recording a name of its own/,
  },
  {
    what: 'the recording is the kernel',
    command: overwrite({ ...DEMO, rrfile: 'demo.elf' }),
    code: 'recording-is-input',
    says: /^demo\.elf .*give the recording a name of its own/,
  },
  {
    what: 'the recording is the initrd',
    command: overwrite({ ...DEMO, rrfile: 'demo.c', options: ['--initrd', 'demo.c'] }),
    code: 'recording-is-input',
    says: /^demo\.c .*give the recording a name of its own/,
  },
  {
    what: 'the recording is what is typed',
    command: overwrite({ ...DEMO, rrfile: 'demo.c', stdin: 'demo.c' }),
    code: 'recording-is-input',
    says: /^demo\.c .*give the recording a name of its own/,
  },
  {
    what: 'the recording is what a qcow2 image stands on',
    trouble: (place) => makeOverlay(place, 'on-disk.qcow2', 'disk.img'),
    command: overwrite({ ...withDrive({ image: 'on-disk.qcow2', format: 'qcow2' }), rrfile: 'disk.img' }),
    code: 'recording-is-input',
    says: /^disk\.img .*give the recording a name of its own/,
  },
  {
    what: 'the state-only image beside the recording is an image',
    trouble: (place) => place.write('a.rr.qcow2', place.read('disk.img')),
    command: overwrite({ ...TIMER, drives: [{ image: 'a.rr.qcow2', readOnly: true }] }),
    code: 'recording-is-input',
    says: /^a\.rr\.qcow2 .*give the recording a name of its own/,
  },
];

const elf = (bytes: Uint8Array): Pick<Refusal, 'trouble' | 'command'> => ({
  trouble: (place) => place.write('bad.elf', bytes),
  command: record({ ...DEMO, kernel: 'bad.elf' }),
});

const KERNELS: Refusal[] = [
  {
    what: 'text',
    ...elf(Buffer.from('#!/bin/sh\n')),
    code: 'kernel-not-elf',
    says: /^bad\.elf is neither an ELF file nor a Linux Image/,
  },
  {
    what: 'an empty file',
    ...elf(new Uint8Array(0)),
    code: 'kernel-not-elf',
    says: /^bad\.elf is neither an ELF file nor a Linux Image/,
  },
  {
    what: '32 bits',
    ...elf(makeElf({ class: 1 })),
    code: 'kernel-32-bit',
    says: /^bad\.elf is a 32-bit ELF and the machine is RV64: give an ELF built for RISC-V 64-bit, or/,
  },
  {
    what: 'big-endian',
    ...elf(makeElf({ byteOrder: 2 })),
    code: 'kernel-big-endian',
    says: /^bad\.elf is a big-endian ELF/,
  },
  {
    what: 'another processor',
    ...elf(makeElf({ machine: 62 })),
    code: 'kernel-other-machine',
    says: /^bad\.elf is an ELF for another processor \(e_machine 62\)/,
  },
  {
    what: 'an object file',
    ...elf(makeElf({ type: 1 })),
    code: 'kernel-not-executable',
    says: /^bad\.elf is an ELF that is not linked/,
  },
  {
    what: 'nothing to load',
    ...elf(makeElf({ segments: 0 })),
    code: 'kernel-empty',
    says: /^bad\.elf has no segment to load: link it/,
  },
  {
    what: 'cut short',
    ...elf(makeElf().subarray(0, 122)),
    code: 'kernel-truncated',
    says: /^bad\.elf is cut short/,
  },
  {
    what: 'linked below RAM',
    ...elf(makeElf({ address: 0x1000n })),
    code: 'kernel-does-not-fit',
    says: /^bad\.elf loads to 0x1000\.\.0x1010, outside RAM at 0x80000000\.\.0x88000000: link it to an address in RAM/,
  },
  {
    what: 'linked above RAM',
    ...elf(makeElf({ address: 0x8800_0000n })),
    code: 'kernel-does-not-fit',
    says: /^bad\.elf loads to 0x88000000.*give the machine more memory/,
  },
  {
    what: 'larger than RAM',
    ...elf(makeElf({ memoryBytes: 256 * MIB })),
    code: 'kernel-does-not-fit',
    says: /^bad\.elf loads to 0x80000000\.\.0x90000000.*give the machine more memory/,
  },
];

// --- replaying one ------------------------------------------------------------------------------------------------

const REPLAY: Refusal[] = [
  {
    what: 'a recording that does not exist',
    command: replay({ ...DEMO, rrfile: 'b.rr' }),
    code: 'file-missing',
    says: /no file b\.rr; check its name/,
  },
  {
    what: 'a folder as recording',
    command: replay({ ...DEMO, rrfile: 'folder' }),
    code: 'file-not-one',
    says: /^folder is a folder/,
  },
  {
    what: 'something that is not a recording',
    command: replay({ ...DEMO, rrfile: 'demo.c' }),
    code: 'recording-not-one',
    says: /^demo\.c is not a blkreplay recording.*give the rrfile that a recording wrote/,
  },
  {
    what: 'an empty recording',
    trouble: (place) => place.cut('a.rr', 0),
    command: replay(DEMO),
    code: 'recording-cut-short',
    says: /^a\.rr ends inside its header, after 0 bytes.*record again/,
  },
  ...[5, 12, 200].map((lengthBytes) => ({
    what: `a recording cut off in its header, after ${lengthBytes} bytes`,
    trouble: (place: Workplace) => place.cut('a.rr', lengthBytes),
    command: replay(DEMO),
    code: 'recording-cut-short',
    says: new RegExp(`^a\\.rr ends inside its header, after ${lengthBytes} bytes`),
  })),
  {
    what: 'a recording cut off in its boot files',
    trouble: (place) => place.cut('a.rr', 5000),
    command: replay(DEMO),
    code: 'recording-cut-short',
    says: /^a\.rr ends inside the boot file demo\.elf, after 5000 bytes.*copy it again.*or record again/,
  },
  {
    what: 'a recording of a future version',
    trouble: (place) => place.flipByte('a.rr', 8),
    command: replay(DEMO),
    code: 'recording-future-version',
    says: /^a\.rr is a recording of format version 68, .*replay it with the version that recorded it, or a newer one/,
  },
  {
    what: 'a recording with a damaged header',
    trouble: (place) => place.flipByte('a.rr', 60),
    command: replay(DEMO),
    code: 'recording-damaged',
    says: /^a\.rr is damaged at byte 12: the checksum of its header is wrong/,
  },
  {
    what: 'a recording with a damaged boot file',
    trouble: (place) => place.flipByte('temporary.rr', 5000),
    // A replay from its first snapshot needs no boot file; one from power-on does.
    command: replay({ ...DEMO, rrfile: 'temporary.rr', drives: [{ image: 'disk.img' }] }),
    code: 'recording-damaged',
    says: /^temporary\.rr is damaged at byte \d+: the boot file demo\.elf there has a wrong checksum/,
  },
  {
    what: 'a recording with damage in its middle',
    trouble: (place) => place.flipByte('a.rr', firstEventsOf(place, 'a.rr')),
    command: replay(DEMO),
    code: 'recording-damaged',
    says: /^a\.rr is damaged at byte \d+: what follows is intact/,
  },
  ...([0, 2 * MIB, -1] as const).map((offset) => ({
    what: `a base whose byte ${offset} was changed`,
    trouble: (place: Workplace) => place.flipByte('disk.img', offset),
    command: replay(DEMO),
    code: 'recording-base-changed',
    says: /^The content of disk\.img \(drive hd0\) is not what it was when a\.rr was recorded; bring the old image back/,
  })),
  {
    what: 'a base that became longer',
    trouble: (place) => place.cut('disk.img', 5 * MIB),
    command: replay(DEMO),
    code: 'recording-other-machine',
    says: /^a\.rr .*drive hd0: length: 4194304 bytes when it was recorded, 5242880 bytes now/,
  },
  {
    what: 'an image that is gone',
    trouble: (place) => fs.rmSync(place.path('disk.img')),
    command: replay(DEMO),
    code: 'file-missing',
    says: /no file disk\.img/,
  },
  {
    what: 'an overlay that is gone',
    trouble: (place) => fs.rmSync(place.path('hd0.qcow2')),
    command: replay(DEMO),
    code: 'overlay-missing',
    says: /^hd0\.qcow2, the overlay that a\.rr was recorded with, does not exist: put it back, or record again/,
  },
  {
    what: 'a state-only image that is gone',
    trouble: (place) => fs.rmSync(place.path('timer.rr.qcow2')),
    command: replay({ ...TIMER, rrfile: 'timer.rr' }),
    code: 'overlay-missing',
    says: /^timer\.rr\.qcow2, the overlay that timer\.rr was recorded with/,
  },
  {
    what: 'a folder as overlay',
    command: replay(withDrive({ overlay: 'folder' })),
    code: 'file-not-one',
    says: /^folder is a folder/,
  },
  {
    what: 'other memory',
    command: replay({ ...DEMO, options: ['--memory', '64M'] }),
    code: 'recording-other-machine',
    says: /^a\.rr is a recording of another machine \(memory: 128 MiB .* 64 MiB now\); replay it with the options it was made with/,
  },
  {
    what: 'another command line for the kernel',
    command: replay({ ...DEMO, options: ['--append', 'quiet'] }),
    code: 'recording-other-machine',
    says: /append: "" when it was recorded, "quiet" now/,
  },
  {
    what: 'another id',
    command: replay(withDrive({ id: 'disk' })),
    code: 'recording-drive-missing',
    says: /^a\.rr was recorded with a drive hd0 \(image disk\.img\) that is not given now/,
  },
  {
    what: 'another format',
    trouble: (place) => makeOverlay(place, 'on-disk.qcow2', 'disk.img'),
    command: replay(withDrive({ image: 'on-disk.qcow2', format: 'qcow2' })),
    code: 'recording-other-machine',
    says: /drive hd0: format: raw when it was recorded, qcow2 now/,
  },
  {
    what: 'a drive that is now read-only',
    command: replay(withDrive({ overlay: undefined, readOnly: true })),
    code: 'recording-other-machine',
    says: /drive hd0: readonly: off when it was recorded, on now/,
  },
  {
    what: 'a drive that is missing',
    command: replay({ ...DEMO, drives: [] }),
    code: 'recording-drive-missing',
    says: /^a\.rr was recorded with a drive hd0/,
  },
  {
    what: 'a drive that is too many',
    command: replay({ ...DEMO, drives: [DRIVE, { image: 'disk.img' }] }),
    code: 'recording-drive-extra',
    says: /^a\.rr was recorded without a drive hd1; leave it out/,
  },
  {
    what: 'no overlay where there was one',
    command: replay(withDrive({ overlay: undefined })),
    code: 'overlay-differs',
    says: /^drive hd0 was recorded with overlay hd0\.qcow2 and is given with no overlay/,
  },
  {
    what: 'an overlay where there was a temporary one',
    command: replay({ ...DEMO, rrfile: 'temporary.rr' }),
    code: 'overlay-differs',
    says: /^drive hd0 was recorded with no overlay and is given with overlay hd0\.qcow2/,
  },
  {
    what: 'a first snapshot that is not there',
    command: replay(DEMO, '--rrsnapshot', 'init'),
    code: 'snapshot-not-in-overlay',
    says: /^hd0\.qcow2 has no snapshot "init" to start from \(it has "replay_init"\): name one of these as rrsnapshot, or record/,
  },
  {
    what: 'a first snapshot that was deleted',
    trouble: (place) => changeOverlay(place, 'hd0.qcow2', (image) => image.deleteSnapshot('replay_init')),
    command: replay(DEMO),
    code: 'snapshot-not-in-overlay',
    says: /^hd0\.qcow2 has no snapshot "replay_init" to start from \(it has none\)/,
  },
  {
    what: 'a first snapshot that is not ours',
    trouble: (place) => makeOverlay(place, 'hd0.qcow2', 'disk.img', { snapshot: 'replay_init' }),
    command: replay(DEMO),
    code: 'snapshot-foreign',
    says: /^snapshot "replay_init" in hd0\.qcow2 is not one of this machine \(it has no state of blkreplay\)/,
  },
  {
    what: 'an overlay of a machine with other memory',
    command: replay(withDrive({ overlay: 'small.qcow2' })),
    code: 'snapshot-foreign',
    says: /^snapshot "replay_init" in small\.qcow2 is not one of this machine \(it has another amount of memory\)/,
  },
  {
    what: 'an overlay of a disk of another length',
    trouble: (place) => {
      makeOverlay(place, 'other.qcow2', place.disk('other.img', MIB), { snapshot: 'replay_init' });
    },
    command: replay(withDrive({ overlay: 'other.qcow2' })),
    code: 'overlay-other-size',
    says: /^other\.qcow2 is not as long as disk\.img under it: it belongs to another image/,
  },
  {
    what: 'an overlay that is not qcow2',
    trouble: (place) => place.write('hd0.qcow2', 'precious'),
    command: replay(DEMO),
    code: 'image-not-qcow2',
    says: /^hd0\.qcow2 is not a qcow2 image/,
  },
  {
    what: 'an overlay that was cut off',
    trouble: (place) => place.cut('hd0.qcow2', 50_000),
    command: replay(DEMO),
    code: 'image-corrupt',
    says: /^hd0\.qcow2 is damaged: .*record again/,
  },
  {
    what: 'info of something that is not a recording',
    command: (place) => place.cli(['info', 'demo.c', '--json']),
    code: 'recording-not-one',
    says: /^demo\.c is not a blkreplay recording/,
  },
];

// --- the tests ----------------------------------------------------------------------------------------------------

for (const [command, refusals] of [
  ['record refuses', RECORD],
  ['record refuses to write over what it reads', TWICE],
  ['record refuses as a kernel', KERNELS],
  ['replay refuses', REPLAY],
] as const) {
  suite(command, { concurrency: 2 }, () => {
    for (const refusal of refusals) {
      test(refusal.what, async (t) => {
        const place = (command === 'replay refuses' ? recorded : fresh).copy(t);
        refusal.trouble?.(place);
        const untouched = place.fingerprint();
        const { message, code } = (await refusal.command(place)).refused(2);
        assert.equal(code, refusal.code, message);
        assert.match(message, refusal.says);
        assert.deepEqual(place.fingerprint(), untouched, 'nothing is created, changed or removed');
      });
    }
  });
}

test('without --json the sentence is all there is', async (t) => {
  const { status, console, stderr } = await fresh.copy(t).cli(['info', 'b.rr']);
  assert.deepEqual([status, console], [2, '']);
  assert.match(stderr, /^blkreplay: There is no file b\.rr; check its name .*\n$/);
});

test('a folder in which nothing may be created', async (t) => {
  const place = fresh.copy(t);
  const untouched = place.fingerprint();
  place.forbidCreating();
  const { message } = (await place.cli(['record', ...optionsOf(DEMO)], { unprivileged: true })).refused(2);
  assert.match(
    message,
    /^a\.rr.* cannot be opened to write: permission denied; change its permissions, or use another/,
  );
  assert.deepEqual(place.fingerprint(), untouched);
});

suite('an overlay in use by a session that runs', () => {
  const others: [what: string, act: (place: Workplace) => Promise<Outcome>, names: string][] = [
    ['record onto it', overwrite({ ...DEMO, rrfile: 'b.rr' }), 'hd0.qcow2'],
    [
      'record onto it by another path',
      overwrite({ ...withDrive({ overlay: 'folder/../hd0.qcow2' }), rrfile: 'b.rr' }),
      'hd0.qcow2',
    ],
    ['record into its rrfile', overwrite(withDrive({ overlay: 'b.qcow2' })), 'a.rr'],
    ['run on it', (place) => place.cli(['run', ...optionsOf(DEMO), '--overwrite']), 'hd0.qcow2'],
    ['replay it', replay(DEMO), 'hd0.qcow2'],
  ];

  test('is left alone by others', async (t) => {
    const place = fresh.copy(t);
    place.write('spin.elf', makeElf());
    const running = place.start(['record', ...optionsOf({ ...DEMO, kernel: 'spin.elf' })]);
    await running.untilPrinted('!');
    for (const [what, act, file] of others) {
      await t.test(what, async () => {
        const there = Object.keys(place.fingerprint());
        const { message, code } = (await act(place)).refused(2);
        assert.equal(code, 'overlay-in-use');
        assert.match(message, new RegExp(`${file} is in use by process ${running.pid}; end that session, or delete`));
        assert.deepEqual(Object.keys(place.fingerprint()), there);
      });
    }
    running.kill('SIGINT');
    const { position, digest } = (await running.end).ended(130, 'interrupted');
    const replayed = (await place.replay(DEMO)).ended(0, 'endOfRecording');
    assert.deepEqual([replayed.position, replayed.digest], [position, digest]);
  });
});
