import { badInput, type UserError } from './userError.ts';
import { quoted } from './shown.ts';

/**
 * What the command *Import QEMU Command Line* shows: why an option cannot be imported unchanged, import errors, and
 * the dialogs.
 */
export const qemuDifferences = {
  // --- the machine
  is32Bit: () => 'The machine is 64-bit. Build the program for RV64.',
  board: (board: string) => `The board ${quoted(board)} is not available. The virt board is used instead.`,
  boardMissing: () => 'The command does not select a board. The virt board is used.',
  aclint: () => 'The machine has a CLINT with the same M-mode registers, but no device for S-mode software interrupts.',
  aia: () => 'The machine has a PLIC. AIA is not available.',
  dumpdtb: () => 'To write the device tree to a file, run "blkreplay record --dumpdtb FILE".',
  machineProperty: (property: string) => `The board has no property ${quoted(property)}.`,
  cpuModel: (model: string) => `The CPU model ${quoted(model)} is not available. The harts correspond to QEMU's rv64.`,
  cpuFeatureMissing: (feature: string) => `The harts do not have the CPU feature ${quoted(feature)}.`,
  cpuFeatureStays: (feature: string) => `The CPU feature ${quoted(feature)} cannot be switched off.`,
  cpuProperty: (property: string) => `The harts have no CPU property ${quoted(property)}.`,
  hartLimit: (max: number) => `The machine has at most ${max} harts.`,
  hartCountUnclear: () => 'The hart count is not a number. Set "harts" in launch.json.',
  memoryLimit: (used: string) => `This RAM size is not available. The machine has ${used} of RAM.`,
  memoryUnclear: () => 'The RAM size is not a number. Set "memory" in launch.json.',
  numa: () => 'The machine has no NUMA nodes.',
  fwCfg: () => 'The machine has no fw_cfg device.',
  tables: () => 'The machine has no ACPI or SMBIOS tables.',
  tpm: () => 'The machine has no TPM.',
  flash: () => 'The machine has no flash memory.',

  // --- booting
  ownFirmware: () => "This file is part of QEMU. blkreplay's built-in SBI firmware is used instead.",
  noBootFile: () => 'The command does not specify a kernel or firmware. Set "kernel" in launch.json.',
  loaderData: () => 'Only files can be loaded into memory, not values.',
  loaderCpu: () => 'The harts start at the address in the boot ROM, not at the address of this file.',
  loaderRawElf: () => 'If this file is an ELF file, it is loaded at the addresses in the file.',
  loadLimit: (max: number) => `At most ${max} files can be loaded.`,
  appendLimit: (max: number) => `The kernel command line is longer than ${max} characters.`,
  noSymbols: (file: string) =>
    `${file} contains no symbols. For source-level debugging, add the corresponding ELF file to "symbols".`,

  // --- drives and devices
  pciDisk: () => 'The machine has no PCI bus. The disk is a virtio-mmio device instead.',
  defaultDisk: () => 'No device uses this drive. It becomes a virtio-mmio disk.',
  diskController: (device: string) => `The machine has no ${device} controller, so this disk is left out.`,
  diskInterface: (name: string) => `The machine has no ${quoted(name)} interface, so this disk is left out.`,
  driveUnused: () => 'No device uses this drive, so the guest does not see it.',
  driveUnknown: (id: string) => `The command does not define the drive ${quoted(id)}.`,
  driveWithoutFile: () => 'This drive has no image file.',
  driveWithoutMedium: () => 'This disk device does not specify a drive.',
  driveProtocol: (protocol: string) => `Disk images must be files. ${quoted(protocol)} is not available.`,
  driveFormat: (format: string) => `The image format ${quoted(format)} is not available. Convert the image to qcow2.`,
  driveFormatGuessed: (format: string) => `The command does not specify the image format, so ${format} is assumed.`,
  driveLimit: (max: number) => `The machine has virtio slots for at most ${max} disks.`,
  driveProperty: (property: string) => `The disk has no property ${quoted(property)}.`,
  slotTaken: () => 'Another disk is already in this virtio slot, so a free slot is used.',
  slotUnknown: () => 'The machine has only virtio slots 0 to 7, so a free one is used.',
  pciRng: () => 'The machine has no PCI bus. The entropy source is a virtio-mmio device instead.',
  cdrom: () => 'The machine has no CD-ROM drive.',
  otherDisk: () => 'The machine has only virtio disks, so this disk is left out.',
  network: () => 'The machine has no network device.',
  usb: () => 'The machine has no USB controller.',
  pci: (device: string) => `The machine has no PCI bus, so ${quoted(device)} is not available.`,
  virtioDevice: (device: string) =>
    `${quoted(device)} is not available. The machine has only virtio disks and an entropy source.`,
  device: (device: string) => `The device ${quoted(device)} is not available.`,
  graphics: () => 'The machine has no display.',
  audio: () => 'The machine has no sound device.',
  sharedFolder: () => 'The guest has no access to folders on this computer. Copy the files into a disk image.',
  object: (type: string) => `Objects of type ${quoted(type)} are not available.`,
  global: (property: string) => `The property ${quoted(property)} cannot be changed.`,

  // --- console and debugging
  serial: () => "The guest's console is a terminal in VS Code.",
  secondSerial: () => 'The machine has only one UART.',
  gdbListen: () =>
    'gdb can connect to a TCP port on this computer or to a Unix socket. Set "gdbServer" in launch.json.',
  semihostingArguments: () =>
    "Semihosting calls report the kernel's name and its command line as the program's arguments.",
  instructionTime: () => 'An instruction always takes 1 ns of virtual time (shift=0).',
  qemuRecording: () => 'QEMU recordings cannot be replayed. Record the guest again.',
  realTimeClock: () => "The guest's clock starts at this computer's date and time, in UTC.",
  log: () => 'There is no execution log. Use exception breakpoints and logpoints instead.',
  noShutdown: () => 'The session ends when the guest powers off.',
  qemuSnapshot: () => 'Snapshots of running QEMU machines cannot be loaded.',
  configurationFile: () => 'The options in this file are not imported.',
  seed: () => 'To make recordings identical, set "rngSeed" in launch.json.',
  watchdog: () => 'The machine has no watchdog.',
  valueMissing: () => 'The command ends before the value of this option.',
  unknownOption: () => 'This option is not known.',

  // --- variables
  unknownValue: (names: readonly string[]) =>
    `${valuesOf(names)} not known. Replace ${listed(names.map((name) => `<${name}>`))} in launch.json.`,
  unknownSetting: (names: readonly string[], setting: string) =>
    `${valuesOf(names)} not known. Set "${setting}" in launch.json.`,
  includeMissing: () =>
    'The makefile includes this file, which cannot be read. The variables that this file sets are not known.',
  unknownOptions: (name: string) => `The value of ${name} is not known. Any options in it are not imported.`,
};

