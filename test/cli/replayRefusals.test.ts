/** A replay that cannot match its recording is refused before it starts, in one sentence. */
import fs from 'node:fs';
import type { Workplace } from '../support/cli.ts';
import { changeOverlay, makeOverlay } from '../support/overlays.ts';
import { DEMO, DRIVE, firstEventsOf, recorded, TIMER, withDrive } from './recordedScene.ts';
import { MIB, type Refusal, refuses, replay } from './refusal.ts';
import { some } from '../support/extent.ts';

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
    says: /^a\.rr is a recording of format version 69, .*replay it with the version that recorded it, or a newer one/,
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
    what: 'a base that has grown',
    trouble: (place) => place.cut('disk.img', 5 * MIB),
    command: replay(DEMO),
    code: 'recording-other-machine',
    says: /^a\.rr .*drive hd0: length: 4194304 bytes when it was recorded, 5242880 bytes now/,
  },
  {
    what: 'a missing image',
    trouble: (place) => fs.rmSync(place.path('disk.img')),
    command: replay(DEMO),
    code: 'file-missing',
    says: /no file disk\.img/,
  },
  {
    what: 'a missing overlay',
    trouble: (place) => fs.rmSync(place.path('hd0.qcow2')),
    command: replay(DEMO),
    code: 'overlay-missing',
    says: /^hd0\.qcow2, the overlay that a\.rr was recorded with, does not exist: put it back, or record again/,
  },
  {
    what: 'a snapshot past the end of a truncated recording',
    trouble: (place) =>
      changeOverlay(place, 'hd0.qcow2', (image) => {
        const [first] = image.snapshots;
        image.createSnapshotFrom(first.name, { ...first, name: 'late', icount: 4_000_000 }, () => {});
      }),
    command: replay(DEMO, '--rrsnapshot', 'late'),
    code: 'snapshot-beyond-end',
    says: /^snapshot "late" in hd0\.qcow2 is at position 4000000, but a\.rr ends at 3000000, .*start from another snapshot/,
  },
  {
    what: 'a missing state-only image',
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
    what: 'another memory size',
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
    what: 'a missing drive',
    command: replay({ ...DEMO, drives: [] }),
    code: 'recording-drive-missing',
    says: /^a\.rr was recorded with a drive hd0/,
  },
  {
    what: 'an additional drive',
    command: replay({ ...DEMO, drives: [DRIVE, { image: 'disk.img' }] }),
    code: 'recording-drive-extra',
    says: /^a\.rr was recorded without a drive hd1; leave it out/,
  },
  {
    what: 'no overlay although the recording had one',
    command: replay(withDrive({ overlay: undefined })),
    code: 'overlay-differs',
    says: /^drive hd0 was recorded with overlay hd0\.qcow2 and is given with no overlay/,
  },
  {
    what: 'an overlay although the recording had a temporary one',
    command: replay({ ...DEMO, rrfile: 'temporary.rr' }),
    code: 'overlay-differs',
    says: /^drive hd0 was recorded with no overlay and is given with overlay hd0\.qcow2/,
  },
  {
    what: 'an unknown first snapshot',
    command: replay(DEMO, '--rrsnapshot', 'init'),
    code: 'snapshot-not-in-overlay',
    says: /^hd0\.qcow2 has no snapshot "init" to start from \(it has "replay_init"\): name one of these as rrsnapshot, or record/,
  },
  {
    what: 'a deleted first snapshot',
    trouble: (place) => changeOverlay(place, 'hd0.qcow2', (image) => image.deleteSnapshot('replay_init')),
    command: replay(DEMO),
    code: 'snapshot-not-in-overlay',
    says: /^hd0\.qcow2 has no snapshot "replay_init" to start from \(it has none\)/,
  },
  {
    what: 'a first snapshot made by another program',
    trouble: (place) => makeOverlay(place, 'hd0.qcow2', 'disk.img', { snapshot: 'replay_init' }),
    command: replay(DEMO),
    code: 'snapshot-foreign',
    says: /^snapshot "replay_init" in hd0\.qcow2 is not one of this machine \(it has no state of blkreplay\)/,
  },
  {
    what: 'an overlay of a machine with another memory size',
    command: replay(withDrive({ overlay: 'small.qcow2' })),
    code: 'snapshot-foreign',
    says: /^snapshot "replay_init" in small\.qcow2 is not one of this machine \(it has another amount of memory\)/,
  },
  {
    what: 'an overlay of a disk of another size',
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
    what: 'a truncated overlay',
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

refuses('replay refuses', recorded, some(REPLAY, 10));
