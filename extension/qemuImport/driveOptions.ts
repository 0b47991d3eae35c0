import { qemuDifferences } from '../../debug-adapter/messages/qemuImport.ts';
import type { Draft } from './draft.ts';
import { parseKeyValues } from './keyValues.ts';
import { shownWord } from './unknownParts.ts';

/** Reads `-drive`. With `if=none`, a device uses the drive; otherwise, QEMU adds a disk for it. */
export function applyDrive(draft: Draft, value: string, option: string): void {
  const values = parseKeyValues(value, 'file');
  const kind = values.get('if');
  if (values.get('driver') === 'blkreplay' || values.has('image')) {
    // QEMU's filter for record/replay, between the guest's device and the drive with the image.
    draft.nodes.set(values.get('id') ?? '', { option, values });
  } else if (kind === 'pflash') draft.report(option, qemuDifferences.flash());
  else if (values.get('media') === 'cdrom' && kind !== 'none' && kind !== 'virtio')
    draft.report(option, qemuDifferences.cdrom());
  else if (kind !== undefined && !/^(none|virtio)$/.test(kind))
    draft.report(option, qemuDifferences.diskInterface(shownWord(kind)));
  else draft.drives.push({ option, values });
}

/** Reads `-hda` to `-hdd`, and a file name without an option, which means the same as `-hda`. */
export function applyDiskFile(draft: Draft, value: string, option: string): void {
  draft.drives.push({ option, values: new Map([['file', value]]) });
}

/** Reads `-blockdev`: a node, which devices and other nodes refer to by its name. */
export function applyBlockdev(draft: Draft, value: string, option: string): void {
  const values = parseKeyValues(value);
  draft.nodes.set(values.get('node-name') ?? '', { option, values });
}
