import { qemuDifferences } from '../../debug-adapter/messages/qemuImport.ts';
import { applyAppend, applyDeviceTree, applyFirmware, applyInitrd, applyKernel } from './bootOptions.ts';
import {
  applyAction,
  applyChardev,
  applyGdb,
  applyInstructionCount,
  applyRealTimeClock,
  applySemihosting,
  applySerial,
  GDB_PORT,
} from './debugOptions.ts';
import { applyDevice, applyGlobal, applyNetwork, applyObject } from './deviceOptions.ts';
import type { Draft } from './draft.ts';
import { applyBlockdev, applyDiskFile, applyDrive } from './driveOptions.ts';
import { applyCpu, applyMachine, applyMemory, applySmp } from './machineOptions.ts';

/** How a QEMU option is imported. The documentation of the import is generated from these entries. */
export interface QemuOption {
  /** Without the dash; `-machine` and `--machine` are the same. */
  names: readonly string[];
  /** Whether the next word is the option's value. */
  hasValue: boolean;
  /** The settings in launch.json that it can change. */
  settings: readonly string[];
  /** Why the option cannot be imported. Undefined for options that are imported or have no effect in blkreplay. */
  missing?: () => string;
  /** Imports the option. `option` is the option as written on the command line, for reporting differences. */
  apply?: (draft: Draft, value: string, option: string) => void;
}

type Apply = NonNullable<QemuOption['apply']>;

const imported = (names: string, settings: string, apply: Apply, hasValue = true): QemuOption => ({
  ...{ names: names.split(' '), hasValue, settings: settings === '' ? [] : settings.split(' ') },
  apply,
});
const flag = (names: string, settings: string, apply: (draft: Draft) => void): QemuOption =>
  imported(names, settings, apply, false);
/** Options that cannot be imported; the reason is the same for all of them. */
const missing = (names: string, why: () => string, hasValue = true): QemuOption => ({
  ...{ names: names.split(' '), hasValue, settings: [], missing: why },
  apply: (draft, _, option) => draft.report(option, why()),
});
/** Options whose effects, if any, the guest cannot observe in blkreplay. */
const harmless = (names: string, hasValue = true): QemuOption => ({ names: names.split(' '), hasValue, settings: [] });

/** The options in QEMU 10's `qemu-options.hx`, except those for other architectures. */
export const QEMU_OPTIONS: readonly QemuOption[] = [
  // The machine
  imported('machine M', 'machine kernel initrd append dtb', applyMachine),
  imported('cpu', '', applyCpu),
  imported('smp', 'harts', applySmp),
  imported('m', 'memory', applyMemory),
  missing('numa', qemuDifferences.numa),
  missing('fw_cfg', qemuDifferences.fwCfg),
  missing('acpitable smbios', qemuDifferences.tables),
  missing('tpmdev', qemuDifferences.tpm),

  // Booting
  imported('bios', 'bios', applyFirmware),
  imported('kernel', 'kernel bios', applyKernel),
  imported('initrd', 'initrd', applyInitrd),
  imported('append', 'append', applyAppend),
  imported('dtb', 'dtb', applyDeviceTree),

  // Drives and devices
  imported('drive', 'drives', applyDrive),
  imported('hda hdb hdc hdd', 'drives', applyDiskFile),
  imported('blockdev', 'drives', applyBlockdev),
  imported('device', 'drives load rng', applyDevice),
  imported('global', 'drives', applyGlobal),
  flag('snapshot', 'drives', (draft) => (draft.isSnapshot = true)),
  imported('object', 'rng', applyObject),
  missing('cdrom', qemuDifferences.cdrom),
  missing('sd mtdblock fda fdb', qemuDifferences.otherDisk),
  missing('pflash', qemuDifferences.flash),
  imported('net nic', '', applyNetwork),
  missing('netdev', qemuDifferences.network),
  missing('usbdevice', qemuDifferences.usb),
  missing('usb', qemuDifferences.usb, false),
  missing('fsdev virtfs', qemuDifferences.sharedFolder),
  missing('audio audiodev soundhw', qemuDifferences.audio),
  missing('watchdog watchdog-action', qemuDifferences.watchdog),

  // The console and debugging
  imported('serial', '', applySerial),
  imported('chardev', '', applyChardev),
  flag('s', 'gdbServer', (draft) => (draft.settings.gdbServer = GDB_PORT)),
  imported('gdb', 'gdbServer', applyGdb),
  flag('S', 'stopOnEntry', (draft) => (draft.settings.stopOnEntry = true)),
  flag('no-reboot', 'noReboot', (draft) => (draft.settings.noReboot = true)),
  missing('no-shutdown', qemuDifferences.noShutdown, false),
  imported('action', 'noReboot', applyAction),
  flag('semihosting', 'semihosting', (draft) => (draft.settings.semihosting = true)),
  imported('semihosting-config', 'semihosting', applySemihosting),
  imported('icount', '', applyInstructionCount),
  imported('rtc', '', applyRealTimeClock),
  missing('d D dfilter trace plugin', qemuDifferences.log),
  missing('loadvm incoming', qemuDifferences.qemuSnapshot),
  missing('readconfig', qemuDifferences.configurationFile),
  missing('seed', qemuDifferences.seed),

  // Options that have no effect in blkreplay
  harmless('nographic curses sdl full-screen enable-kvm daemonize nodefaults no-user-config no-hpet no-acpi', false),
  harmless('mem-prealloc only-migratable no-fd-bootchk singlestep one-insn-per-tb preconfig win2k-hack no-quit', false),
  harmless('display vga vnc spice g monitor mon qmp qmp-pretty debugcon parallel k accel tb-size name uuid'),
  harmless(
    'boot L pidfile mem-path overcommit sandbox runas run-with chroot user msg echr set add-fd compat writeconfig',
  ),
  harmless('dump-vmstate prom-env bt smp-cache async-teardown xen-domid clock p option-rom'),
];

/** QEMU's options by name. */
export const OPTION_BY_NAME: ReadonlyMap<string, QemuOption> = new Map(
  QEMU_OPTIONS.flatMap((option) => option.names.map((name) => [name, option] as const)),
);
