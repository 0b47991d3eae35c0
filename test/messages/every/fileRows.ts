import fs from 'node:fs';
import { Qcow2Image } from '../../../debug-adapter/engine/block/qcow2/image.ts';
import { openFile } from '../../../debug-adapter/host/nodeFiles.ts';
import type { Sandbox } from '../../support/cli.ts';
import { changeOverlay, makeOverlay } from '../../support/overlays.ts';
import { cli, DEMO, onRecording, run, TIMER } from './cli.ts';
import type { Row } from './rows.ts';

const MIB = 1 << 20;

/** Creates `o.qcow2`, an overlay on `disk.img`. */
const overlay = (made: { snapshot?: string } = {}) => ({
  trouble: (sandbox: Sandbox) => makeOverlay(sandbox, 'o.qcow2', 'disk.img', made),
});

/** Creates `o.qcow2`, an image whose header names the given base. */
const withBacking = (name: string, format: string) => ({
  trouble: (sandbox: Sandbox) => {
    const file = openFile(sandbox.path('o.qcow2'), { write: true, create: 'truncate' });
    Qcow2Image.create(file, { lengthBytes: MIB, backing: { name, format } }).close();
  },
});

const DRIVE = 'run --kernel timer.elf --drive id=hd0,image=o.qcow2,format=qcow2';
const WITH_DISK = 'record --kernel timer.elf --rrfile b.rr --drive id=hd0,image=disk.img,format=raw';

/** Packs `a.rr`, and applies `change` to the pack. */
const packed = (change: (pack: Buffer) => void = () => {}, options = '') => ({
  trouble: async (sandbox: Sandbox) => {
    await run(sandbox, `pack a.rr --into a.pack ${options}`);
    const pack = sandbox.read('a.pack');
    change(pack);
    sandbox.write('a.pack', pack);
  },
});

/** Creates an overlay that is longer than its base. */
function shortBase(sandbox: Sandbox): void {
  const create = (name: string, lengthBytes: number, backing?: { name: string; format: string }) =>
    Qcow2Image.create(openFile(sandbox.path(name), { write: true, create: 'truncate' }), {
      lengthBytes,
      backing,
    }).close();
  create('base.qcow2', MIB);
  create('o.qcow2', 4 * MIB, { name: 'base.qcow2', format: 'qcow2' });
}

/** Creates an overlay in which the reference count of the L1 table is too low. */
function damagedOverlay(sandbox: Sandbox): void {
  makeOverlay(sandbox, 'o.qcow2', 'disk.img');
  const image = sandbox.read('o.qcow2');
  const block = Number(image.readBigUInt64BE(Number(image.readBigUInt64BE(48))));
  const l1Cluster = Number(image.readBigUInt64BE(40)) >> image.readUInt32BE(20);
  image.writeUInt16BE(0, block + 2 * l1Cluster);
  sandbox.write('o.qcow2', image);
}

/** Records with a drive whose base is a qcow2 image. */
async function qcow2Base(sandbox: Sandbox): Promise<void> {
  const base = openFile(sandbox.path('base.qcow2'), { write: true, create: 'truncate' });
  Qcow2Image.create(base, { lengthBytes: MIB }).close();
  await run(sandbox, `record ${TIMER} --drive id=hd0,image=base.qcow2,format=qcow2,overlay=o.qcow2 --overwrite`);
}

/** Replaces the recording's overlay with an empty one. */
function emptyOverlay(sandbox: Sandbox): void {
  makeOverlay(sandbox, 'hd0.qcow2', 'disk.img', { snapshot: 'mine' });
}