const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

/** The beginning of a sentence, up to the verb: `The values of a and b are`. */
const valuesOf = (names: readonly string[]): string =>
  names.length === 1 ? `The value of ${names[0]} is` : `The values of ${listed(names)} are`;

export const qemuErrors = {
  noCommand: (): UserError =>
    badInput('qemu-no-command', {}, 'The text contains no qemu-system-riscv64 command.', 'Copy the whole command.'),
  openQuote: (quote: string): UserError =>
    badInput(
      'qemu-open-quote',
      { quote },
      `The command line contains an opening ${quote} without a closing one.`,
      'Copy the whole command.',
    ),
  tooLong: (max: number): UserError =>
    badInput('qemu-too-long', { max }, `The text is longer than ${max} characters.`, 'Select only the command.'),
  commandTooLong: (max: number): UserError =>
    badInput(
      'qemu-command-too-long',
      { max },
      `After its variables are expanded, the command line is longer than ${max} characters.`,
      'Shorten it, or add the configuration to launch.json manually.',
    ),
};

// --- dialogs --------------------------------------------------------------------------------------------------------

export const importQemuTitle = () => 'Import QEMU Command Line';
export const importQemuPrompt = () => 'Enter a qemu-system-riscv64 command';
export const importQemuPick = () => 'Select the command to import';
export const importQemuType = () => 'Enter a Command...';
export const fromSelection = () => 'Selection';
export const fromClipboard = () => 'Clipboard';
export const atLine = ({ file, line }: { file: string; line: number }) => `${file}:${line}`;
export const importQemuNoFolder = () => 'Open a folder first. The configuration is added to its launch.json.';
export const importFailed = (problem: string) => `The command line was not imported. ${problem}`;
export const launchNotWritten = () =>
  'launch.json was not changed, because its brackets do not match. Correct it, then import the command line again.';

export const imported = (configuration: string) => `Added the configuration "${configuration}" to launch.json.`;
export const importedWithOneDifference = ({
  configuration,
  option,
  difference,
}: {
  configuration: string;
  option: string;
  difference: string;
}) => `${imported(configuration)} 1 option could not be imported unchanged: ${option}. ${difference}`;
export const importedWithDifferences = ({
  configuration,
  count,
  options,
}: {
  configuration: string;
  count: number;
  options: readonly string[];
}) => `${imported(configuration)} ${count} options could not be imported unchanged: ${options.join(', ')}.`;
export const importDetailsButton = () => 'Details';

/** The text of the document that *Details* opens. */
export const importDetails = (details: {
  configuration: string;
  command: string;
  differences: readonly { options: readonly string[]; difference: string }[];
}) =>
  [
    `# ${importQemuTitle()}`,
    `Configuration: ${details.configuration}`,
    `    ${details.command}`,
    '## Options that could not be imported unchanged',
    details.differences
      .map(({ options, difference }) => `${options.map((option) => `- \`${option}\``).join('\n')}\n\n  ${difference}`)
      .join('\n\n'),
  ].join('\n\n') + '\n';
