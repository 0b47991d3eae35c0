import { quoted } from './shown.ts';
import { badInput } from './userError.ts';

/**
 * Messages about disk images. Each message names the file, and says what is wrong and what to do. The code in `block/`
 * throws these messages and supplies the names of files and snapshots. `imageDamage.ts` lists the kinds of damage.
 */
const OR_RAW = {
  cli: 'pass format=raw if the image is raw.',
  editor: 'set "format": "raw" if the image is raw.',
};

export const notQcow2 = (file: string) =>
  badInput('image-not-qcow2', { file }, `${file} is not a qcow2 image.`, {
    cli: `Check the name, or ${OR_RAW.cli}`,
    editor: `Check the name, or ${OR_RAW.editor}`,
  });

export const imageBlank = (file: string, { isEmpty }: { isEmpty: boolean }) =>
  badInput(
    'image-not-qcow2',
    { file, isEmpty },
    `${file} is not a qcow2 image: ${isEmpty ? 'it is empty' : 'it starts with zeroes'}.`,
    {
      cli: `If its creation was interrupted, delete it and create it again. Otherwise, ${OR_RAW.cli}`,
      editor: `If its creation was interrupted, delete it and create it again. Otherwise, ${OR_RAW.editor}`,
    },
  );

export const imageCorrupt = (file: string, damage: string, offset: number) =>
  badInput(
    'image-corrupt',
    { file, damage, offset },
    `${file} is damaged at byte ${offset}: ${damage}.`,
    'Try "qemu-img check -r all" on a copy, or record again.',
  );

export const imageMarkedCorrupt = (file: string) =>
  badInput(
    'image-marked-corrupt',
    { file },
    `${file} is marked as corrupt and cannot be opened for writing.`,
    'Run "qemu-img check -r all" on a copy, and use the repaired copy.',
  );

export const imageFeatureUnsupported = (file: string, feature: string) =>
  badInput(
    'image-feature-unsupported',
    { file, feature },
    `${file} uses ${feature}, which blkreplay does not support.`,
    'Convert it with "qemu-img convert -O qcow2".',
  );

export const imageHasBitmaps = (file: string) =>
  badInput(
    'image-has-bitmaps',
    { file },
    `${file} contains persistent dirty bitmaps and cannot be opened for writing.`,
    {
      cli: 'Remove them with "qemu-img bitmap --remove", or give the drive an overlay with overlay=FILE.',
      editor: 'Remove them with "qemu-img bitmap --remove", or set an "overlay" for the drive.',
    },
  );

export const imageHasSubclusters = (file: string) =>
  badInput(
    'image-has-subclusters',
    { file },
    `${file} has extended L2 entries (subclusters) and cannot be opened for writing.`,
    {
      cli: 'Give the drive an overlay with overlay=FILE, or convert the image with "qemu-img convert -O qcow2 -o extended_l2=off".',
      editor:
        'Set an "overlay" for the drive, or convert the image with "qemu-img convert -O qcow2 -o extended_l2=off".',
    },
  );

export const imageTooLarge = (file: string, limit: string) =>
  badInput(
    'image-too-large',
    { file, limit },
    `${file} would exceed a limit of the qcow2 format: ${limit}.`,
    'Use an image with larger clusters.',
  );

/** The limits of the qcow2 format that an image can exceed, as worded in the message of `imageTooLarge`. */
export const imageLimits = {
  diskInClusters: (lengthBytes: number, clusterBytes: number) =>
    `a disk of ${lengthBytes} bytes is too large for clusters of ${clusterBytes} bytes`,
  refcountTable: () => 'the refcount table is full',
  l1Table: () => 'the L1 table is full',
};

export const backingNameTooLong = (file: string, backing: string) =>
  badInput(
    'backing-name-too-long',
    { file, backing },
    `The path of the base image (${backing}) is too long to be stored in ${file}.`,
    'Shorten the path, for example by moving both files into the same folder.',
  );

export const snapshotExists = (file: string, snapshot: string) =>
  badInput(
    'snapshot-exists',
    { file, snapshot },
    `${file} already has a snapshot named ${quoted(snapshot)}.`,
    'Choose another name, or delete that snapshot.',
  );

export const snapshotMissing = (file: string, snapshot: string, known: string[]) =>
  badInput(
    'snapshot-missing',
    { file, snapshot, known },
    `${file} has no snapshot named ${quoted(snapshot)}.`,
    known.length === 0 ? 'It has no snapshots.' : `Its snapshots: ${listSome(known)}.`,
  );

export const snapshotNameBad = (file: string, snapshot: string, bytesMax: number) =>
  badInput(
    'snapshot-name-bad',
    { file, snapshot },
    `Invalid name ${quoted(snapshot)} for a snapshot of ${file}: expected 1 to ${bytesMax} bytes without control characters.`,
  );

export const snapshotTooMany = (file: string, limit: number) =>
  badInput(
    'snapshot-too-many',
    { file, limit },
    `${file} already has the maximum of ${limit} snapshots.`,
    'Delete some of them first.',
  );

export const snapshotTableFull = (file: string) =>
  badInput('snapshot-table-full', { file }, `The snapshot table of ${file} is full.`, 'Delete some snapshots first.');

export const refcountsTooNarrow = (file: string, bits: number) =>
  badInput(
    'refcounts-too-narrow',
    { file, bits },
    `${file} cannot hold another snapshot, because its reference counts are only ${bits === 1 ? '1 bit' : `${bits} bits`} wide.`,
    'Delete snapshots, or convert the image with "qemu-img convert -O qcow2".',
  );

export const snapshotOfOtherSize = (file: string, snapshot: string) =>
  badInput(
    'snapshot-other-size',
    { file, snapshot },
    `The snapshot ${quoted(snapshot)} of ${file} was taken when the disk had a different size.`,
    'Resize the disk to its earlier size with "qemu-img resize", or use another snapshot.',
  );

/** The first five names, in quotation marks, and the number of remaining names. */
export function listSome(names: readonly string[]): string {
  const some = names.slice(0, 5).map((name) => `${quoted(name)}`);
  return names.length > 5 ? `${some.join(', ')} and ${names.length - 5} more` : some.join(', ');
}