/** Commands that work on overlays, snapshots and packs. */
export const fileRows: readonly Row[] = [
  {
    message: 'overlays/endsReplays',
    provoke: onRecording('overlay discard hd0.qcow2'),
    cause: /the recording can no longer be replayed/,
    where: /^hd0\.qcow2 /,
    remedy: /Pass --yes to proceed/,
  },
  {
    message: 'overlays/losesSnapshots',
    provoke: cli('overlay discard o.qcow2', overlay({ snapshot: 'mine' })),
    cause: /contains snapshots\. .* deletes these snapshots/,
    where: /^o\.qcow2 /,
    remedy: /Pass --yes to proceed/,
  },
  {
    message: 'overlays/losesDisk',
    provoke: onRecording('snapshot apply a.rr later'),
    cause: /replaces the current disk content/,
    where: /"later".* of hd0\.qcow2/,
    remedy: /Pass --yes to proceed/,
  },
  {
    message: 'overlays/losesFirstSnapshot',
    provoke: onRecording('snapshot delete a.rr replay_init'),
    cause: /are no longer possible once it is deleted/,
    where: /Replays of a\.rr start from the snapshot "replay_init"/,
    remedy: /Pass --yes to proceed/,
  },
  {
    message: 'overlays/overlayHasNoBase',
    provoke: cli('overlay commit o.qcow2', {
      trouble: (sandbox) => {
        const file = openFile(sandbox.path('o.qcow2'), { write: true, create: 'truncate' });
        Qcow2Image.create(file, { lengthBytes: MIB }).close();
      },
    }),
    cause: /has no base image, so its data cannot be committed/,
    where: /^o\.qcow2 /,
    remedy: /Specify an overlay/,
  },
  {
    message: 'overlays/baseTooShort',
    provoke: cli('overlay commit o.qcow2', { trouble: shortBase }),
    cause: /cannot be committed: its base image .*base\.qcow2 is smaller/,
    where: /^o\.qcow2 /,
    remedy: /Resize the base image to 4194304 bytes with "qemu-img resize"/,
  },
  {
    message: 'overlays/rebaseOntoItself',
    provoke: cli('overlay rebase o.qcow2 --base o.qcow2 --format qcow2', overlay()),
    cause: /it is the same file or is based on it/,
    where: /^o\.qcow2 cannot be the base image of o\.qcow2/,
    remedy: /Specify another image/,
  },
  {
    message: 'overlays/overlayDamaged',
    provoke: cli('overlay check o.qcow2', { trouble: damagedOverlay }),
    cause: /has 1 error: /,
    where: /^o\.qcow2 /,
    remedy: /Run "blkreplay overlay check --repair"/,
  },
  {
    message: 'overlays/keepsNoSnapshots',
    provoke: onRecording('snapshot list temporary.rr'),
    cause: /has no snapshots: they were in a temporary overlay/,
    where: /^temporary\.rr /,
    remedy: /Record with an overlay to keep them/,
  },
  {
    message: 'overlays/replacesForeignFile',
    provoke: cli(`record ${DEMO} --overwrite`, { trouble: (sandbox) => void sandbox.write('hd0.qcow2', 'precious') }),
    cause: /would be overwritten, but it is not an overlay that blkreplay created/,
    where: /^hd0\.qcow2 /,
    remedy: /Delete it yourself if you do not need it, or choose another name/,
  },
  {
    message: 'overlays/packFileTooLarge',
    provoke: cli('pack a.rr --into a.pack', {
      trouble: qcow2Base,
      fault: { call: 'fstatSync', file: 'base.qcow2', sizeBytes: 2 ** 45 },
    }),
    cause: /is too large to be packed: 35184372088832 bytes/,
    where: /^base\.qcow2 /,
    remedy: /Pack with --without-bases/,
  },
  {
    message: 'overlays/notAPack',
    provoke: cli('unpack demo.c --into there'),
    cause: /is not a packed recording/,
    where: /^demo\.c /,
    remedy: /Specify a file that "blkreplay pack" wrote/,
  },
  {
    message: 'overlays/packFromPast',
    provoke: onRecording(
      'unpack a.pack --into there',
      packed((pack) => pack.writeUInt32BE(1, 8)),
    ),
    cause: /has pack format version 1; this version of blkreplay reads version 2 and later/,
    where: /^a\.pack /,
    remedy: /Unpack it with the version of blkreplay that packed it, or record again/,
  },
  {
    message: 'overlays/packFromFuture',
    provoke: onRecording(
      'unpack a.pack --into there',
      packed((pack) => pack.writeUInt32BE(99, 8)),
    ),
    cause: /has pack format version 99; this version of blkreplay reads versions up to/,
    where: /^a\.pack /,
    remedy: /Unpack it with the version of blkreplay that packed it, or a newer one/,
  },
  {
    message: 'overlays/packDamaged',
    provoke: onRecording(
      'unpack a.pack --into there',
      packed((pack) => void (pack[pack.length - 1] ^= 1)),
    ),
    cause: /is damaged .*: a block differs from what was packed/,
    where: /^a\.pack .*at byte \d+/,
    remedy: /Copy it again from the original/,
  },
  {
    message: 'overlays/packTargetExists',
    provoke: onRecording('pack a.rr --into demo.c'),
    cause: /already exists and would be overwritten/,
    where: /^demo\.c /,
    remedy: /Choose another name, or pass --overwrite/,
  },
  {
    message: 'overlays/overlayOfOtherRecording',
    provoke: onRecording('pack a.rr --into a.pack', { trouble: emptyOverlay }),
    cause: /is not the overlay of a\.rr: it has no snapshot "replay_init"/,
    where: /^hd0\.qcow2 /,
    remedy: /Restore the correct overlay, or record again/,
  },
  {
    message: 'overlays/packBaseNeeded',
    provoke: onRecording('unpack a.pack --into there', packed(undefined, '--without-bases')),
    cause: /was packed without the base image of drive hd0 \(disk\.img, content digest \w+\)/,
    where: /^a\.pack /,
    remedy: /Pass --base hd0=FILE/,
  },
  {
    message: 'overlays/packBaseOther',
    provoke: onRecording('unpack a.pack --into there --base hd0=demo.elf', packed(undefined, '--without-bases')),
    cause: /differs from disk\.img, the base image that drive hd0 was recorded with/,
    where: /^demo\.elf /,
    remedy: /Specify the correct image/,
  },
  {
    message: 'overlays/packBaseUnknown',
    provoke: onRecording('unpack a.pack --into there --base hd7=disk.img', packed()),
    cause: /does not need a base image for drive hd7/,
    where: /^a\.pack /,
    remedy: /Leave out --base hd7=FILE/,
  },
];

