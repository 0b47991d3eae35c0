import { qemuDifferences } from '../../debug-adapter/messages/qemuImport.ts';
import { applyLoader } from './bootOptions.ts';
import type { DeviceSource, Draft } from './draft.ts';
import { isOff, isOn, parseKeyValues } from './keyValues.ts';
import { shownWord } from './unknownParts.ts';

/** Reads `-device`. Disks are imported later (`driveSettings.ts`), when all drives are known. */
export function applyDevice(draft: Draft, value: string, option: string): void {
  const values = parseKeyValues(value, 'driver');
  const driver = values.get('driver') ?? '';
  const device = { option, driver, values };
  draft.devices.push(device);
  if (driver === 'loader') applyLoader(draft, device);
  else if (!isDisk(device)) applyOther(draft, device);
}

export const isVirtioBlk = ({ driver }: DeviceSource): boolean =>
  /^virtio-blk(-device|-pci(-(non-)?transitional)?)?$/.test(driver);
export const isOnPci = ({ driver }: DeviceSource): boolean => !driver.endsWith('-device');

/** Whether the device is a disk of any kind. This machine has only virtio disks. */
export const isDisk = (device: DeviceSource): boolean =>
  isVirtioBlk(device) || (device.values.has('drive') && device.driver !== 'virtio-scsi-device');

function applyOther(draft: Draft, device: DeviceSource): void {
  const { option, driver } = device;
  if (/^virtio-rng-(device|pci(-(non-)?transitional)?)$/.test(driver)) {
    draft.settings.rng = true;
    if (isOnPci(device)) draft.report(option, qemuDifferences.pciRng());
  } else draft.report(option, missingDevice(driver));
}

function missingDevice(driver: string): string {
  const name = shownWord(driver);
  if (/^(virtio-net|e1000|rtl8139|ne2k|vmxnet|igb|i825|usb-net|tulip|pcnet|cadence_gem)/.test(driver))
    return qemuDifferences.network();
  if (/^(qemu-xhci|nec-usb|usb-|ich9-usb|pci-ohci)/.test(driver)) return qemuDifferences.usb();
  if (/^(virtio-(gpu|vga)|vga|VGA|bochs-display|ramfb|secondary-vga|qxl|ati-vga|cirrus)/.test(driver))
    return qemuDifferences.graphics();
  if (/^(ac97|AC97|hda-|ich9-intel-hda|intel-hda|ES1370|virtio-(sound|snd))/.test(driver))
    return qemuDifferences.audio();
  if (/^(virtio-9p|vhost-user-fs)/.test(driver)) return qemuDifferences.sharedFolder();
  if (/^virtio-.*-device$|^(virtconsole|virtserialport)$/.test(driver)) return qemuDifferences.virtioDevice(name);
  if (/pci|^nvme$|ahci|^edu$|^x3130|^ioh3420/.test(driver)) return qemuDifferences.pci(name);
  return qemuDifferences.device(name);
}

/** Reads `-global`. The only property that can be imported is the version of the virtio-mmio transport. */
export function applyGlobal(draft: Draft, value: string, option: string): void {
  const [, driver, property, text] = /^([\w-]+)\.([\w.-]+)=(.*)$/.exec(value) ?? [];
  const values = parseKeyValues(value);
  const name = `${driver ?? values.get('driver')}.${property ?? values.get('property')}`;
  const setting = text ?? values.get('value');
  if (name === 'virtio-mmio.force-legacy' && isOff(setting)) draft.isLegacyVirtio = false;
  else if (name === 'virtio-mmio.force-legacy' && isOn(setting)) draft.isLegacyVirtio = true;
  else draft.report(option, qemuDifferences.global(shownWord(driver === undefined ? value : name)));
}

/** Reads `-object`. An entropy source needs no setting: the recording contains the random data. */
export function applyObject(draft: Draft, value: string, option: string): void {
  const type = parseKeyValues(value, 'qom-type').get('qom-type') ?? '';
  if (/^(rng-|memory-backend-|iothread|throttle-group)/.test(type)) return;
  draft.report(
    option,
    type.startsWith('filter-') ? qemuDifferences.network() : qemuDifferences.object(shownWord(type)),
  );
}

/** Reads `-nic` and `-net`. A value of `none` means that there is no network. */
export function applyNetwork(draft: Draft, value: string, option: string): void {
  if (value !== 'none') draft.report(option, qemuDifferences.network());
}
