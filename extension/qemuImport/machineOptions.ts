import { qemuDifferences } from '../../debug-adapter/messages/qemuImport.ts';
import * as limits from '../../debug-adapter/engine/limits.ts';
import type { Draft } from './draft.ts';
import { applyDeviceTree, applyFirmware, applyKernel, applyAppend, applyInitrd } from './bootOptions.ts';
import { isOff, isOn, parseKeyValues } from './keyValues.ts';
import { shownWord, unknownNames } from './unknownParts.ts';

/** Imports `-machine`: the board and its properties. */
export function applyMachine(draft: Draft, value: string, option: string): void {
  for (const [key, text] of parseKeyValues(value, 'type')) {
    if (key === 'type') applyBoard(draft, text, option);
    else applyMachineProperty(draft, key, text, option);
  }
}

function applyBoard(draft: Draft, board: string, option: string): void {
  draft.board = board;
  if (board !== 'virt') draft.report(option, qemuDifferences.board(shownWord(board)));
}

/** Properties that have no effect in blkreplay. `acpi` and `iommu-sys` must be off, because the machine has neither. */
const HARMLESS_PROPERTIES =
  /^(accel|kernel-irqchip|dump-guest-core|mem-merge|memory-backend|graphics|usb|firmware-endian)$/;

function applyMachineProperty(draft: Draft, key: string, value: string, option: string): void {
  const isUnset = isOff(value) || value === 'none';
  if (HARMLESS_PROPERTIES.test(key) || (isUnset && /^(acpi|iommu-sys|aclint|aia)$/.test(key))) return;
  switch (key) {
    case 'kernel':
      return applyKernel(draft, value, option);
    case 'firmware':
      return applyFirmware(draft, value, option);
    case 'initrd':
      return applyInitrd(draft, value, option);
    case 'append':
      return applyAppend(draft, value, option);
    case 'dtb':
      return applyDeviceTree(draft, value, option);
    case 'aclint':
      return draft.report(option, qemuDifferences.aclint());
    case 'aia':
    case 'aia-guests':
      return draft.report(option, qemuDifferences.aia());
    case 'dumpdtb':
      return draft.report(option, qemuDifferences.dumpdtb());
    case 'acpi':
      return draft.report(option, qemuDifferences.tables());
    case 'pflash0':
    case 'pflash1':
      return draft.report(option, qemuDifferences.flash());
    default:
      draft.report(option, qemuDifferences.machineProperty(shownWord(key)));
  }
}

/** The features of the harts, as QEMU names its CPU properties (docs/qemu-differences.md, "The hart"). */
const CPU_FEATURES =
  /^(i|a|m|c|d|f|g|s|u|pmp|mmu|sv39|sv48|zba|zbb|zbc|zbs|zfh|zfhmin|zicond|zicbom|zicboz|zawrs|zicntr|zicsr|zifencei|zihpm|sstc|svinval|svpbmt|svadu|zca|zcd|zmmul|zaamo|zalrsc|zkt)$/;
/** Parameters and version numbers of extensions. They matter only if the extension is enabled. */
const CPU_PARAMETERS =
  /^(vlen|elen|vext_spec|priv_spec|bext_spec|cbom_blocksize|cboz_blocksize|cbop_blocksize|pmu-mask|pmu-num|short-isa-string)$/;
/** Extensions that add only hints, or whose effects can be observed only by timing. */
const CPU_HINTS =
  /^(zicbop|zihintpause|zihintntl|zic64b|ziccamoa|ziccif|zicclsm|ziccrse|za64rs|ssccptr|sscounterenw|sstvala|sstvecd|ssu64xl|svbare|svvptr)$/;

/** Imports `-cpu`: the model and its features. */
export function applyCpu(draft: Draft, value: string, option: string): void {
  const [model, ...features] = value.split(',').filter(Boolean);
  if (model !== undefined && !/^(rv64|any)$/.test(model))
    draft.report(option, qemuDifferences.cpuModel(shownWord(model)));
  for (const feature of features) {
    const [, sign, name, text] = /^([+-]?)([^=]*)=?(.*)$/.exec(feature)!;
    const isWanted = sign !== '-' && !isOff(text);
    const isFeature = sign !== '' || text === '' || isOn(text) || isOff(text);
    if (CPU_PARAMETERS.test(name) || CPU_HINTS.test(name)) continue;
    if (!isFeature) draft.report(option, qemuDifferences.cpuProperty(shownWord(name)));
    else if (isWanted && !CPU_FEATURES.test(name))
      draft.report(option, qemuDifferences.cpuFeatureMissing(shownWord(name)));
    else if (!isWanted && CPU_FEATURES.test(name)) draft.report(option, qemuDifferences.cpuFeatureStays(name));
  }
}

/** Imports `-smp`: a number of harts, or the topology of the machine. */
export function applySmp(draft: Draft, value: string, option: string): void {
  if (reportUnknownSetting(draft, { value, option, setting: 'harts' })) return;
  const values = parseKeyValues(value, 'cpus');
  const shape = ['sockets', 'dies', 'clusters', 'cores', 'threads'].map((key) => Number(values.get(key) ?? 1));
  const count = Number(values.get('cpus') ?? shape.reduce((product, factor) => product * factor, 1));
  if (!Number.isInteger(count) || count < 1) return draft.report(option, qemuDifferences.hartCountUnclear());
  if (count > limits.HARTS_MAX) draft.report(option, qemuDifferences.hartLimit(limits.HARTS_MAX));
  const harts = Math.min(count, limits.HARTS_MAX);
  if (harts !== limits.HARTS_DEFAULT) draft.settings.harts = harts;
}

/** If the number contains an unknown value, reports it and returns true: the setting would be invalid. */
function reportUnknownSetting(draft: Draft, given: { value: string; option: string; setting: string }): boolean {
  const names = unknownNames(given.value);
  if (names.length > 0) draft.report(given.option, qemuDifferences.unknownSetting(names, given.setting));
  return names.length > 0;
}

const MIB = 1 << 20;
/** QEMU's units; without one, the number is in MiB. */
const UNIT_BYTES: Readonly<Record<string, number>> = { B: 1, K: 1 << 10, M: MIB, '': MIB, G: MIB << 10, T: 2 ** 40 };

/** Imports `-m`: the RAM size. A size outside the limits becomes the nearest size within them. */
export function applyMemory(draft: Draft, value: string, option: string): void {
  if (reportUnknownSetting(draft, { value, option, setting: 'memory' })) return;
  const size = parseKeyValues(value, 'size').get('size') ?? '';
  const [, digits, unit] = /^(\d+(?:\.\d+)?|0x[\da-f]+)([BKMGT]?)i?B?$/i.exec(size) ?? [];
  if (digits === undefined) return draft.report(option, qemuDifferences.memoryUnclear());
  const wanted = (Number(digits) * UNIT_BYTES[unit.toUpperCase()]) / MIB;
  const { min, max, default: preset } = limits.MEMORY_MIB;
  const used = Math.min(Math.max(Math.ceil(wanted), min), max);
  const text = used % 1024 === 0 ? `${used / 1024}G` : `${used}M`;
  if (used !== wanted) draft.report(option, qemuDifferences.memoryLimit(text));
  if (used !== preset) draft.settings.memory = text;
}
