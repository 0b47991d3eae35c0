import { qemuDifferences } from '../../debug-adapter/messages/qemuImport.ts';
import * as limits from '../../debug-adapter/engine/limits.ts';
import { isDisk, isOnPci, isVirtioBlk } from './deviceOptions.ts';
import type { DeviceSource, Draft, DriveSource } from './draft.ts';
import { isOn, type KeyValues } from './keyValues.ts';
import { shownWord, unknownNames } from './unknownParts.ts';

/** A drive in launch.json. */
export interface DriveSettings {
  id: string;
  image: string;
  format: limits.DriveFormat;
  overlay?: string;
  readOnly?: true;
  slot?: number;
  virtio?: 'legacy';
}

/** A disk of the machine, before all slots are known. */
interface Disk {
  option: string;
  id: string | undefined;
  image: Image;
  isReadOnly: boolean;
  isTemporary: boolean;
  isLegacy: boolean;
  /** The slot that QEMU uses; undefined for a disk that is not on virtio-mmio. */
  slot: number | undefined;
}

interface Image {
  file: string;
  format: limits.DriveFormat;
}

/**
 * Creates the `drives` setting from the drives and devices of a command. Each disk gets the slot that it has in QEMU,
 * which assigns slots from the last one downwards. The guest then finds the disks at the same addresses, in the same
 * order.
 */
export function driveSettings(draft: Draft, overlayFor: (id: string) => string): DriveSettings[] {
  const disks = [...disksOfDevices(draft), ...disksWithoutDevice(draft)];
  const max = limits.driveCountMax(draft.settings.rng === true);
  for (const { option } of disks.slice(max)) draft.report(option, qemuDifferences.driveLimit(max));
  const used = disks.slice(0, max);
  const slots = freeSlots(draft, used);
  const isDefaultOrder = slots.every((slot, i) => slot === i) || used.every(({ slot }) => slot === undefined);
  const ids = new Set<string>();
  return used.map(({ id: name, image, isReadOnly, isTemporary, isLegacy }, i) => {
    const id = driveId(name, i, ids);
    return {
      id,
      image: image.file,
      format: image.format,
      ...(!isReadOnly && !isTemporary && { overlay: overlayFor(id) }),
      ...(isReadOnly && { readOnly: true as const }),
      ...(!isDefaultOrder && { slot: slots[i] }),
      ...(isLegacy && { virtio: 'legacy' as const }),
    };
  });
}

function disksOfDevices(draft: Draft): Disk[] {
  const qemuSlots = assignedSlots(draft);
  return draft.devices.filter(isDisk).flatMap((device) => {
    const { option, driver, values } = device;
    const name = values.get('drive');
    if (!isVirtioBlk(device)) return reportController(draft, device);
    if (name === undefined) return reported(draft, option, qemuDifferences.driveWithoutMedium());
    const source = draft.drives.find((drive) => drive.values.get('id') === name) ?? draft.nodes.get(name);
    if (!source) return reported(draft, option, qemuDifferences.driveUnknown(shownWord(name)));
    if (isOnPci(device)) draft.report(option, qemuDifferences.pciDisk());
    reportProperties(draft, device);
    const disk = diskFrom(draft, source, values);
    const isLegacy = driver === 'virtio-blk-device' && draft.isLegacyVirtio;
    return disk ? [{ ...disk, id: name, isLegacy, slot: qemuSlots.get(device) }] : [];
  });
}

/** Drives that no device refers to. QEMU adds a disk unless they have `if=none`. */
function disksWithoutDevice(draft: Draft): Disk[] {
  const named = new Set(draft.devices.map(({ values }) => values.get('drive')));
  for (const { values } of draft.nodes.values()) named.add(values.get('image'));
  return draft.drives
    .filter(({ values }) => !values.has('id') || !named.has(values.get('id')))
    .flatMap((source) => {
      const kind = source.values.get('if');
      if (kind === 'none') return reported(draft, source.option, qemuDifferences.driveUnused());
      const disk = diskFrom(draft, source, new Map());
      if (disk)
        draft.report(source.option, kind === 'virtio' ? qemuDifferences.pciDisk() : qemuDifferences.defaultDisk());
      return disk ? [disk] : [];
    });
}

function reported(draft: Draft, option: string, difference: string): [] {
  draft.report(option, difference);
  return [];
}

/** Reports a disk that is not a virtio disk, and leaves it out. */
function reportController(draft: Draft, { option, driver }: DeviceSource): [] {
  const controller =
    driver === 'nvme' ? 'NVMe' : /^(scsi|virtio-scsi)/.test(driver) ? 'SCSI' : /^(ide|ahci)/.test(driver) ? 'IDE' : '';
  return reported(
    draft,
    option,
    controller === '' ? qemuDifferences.otherDisk() : qemuDifferences.diskController(controller),
  );
}

/** Disk properties that are imported elsewhere, or on which no guest depends. */
const HARMLESS_PROPERTIES =
  /^(driver|drive|bus|id|addr|scsi|bootindex|num-queues|queue-size|iothread|write-cache|config-wce|share-rw|rerror|werror|discard|disable-legacy|disable-modern|packed|event_idx|indirect_desc|ioeventfd|serial)$/;

function reportProperties(draft: Draft, { option, values }: DeviceSource): void {
  for (const key of values.keys()) {
    const isDifferent = !HARMLESS_PROPERTIES.test(key) || (key === 'serial' && values.get(key) !== '');
    if (isDifferent) draft.report(option, qemuDifferences.driveProperty(shownWord(key)));
  }
}

