/** A replay that cannot match its recording is rejected with one sentence before it starts. */
import fs from 'node:fs';
import type { Sandbox } from '../support/cli.ts';
import { changeOverlay, makeOverlay } from '../support/overlays.ts';
import { DEMO, DRIVE, TIMER, withDrive } from './freshScene.ts';
import { firstEventsOf, recorded } from './recordedScene.ts';
import { MIB, type Refusal, testRefusals, replay } from './refusal.ts';
import { some } from '../support/extent.ts';

const REPLAY: Refusal[] = [
  {
    what: 'a recording that does not exist',
    command: replay({ ...DEMO, rrfile: 'b.rr' }),
    code: 'file-missing',
    says: /^b\.rr does not exist\. Check the name/,
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
    says: /^demo\.c is not a blkreplay recording\. Pass a recording with --rrfile/,
  },
  {
    what: 'an empty recording',
    trouble: (sandbox) => sandbox.cut('a.rr', 0),
    command: replay(DEMO),
    code: 'recording-cut-short',
    says: /^a\.rr ends inside its header after 0 bytes.*record again/,
  },
  ...[5, 12, 200].map((lengthBytes) => ({
    what: `a recording cut off in its header, after ${lengthBytes} bytes`,
    trouble: (sandbox: Sandbox) => sandbox.cut('a.rr', lengthBytes),
    command: replay(DEMO),
    code: 'recording-cut-short',
    says: new RegExp(`^a\\.rr ends inside its header after ${lengthBytes} bytes`),
  })),
  {
    what: 'a recording cut off in its boot files',
    trouble: (sandbox) => sandbox.cut('a.rr', 5000),
    command: replay(DEMO),
    code: 'recording-cut-short',
    says: /^a\.rr ends inside the boot file demo\.elf after 5000 bytes.*Copy it again.*or record again/,
  },
  {
    what: 'a recording of a future version',
    trouble: (sandbox) => sandbox.flipByte('a.rr', 8),
    command: replay(DEMO),
    code: 'recording-future-version',
    says: /^a\.rr has recording format version 70; .*Replay it with the version of blkreplay that recorded it, or a newer one/,
  },
  {
    what: 'a recording with a damaged header',
    trouble: (sandbox) => sandbox.flipByte('a.rr', 60),
    command: replay(DEMO),
    code: 'recording-damaged',
    says: /^a\.rr is damaged at byte 12: the checksum of its header is incorrect/,
  },
  {
    what: 'a recording with a damaged boot file',
    trouble: (sandbox) => sandbox.flipByte('temporary.rr', 5000),
    // This recording has no overlay, so its replay starts at power-on and reads the boot file.
    command: replay({ ...DEMO, rrfile: 'temporary.rr', drives: [{ image: 'disk.img' }] }),
    code: 'recording-damaged',
    says: /^temporary\.rr is damaged at byte \d+: the boot file demo\.elf has an incorrect checksum/,
  },
  {
    what: 'a recording with damage in its middle',
    trouble: (sandbox) => sandbox.flipByte('a.rr', firstEventsOf(sandbox, 'a.rr')),
    command: replay(DEMO),
    code: 'recording-damaged',
    says: /^a\.rr is damaged at byte \d+: a chunk is damaged, but intact chunks follow/,
  },
  ...([0, 2 * MIB, -1] as const).map((offset) => ({
    what: `a base whose byte ${offset} was changed`,
    trouble: (sandbox: Sandbox) => sandbox.flipByte('disk.img', offset),
    command: replay(DEMO),
    code: 'recording-base-changed',
    says: /^disk\.img \(drive hd0\) has changed since a\.rr was recorded\. Restore it/,
  })),
  {
    what: 'a base that has grown',
    trouble: (sandbox) => sandbox.cut('disk.img', 5 * MIB),
    command: replay(DEMO),
    code: 'recording-other-machine',
    says: /^a\.rr .*drive hd0: length: recorded 4194304 bytes, given 5242880 bytes/,
  },
  {
    what: 'a missing image',
    trouble: (sandbox) => fs.rmSync(sandbox.path('disk.img')),
    command: replay(DEMO),
    code: 'file-missing',
    says: /disk\.img does not exist/,
  },
  {
    what: 'a missing overlay',
    trouble: (sandbox) => fs.rmSync(sandbox.path('hd0.qcow2')),
    command: replay(DEMO),
    code: 'overlay-missing',
    says: /^hd0\.qcow2, the overlay of a\.rr, does not exist\. Restore it, or record again/,
  },
  {
    what: 'a snapshot past the end of a truncated recording',
    trouble: (sandbox) =>
      changeOverlay(sandbox, 'hd0.qcow2', (image) => {
        const [first] = image.snapshots.list;
        image.snapshots.createFrom(first.name, { ...first, id: undefined, name: 'late', icount: 4_000_000 }, () => {});
      }),
    command: replay(DEMO, '--rrsnapshot', 'late'),
    code: 'snapshot-beyond-end',
    says: /^The snapshot "late" in hd0\.qcow2 is at position 4000000, but a\.rr ends at 3000000, .*Start from another snapshot/,
  },
  {
    what: 'a missing state-only image',
    trouble: (sandbox) => fs.rmSync(sandbox.path('timer.rr.qcow2')),
    command: replay({ ...TIMER, rrfile: 'timer.rr' }),
    code: 'overlay-missing',
    says: /^timer\.rr\.qcow2, the overlay of timer\.rr, does not exist/,
  },
  {
    what: 'a folder as overlay',
    command: replay(withDrive({ overlay: 'folder' })),
    code: 'file-not-one',
    says: /^folder is a folder/,
  },
  {
    what: 'another memory size',
    command: replay({ ...DEMO, options: ['--memory', '64M'] }),
    code: 'recording-other-machine',
    says: /^a\.rr was recorded with a different machine \(memory: recorded 128 MiB, given 64 MiB\)\. Replay with the options used for the recording/,
  },
  {
    what: 'another command line for the kernel',
    command: replay({ ...DEMO, options: ['--append', 'quiet'] }),
    code: 'recording-other-machine',
    says: /append: recorded "", given "quiet"/,
  },
  {
    what: 'another id',
    command: replay(withDrive({ id: 'disk' })),
    code: 'recording-drive-missing',
    says: /^a\.rr was recorded with drive hd0 \(image disk\.img\), but this drive was not given/,
  },
  {
    what: 'another format',
    trouble: (sandbox) => makeOverlay(sandbox, 'on-disk.qcow2', 'disk.img'),
    command: replay(withDrive({ image: 'on-disk.qcow2', format: 'qcow2' })),
    code: 'recording-other-machine',
    says: /drive hd0: format: recorded raw, given qcow2/,
  },
  {
    what: 'a drive that is now read-only',
    command: replay(withDrive({ overlay: undefined, readOnly: true })),
    code: 'recording-other-machine',
    says: /drive hd0: readonly: recorded off, given on/,
  },
  {
    what: 'a missing drive',
    command: replay({ ...DEMO, drives: [] }),
    code: 'recording-drive-missing',
    says: /^a\.rr was recorded with drive hd0/,
  },
  {
    what: 'an additional drive',
    command: replay({ ...DEMO, drives: [DRIVE, { image: 'disk.img' }] }),
    code: 'recording-drive-extra',
    says: /^a\.rr was recorded without drive hd1\. Leave the drive out/,
  },
  {
    what: 'no overlay although the recording had one',
    command: replay(withDrive({ overlay: undefined })),
    code: 'overlay-differs',
    says: /^Drive hd0 was recorded with overlay hd0\.qcow2, but this replay uses a temporary overlay/,
  },
  {
    what: 'an overlay although the recording had a temporary one',
    command: replay({ ...DEMO, rrfile: 'temporary.rr' }),
    code: 'overlay-differs',
    says: /^Drive hd0 was recorded with a temporary overlay, but this replay uses overlay hd0\.qcow2/,
  },
  {
    what: 'an unknown first snapshot',
    command: replay(DEMO, '--rrsnapshot', 'init'),
    code: 'snapshot-not-in-overlay',
    says: /^hd0\.qcow2 has no snapshot "init" to start from; it has "replay_init"\. Pass another name with --rrsnapshot, or record/,
  },
  {
    what: 'a deleted first snapshot',
    trouble: (sandbox) => changeOverlay(sandbox, 'hd0.qcow2', (image) => image.snapshots.delete('replay_init')),
    command: replay(DEMO),
    code: 'snapshot-not-in-overlay',
    says: /^hd0\.qcow2 has no snapshot "replay_init" to start from; it has none\./,
  },
  {
    what: 'a first snapshot made by another program',
    trouble: (sandbox) => makeOverlay(sandbox, 'hd0.qcow2', 'disk.img', { snapshot: 'replay_init' }),
    command: replay(DEMO),
    code: 'snapshot-foreign',
    says: /^The snapshot "replay_init" in hd0\.qcow2 does not belong to this machine: it has no machine state saved by blkreplay/,
  },
  {
    what: 'an overlay of a machine with another memory size',
    command: replay(withDrive({ overlay: 'small.qcow2' })),
    code: 'snapshot-foreign',
    says: /^The snapshot "replay_init" in small\.qcow2 does not belong to this machine: it has a different amount of memory/,
  },
  {
    what: 'an overlay of a disk of a different size',
    trouble: (sandbox) => {
      makeOverlay(sandbox, 'other.qcow2', sandbox.disk('other.img', MIB), { snapshot: 'replay_init' });
    },
    command: replay(withDrive({ overlay: 'other.qcow2' })),
    code: 'overlay-other-size',
    says: /^other\.qcow2 and its base image disk\.img have different sizes/,
  },
  {
    what: 'an overlay that is not qcow2',
    trouble: (sandbox) => sandbox.write('hd0.qcow2', 'precious'),
    command: replay(DEMO),
    code: 'image-not-qcow2',
    says: /^hd0\.qcow2 is not a qcow2 image/,
  },
  {
    what: 'a truncated overlay',
    trouble: (sandbox) => sandbox.cut('hd0.qcow2', 50_000),
    command: replay(DEMO),
    code: 'image-corrupt',
    says: /^hd0\.qcow2 is damaged at byte \d+: .*record again/,
  },
  {
    what: 'info of something that is not a recording',
    command: (sandbox) => sandbox.cli(['info', 'demo.c', '--json']),
    code: 'recording-not-one',
    says: /^demo\.c is not a blkreplay recording/,
  },
];

testRefusals('replay rejects', recorded, some(REPLAY, 2));
