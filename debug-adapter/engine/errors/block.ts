import { quoted } from './shown.ts';
import { badInput } from './userError.ts';

/**
 * What a user can be told about disk images: one function a message, each naming the file, what is wrong and what to
 * do. Thrown by `block/`; the names of files and snapshots come from the caller.
 */

export const notQcow2 = (file: string) =>
  badInput('image-not-qcow2', `${file} is not a qcow2 image: check the name, or say "format": "raw".`);

export const imageBlank = (file: string, { isEmpty }: { isEmpty: boolean }) =>
  badInput(
    'image-not-qcow2',
    `${file} is not a qcow2 image: ${isEmpty ? 'it is empty' : 'it starts with zeroes'}. Delete it if it was left ` +
      `unfinished, and create it again; or say "format": "raw".`,
  );

export const imageCorrupt = (file: string, what: string, offset: number) =>
  badInput(
    'image-corrupt',
    `${file} is damaged: ${what} (at byte ${offset}). Try "qemu-img check -r all" on a copy, or record again.`,
  );

export const imageMarkedCorrupt = (file: string) =>
  badInput(
    'image-marked-corrupt',
    `${file} is marked as corrupt and is not written to: run "qemu-img check -r all" on a copy of it first.`,
  );

export const imageFeatureUnsupported = (file: string, feature: string) =>
  badInput(
    'image-feature-unsupported',
    `${file} uses ${feature}, which blkreplay does not support: convert it with "qemu-img convert -O qcow2".`,
  );

export const imageHasBitmaps = (file: string) =>
  badInput(
    'image-has-bitmaps',
    `${file} holds persistent dirty bitmaps and is not written to: remove them with "qemu-img bitmap --remove", ` +
      `or give the drive an "overlay".`,
  );

export const imageHasSubclusters = (file: string) =>
  badInput(
    'image-has-subclusters',
    `${file} has extended L2 entries (subclusters) and is not written to: give the drive an "overlay", ` +
      `or convert it with "qemu-img convert -O qcow2 -o extended_l2=off".`,
  );

export const imageTooLarge = (file: string, limit: string) =>
  badInput('image-too-large', `${file} would become too large for its format: ${limit}. Use larger clusters.`);

export const backingNameTooLong = (file: string, backing: string) =>
  badInput(
    'backing-name-too-long',
    `The name of the base image (${backing}) does not fit into ${file}: move the two nearer together.`,
  );

export const snapshotExists = (file: string, snapshot: string) =>
  badInput(
    'snapshot-exists',
    `${file} already has a snapshot named ${quoted(snapshot)}: choose another name, or delete that one.`,
  );

export const snapshotMissing = (file: string, snapshot: string, known: string[]) =>
  badInput(
    'snapshot-missing',
    `${file} has no snapshot named ${quoted(snapshot)}: ` +
      (known.length === 0 ? 'it has none at all.' : `it has ${listSome(known)}. Use one of those.`),
  );

export const snapshotNameBad = (file: string, snapshot: string) =>
  badInput(
    'snapshot-name-bad',
    `${quoted(snapshot)} cannot name a snapshot of ${file}: use 1 to 255 bytes without control characters.`,
  );

export const snapshotTooMany = (file: string, limit: number) =>
  badInput('snapshot-too-many', `${file} cannot hold more than ${limit} snapshots: delete some first.`);

export const snapshotTableFull = (file: string) =>
  badInput('snapshot-table-full', `The list of snapshots in ${file} has no room for more: delete some first.`);

export const refcountsTooNarrow = (file: string, bits: number) =>
  badInput(
    'refcounts-too-narrow',
    `${file} has no room for another snapshot, because it counts in ${bits} bits: delete snapshots, ` +
      `or convert it with "qemu-img convert -O qcow2".`,
  );

export const snapshotOfOtherSize = (file: string, snapshot: string) =>
  badInput(
    'snapshot-other-size',
    `The snapshot ${quoted(snapshot)} of ${file} was taken when the disk had another length: ` +
      `resize the disk back with "qemu-img resize", or use another snapshot.`,
  );

function listSome(names: string[]): string {
  const some = names.slice(0, 5).map((name) => `${quoted(name)}`);
  return names.length > 5 ? `${some.join(', ')} and ${names.length - 5} more` : some.join(', ');
}
