import { posix } from 'node:path';
import { qemuDifferences } from '../../debug-adapter/messages/qemuImport.ts';
import { kernelSetting } from '../../debug-adapter/dap/launchConfiguration.ts';
import * as limits from '../../debug-adapter/engine/limits.ts';
import type { DeviceSource, Draft } from './draft.ts';
import { isOn } from './keyValues.ts';
import { shownWord } from './unknownParts.ts';

export function applyKernel(draft: Draft, value: string, option: string): void {
  draft.kernelFile = value;
  draft.settings.kernel = kernelSetting(draft.file(option, value));
}

/** Imports `-bios`. An OpenSBI file name without a folder refers to the firmware that comes with QEMU. */
export function applyFirmware(draft: Draft, value: string, option: string): void {
  if (value === 'none') draft.bios = 'none';
  else if (value === 'default') draft.bios = 'builtin';
  else if (/^opensbi-riscv(32|64)-[\w-]+\.(bin|elf)$/.test(value)) {
    draft.bios = 'builtin';
    draft.report(option, qemuDifferences.ownFirmware());
  } else draft.bios = draft.file(option, value);
}

export function applyInitrd(draft: Draft, value: string, option: string): void {
  draft.settings.initrd = draft.file(option, value);
}

export function applyDeviceTree(draft: Draft, value: string, option: string): void {
  draft.settings.dtb = draft.file(option, value);
}

export function applyAppend(draft: Draft, value: string, option: string): void {
  const text = draft.text(option, value);
  if (limits.isAppend(text)) draft.settings.append = text;
  else draft.report(option, qemuDifferences.appendLimit(limits.APPEND_LENGTH_MAX));
}

/** Imports `-device loader`: a file at an address. */
export function applyLoader(draft: Draft, { option, values }: DeviceSource): void {
  const file = values.get('file');
  if (values.has('data') || file === undefined) return draft.report(option, qemuDifferences.loaderData());
  if (values.has('cpu-num')) draft.report(option, qemuDifferences.loaderCpu());
  const isElf = /\.(elf|axf|out)$/i.test(file);
  if (isOn(values.get('force-raw')) && isElf) draft.report(option, qemuDifferences.loaderRawElf());
  if (draft.load.length >= limits.LOAD_FILES_MAX)
    return draft.report(option, qemuDifferences.loadLimit(limits.LOAD_FILES_MAX));
  const address = values.get('addr');
  const name = limits.fileAtAddressText(draft.file(option, file));
  const hasAddress = address !== undefined && !isElf;
  draft.load.push(hasAddress ? `${name}@${draft.text(option, address)}` : name);
}

/**
 * The `bios` setting. Without `-bios`, QEMU starts OpenSBI; old versions of QEMU start no firmware. blkreplay chooses
 * the firmware by the kernel's address, which an ELF file or a Linux Image contains. A raw binary does not contain its
 * address, so the setting is needed.
 */
export function biosSetting({ bios, kernelFile }: Draft): string | undefined {
  if (bios !== undefined) return bios;
  return kernelFile !== undefined && isRawName(kernelFile) ? 'builtin' : undefined;
}

/** Reports a kernel that is a raw binary: it contains no symbols, and the command does not name its ELF file. */
export function reportMissingSymbols(draft: Draft): void {
  const loader = draft.devices.find(({ driver }) => driver === 'loader');
  const file = draft.kernelFile ?? loader?.values.get('file');
  if (file === undefined || !isRawName(file)) return;
  const option = draft.kernelFile === undefined ? loader!.option : `-kernel ${file}`;
  draft.report(option, qemuDifferences.noSymbols(posix.basename(shownWord(file))));
}

const isRawName = (file: string): boolean => /\.(bin|img|raw)$/i.test(file);
