import fs from 'node:fs';
import path from 'node:path';
import { Qcow2Image } from '../../../debug-adapter/engine/block/qcow2/image.ts';
import { OWN_EXTENSION } from '../../../debug-adapter/engine/block/qcow2/ownMark.ts';
import { openFile } from '../../../debug-adapter/host/nodeFiles.ts';
import type { Sandbox } from '../../support/cli.ts';
import { makeOverlay } from '../../support/overlays.ts';
import { cli } from './cli.ts';
import type { Row } from './rows.ts';

const DRIVE = (image: string, format = 'qcow2') =>
  `run --kernel timer.elf --drive id=hd0,image=${image},format=${format}`;
/** Records without an overlay, so that the image itself contains the snapshots. */
const IN_PLACE = 'record --kernel timer.elf --rrfile a.rr --rrsnapshot first --drive id=hd0,image=o.qcow2,format=qcow2';

/** Changes bytes of the overlay `o.qcow2`, which has the base `disk.img`. */
const changed = (change: (image: Buffer) => void, made: { snapshot?: string } = {}) => ({
  trouble: (sandbox: Sandbox) => {
    makeOverlay(sandbox, 'o.qcow2', 'disk.img', made);
    const image = sandbox.read('o.qcow2');
    change(image);
    sandbox.write('o.qcow2', image);
  },
});

/** Sets a bit of the incompatible features (qcow2 specification, "Header"). */
const withFeature = (bit: number) => changed((image) => image.writeUInt8(image.readUInt8(79) | (1 << bit), 79));

/** Creates `o.qcow2` without a base. */
const created = (
  options: { lengthBytes: number; clusterSizeBytes?: number },
  then: (sandbox: Sandbox) => void = () => {},
) => ({
  trouble: (sandbox: Sandbox) => {
    const file = openFile(sandbox.path('o.qcow2'), { write: true, create: 'truncate' });
    Qcow2Image.create(file, options).close();
    then(sandbox);
  },
});

/** Makes the reference counts 1 bit wide, and marks all of the file's clusters as in use. */
function narrowRefcounts(image: Buffer): void {
  const clusterBytes = 1 << image.readUInt32BE(20);
  const table = Number(image.readBigUInt64BE(48));
  const block = Number(image.readBigUInt64BE(table));
  image.writeUInt32BE(0, 96);
  image.fill(0, block, block + clusterBytes);
  const clusters = Math.ceil(image.length / clusterBytes);
  for (let i = 0; i < clusters; i++) image[block + (i >> 3)] |= 1 << (i & 7);
}

/** Creates a base whose path is too long for an image's header. */
function deepBase(sandbox: Sandbox): void {
  const name = path.join(...Array<string>(6).fill('d'.repeat(200)), 'base.img');
  sandbox.write(name, sandbox.read('disk.img'));
  fs.symlinkSync(path.dirname(name), sandbox.path('deep'));
}

export const DEEP_BASE = path.join(...Array<string>(6).fill('d'.repeat(200)), 'base.img');
const QEMU_IMG_CHECK = /Try "qemu-img check -r all" on a copy/;

/** Disk images that cannot be used. */
export const imageRows: readonly Row[] = [
  {
    message: 'block/notQcow2',
    provoke: cli(DRIVE('demo.c')),
    cause: /is not a qcow2 image/,
    where: /^demo\.c /,
    remedy: /Check the name, or pass format=raw/,
  },
  {
    message: 'block/imageBlank',
    provoke: cli(DRIVE('disk.img')),
    cause: /it starts with zeroes/,
    where: /^disk\.img /,
    remedy: /delete it and create it again.*format=raw/,
  },
  {
    message: 'block/imageCorrupt',
    provoke: cli(
      'overlay map o.qcow2',
      changed((image) => image.writeUInt32BE(40, 20)),
    ),
    cause: /is damaged.*cluster size of 2\^40/,
    where: /^o\.qcow2 .* at byte 20/,
    remedy: QEMU_IMG_CHECK,
  },
  {
    message: 'block/imageMarkedCorrupt',
    provoke: cli('overlay discard o.qcow2 --yes', withFeature(1)),
    cause: /is marked as corrupt/,
    where: /^o\.qcow2 /,
    remedy: /Run "qemu-img check -r all" on a copy/,
  },
  {
    message: 'block/imageFeatureUnsupported',
    provoke: cli('overlay map o.qcow2', withFeature(2)),
    cause: /uses .*, which blkreplay does not support/,
    where: /^o\.qcow2 /,
    remedy: /Convert it with "qemu-img convert/,
  },
  {
    message: 'block/imageHasBitmaps',
    provoke: cli(
      'overlay discard o.qcow2 --yes',
      changed((image) => {
        const own = Buffer.alloc(4);
        own.writeUInt32BE(OWN_EXTENSION.type);
        image.writeUInt32BE(0x23852875, image.indexOf(own));
      }),
    ),
    cause: /contains persistent dirty bitmaps/,
    where: /^o\.qcow2 /,
    remedy: /Remove them with "qemu-img bitmap --remove", or give the drive an overlay/,
  },
  {
    message: 'block/imageHasSubclusters',
    provoke: cli(
      IN_PLACE,
      created({ lengthBytes: 1 << 22, clusterSizeBytes: 1 << 16 }, (sandbox) => {
        const image = sandbox.read('o.qcow2');
        image.writeUInt8(1 << 4, 79);
        sandbox.write('o.qcow2', image);
      }),
    ),
    cause: /has extended L2 entries \(subclusters\)/,
    where: /^o\.qcow2 /,
    remedy: /Give the drive an overlay.*extended_l2=off/,
  },
  {
    message: 'block/imageTooLarge',
    provoke: cli(IN_PLACE, created({ lengthBytes: 2 ** 37 - 2 ** 20, clusterSizeBytes: 512 })),
    cause: /would exceed a limit of the qcow2 format: the L1 table is full/,
    where: /^o\.qcow2 /,
    remedy: /Use an image with larger clusters/,
  },
  {
    message: 'block/backingNameTooLong',
    provoke: cli(`overlay create o.qcow2 --base ${DEEP_BASE} --format raw`, { trouble: deepBase }),
    cause: /is too long to be stored/,
    where: /in o\.qcow2/,
    remedy: /Shorten the path/,
  },
  {
    message: 'block/snapshotExists',
    provoke: cli(
      IN_PLACE,
      changed(() => {}, { snapshot: 'first' }),
    ),
    cause: /already has a snapshot named "first"/,
    where: /^o\.qcow2 /,
    remedy: /Choose another name, or delete that snapshot/,
  },
  {
    message: 'block/refcountsTooNarrow',
    provoke: cli(IN_PLACE, changed(narrowRefcounts)),
    cause: /its reference counts are only 1 bit wide/,
    where: /^o\.qcow2 /,
    remedy: /convert the image with "qemu-img convert/,
  },
  {
    message: 'block/snapshotOfOtherSize',
    provoke: cli(
      'snapshot apply o.qcow2 old --yes',
      changed(
        (image) => {
          const entry = Number(image.readBigUInt64BE(64));
          image.writeBigUInt64BE(1n << 21n, entry + 48);
        },
        { snapshot: 'old' },
      ),
    ),
    cause: /was taken when the disk had a different size/,
    where: /The snapshot "old" of o\.qcow2/,
    remedy: /Resize the disk to its earlier size with "qemu-img resize"/,
  },
];