/** Sessions whose files conflict or are missing. */
export const driveRows: readonly Row[] = [
  {
    message: 'drives/backingChainTooLong',
    provoke: cli(DRIVE, withBacking('o.qcow2', 'qcow2')),
    cause: /has more than 16 backing files, or they form a loop/,
    where: /o\.qcow2 /,
    remedy: /Flatten the chain with "qemu-img convert"/,
  },
  {
    message: 'drives/backingNameRefused',
    provoke: cli(DRIVE, withBacking('nbd:localhost:10809', 'raw')),
    cause: /is "nbd:localhost:10809", which is not a file name/,
    where: /^The backing file of o\.qcow2 /,
    remedy: /Change it with "qemu-img rebase -u"/,
  },
  {
    message: 'drives/backingMissing',
    provoke: cli(DRIVE, withBacking('gone.img', 'raw')),
    cause: /does not exist/,
    where: /^The backing file .*gone\.img of o\.qcow2 /,
    remedy: /Restore it, or set its new location with "blkreplay overlay rebase --name-only"/,
  },
  {
    message: 'drives/backingOutside',
    provoke: cli(DRIVE, withBacking('/etc/passwd', 'raw')),
    cause: /is outside the folders that blkreplay reads/,
    where: /^The backing file \/etc\/passwd of o\.qcow2 /,
    remedy: /If you trust the image, pass --allow with that file or its folder/,
  },
  {
    message: 'drives/backingFormatMissing',
    provoke: cli(DRIVE, withBacking('disk.img', 'vmdk')),
    cause: /has a backing file in an unknown format \("vmdk"\)/,
    where: /^o\.qcow2 /,
    remedy: /Set the format to raw or qcow2 with "qemu-img rebase -u -F"/,
  },
  {
    message: 'drives/overlayExists',
    provoke: cli(`record ${DEMO}`, { trouble: (sandbox) => void sandbox.write('hd0.qcow2', 'precious') }),
    cause: /already exists and would be overwritten/,
    where: /^hd0\.qcow2 /,
    remedy: /Specify another overlay, or pass --overwrite/,
  },
  {
    message: 'drives/recordingExists',
    provoke: cli(`record ${DEMO}`, { trouble: (sandbox) => void sandbox.write('a.rr', 'precious') }),
    cause: /already exists and would be overwritten/,
    where: /^a\.rr /,
    remedy: /Specify another recording, or pass --overwrite/,
  },
  {
    message: 'drives/overlayMissing',
    provoke: onRecording(`replay ${DEMO}`, { trouble: (sandbox) => fs.rmSync(sandbox.path('hd0.qcow2')) }),
    cause: /does not exist/,
    where: /^hd0\.qcow2, the overlay of a\.rr,/,
    remedy: /Restore it, or record again/,
  },
  {
    message: 'drives/overlayIsImage',
    provoke: cli(`${WITH_DISK},overlay=demo.c --kernel demo.elf`.replace('--kernel timer.elf', '--stdin demo.c')),
    cause: /is used in this session both as an overlay and for another purpose/,
    where: /^demo\.c /,
    remedy: /Give the overlay another name/,
  },
  {
    message: 'drives/recordingIsInput',
    provoke: cli(WITH_DISK.replace('b.rr', 'disk.img')),
    cause: /is both the recording to write and a file that this session reads/,
    where: /^disk\.img /,
    remedy: /Give the recording another name/,
  },
  {
    message: 'drives/snapshotForeign',
    provoke: onRecording(`replay ${DEMO}`, {
      trouble: (sandbox) => makeOverlay(sandbox, 'hd0.qcow2', 'disk.img', { snapshot: 'replay_init' }),
    }),
    cause: /does not belong to this machine: it has no machine state saved by blkreplay/,
    where: /^The snapshot "replay_init" in hd0\.qcow2/,
    remedy: /Use the overlay that was recorded with this machine/,
  },
  {
    message: 'drives/snapshotNotInOverlay',
    provoke: onRecording(`replay ${DEMO} --rrsnapshot nowhere`),
    cause: /has no snapshot "nowhere" to start from; it has "replay_init"/,
    where: /^hd0\.qcow2 /,
    remedy: /Pass another name with --rrsnapshot, or record again/,
  },
  {
    message: 'drives/snapshotBeyondEnd',
    provoke: onRecording(`replay ${DEMO} --rrsnapshot late`, {
      trouble: (sandbox) =>
        changeOverlay(sandbox, 'hd0.qcow2', (image) => {
          const [first] = image.snapshots.list;
          const late = { ...first, id: undefined, name: 'late', icount: 40_000_000 };
          image.snapshots.createFrom(first.name, late, () => {});
        }),
    }),
    cause: /is at position 40000000, but a\.rr ends at 17000000/,
    where: /^The snapshot "late" in hd0\.qcow2 /,
    remedy: /Start from another snapshot, and delete this one with "blkreplay snapshot delete"/,
  },
  {
    message: 'drives/overlayOfOtherSize',
    provoke: onRecording(`replay ${DEMO.replace('hd0.qcow2', 'other.qcow2')}`, {
      trouble: (sandbox) =>
        makeOverlay(sandbox, 'other.qcow2', sandbox.disk('other.img', MIB), { snapshot: 'replay_init' }),
    }),
    cause: /have different sizes, so the overlay belongs to another image/,
    where: /^other\.qcow2 and its base image disk\.img /,
    remedy: /Specify the correct image, or record again/,
  },
  {
    message: 'drives/overlayGiven',
    provoke: onRecording(`replay ${DEMO.replace(',overlay=hd0.qcow2', '')}`),
    cause: /was recorded with overlay hd0\.qcow2, but this replay uses a temporary overlay/,
    where: /^Drive hd0 /,
    remedy: /Replay with the options used for the recording/,
  },
];