function diskFrom(draft: Draft, source: DriveSource, device: KeyValues): Disk | undefined {
  const { option, values } = source;
  const image = imageOf(draft, source);
  if (!image) return undefined;
  const isReadOnly = ['readonly', 'read-only'].some((key) => isOn(values.get(key)) || isOn(device.get(key)));
  return {
    ...{ option, image, id: values.get('id'), isLegacy: false, slot: undefined },
    isReadOnly: isReadOnly || values.get('media') === 'cdrom',
    isTemporary: draft.isSnapshot || isOn(values.get('snapshot')),
  };
}

const NODES_MAX = 10;

/** Follows the nodes of a drive down to its file. The first format found is the format of the image. */
function imageOf(draft: Draft, source: DriveSource): Image | undefined {
  let { values, option } = source;
  let format: string | undefined;
  for (let i = 0; i < NODES_MAX; i++) {
    const driver = values.get('format') ?? values.get('driver');
    if (driver !== undefined && !/^(file|host_device|blkreplay|throttle|copy-on-read|blkdebug)$/.test(driver))
      format ??= driver;
    const file =
      values.get('file.filename') ?? values.get('filename') ?? (isNode(values) ? undefined : values.get('file'));
    if (file !== undefined) return checkedImage(draft, { option, file, format, isNode: isNode(values) });
    const next = nodeNamed(draft, values.get('image') ?? values.get('file'));
    if (!next) break;
    ({ values, option } = next);
  }
  draft.report(option, qemuDifferences.driveWithoutFile());
  return undefined;
}

/** Whether `file` is the name of another node, as in `-blockdev`, and not a file name, as in `-drive`. */
const isNode = (values: KeyValues): boolean => values.has('node-name') || values.has('image');

const nodeNamed = (draft: Draft, name: string | undefined): DriveSource | undefined =>
  name === undefined
    ? undefined
    : (draft.nodes.get(name) ?? draft.drives.find(({ values }) => values.get('id') === name));

function checkedImage(
  draft: Draft,
  given: { option: string; file: string; format: string | undefined; isNode: boolean },
): Image | undefined {
  const file = given.file.replace(/^file:/, '');
  const [, protocol] = /^([a-z][a-z0-9+-]+):/i.exec(file) ?? [];
  if (protocol !== undefined) return void draft.report(given.option, qemuDifferences.driveProtocol(protocol));
  if (file === '') return void draft.report(given.option, qemuDifferences.driveWithoutFile());
  const guessed = /\.(qcow2?|qcow2\.img)$/i.test(file) ? 'qcow2' : 'raw';
  const isUnclear = given.format === undefined || unknownNames(given.format).length > 0;
  if (isUnclear && !given.isNode && !/\.(qcow2|img|raw)$/i.test(file)) {
    draft.report(given.option, qemuDifferences.driveFormatGuessed(guessed));
  }
  const format = isUnclear ? (given.isNode ? 'raw' : guessed) : given.format;
  if (!limits.isDriveFormat(format))
    return void draft.report(given.option, qemuDifferences.driveFormat(String(format)));
  return { file: draft.file(given.option, file), format };
}

// --- slots ----------------------------------------------------------------------------------------------------------

/** The slot in which QEMU puts each virtio-mmio device: the given one, or the last free one. */
function assignedSlots(draft: Draft): Map<DeviceSource, number> {
  const slots = new Map<DeviceSource, number>();
  const taken = new Set<number>();
  for (const device of draft.devices) {
    const bus = device.values.get('bus');
    if (!/^virtio-.*-device$/.test(device.driver)) continue;
    const [, digits] = /^virtio-mmio-bus\.(\d+)$/.exec(bus ?? '') ?? [];
    const given = digits === undefined ? undefined : Number(digits);
    const isKnown = given !== undefined && limits.isSlot(given);
    if (bus !== undefined && !isKnown) draft.report(device.option, qemuDifferences.slotUnknown());
    const slot = isKnown ? given : lastFree(taken);
    if (slot === undefined) continue;
    taken.add(slot);
    slots.set(device, slot);
  }
  return slots;
}

const lastFree = (taken: ReadonlySet<number>): number | undefined =>
  Array.from({ length: limits.VIRTIO_SLOTS }, (_, i) => limits.VIRTIO_SLOTS - 1 - i).find((slot) => !taken.has(slot));

/** A slot for each disk: its slot in QEMU if that is free; otherwise, the last free slot. */
function freeSlots(draft: Draft, disks: readonly Disk[]): number[] {
  const taken = new Set<number>();
  const given = disks.map(({ slot, option }) => {
    if (slot === undefined) return undefined;
    if (taken.has(slot)) return void draft.report(option, qemuDifferences.slotTaken());
    taken.add(slot);
    return slot;
  });
  return given.map((slot) => {
    const used = slot ?? lastFree(taken)!;
    taken.add(used);
    return used;
  });
}

/** The drive's name in QEMU if it is valid in launch.json and not in use; otherwise hd0, hd1 and so on. */
function driveId(name: string | undefined, index: number, taken: Set<string>): string {
  const isUsable = name !== undefined && limits.isDriveId(name) && !taken.has(name);
  let id = isUsable ? name : `hd${index}`;
  for (let number = index + 1; taken.has(id); number++) id = `hd${number}`;
  taken.add(id);
  return id;
}
