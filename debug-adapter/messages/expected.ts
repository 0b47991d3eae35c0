/**
 * What a value must be, on the command line and in a launch configuration. Each string completes the sentence
 * `Invalid value "3" for --memory: expected ...`.
 */
export const expected = {
  text: () => 'a string',
  symbolFiles: () => 'a list of file names, or of objects with "file" and either "offset" or "textAddress"',
  sourceMap: () => 'an object with folder names as keys and values',
  texts: () => 'a list of strings',
  flag: () => 'true or false',
  number: () => 'a number',
  numberBetween: (min: number, max: number) => `a number from ${min} to ${max}`,
  atMost: (most: number) => `at most ${most}`,
  oneOf: (words: readonly string[]) => words.join(' or '),
  someOf: (words: readonly string[]) => `a comma-separated list of ${words.join(', ')}`,
  fileName: () => 'a file name',
  files: () => 'a list of file names',
  objects: () => 'a list of objects',
  placedFile: () =>
    'FILE or FILE@ADDRESS, for example Image@0x80200000; if the name itself ends in @ and a number, double the @',
  memoryOption: (limits: MemoryLimits) => `${memoryRange(limits)}, for example 128M, 1G or 262144K`,
  memorySetting: (limits: MemoryLimits) => `${memoryRange(limits)}, for example "128M"`,
  spaceOption: (limits: MemoryLimits) => `${memoryRange(limits)}, for example 512M or 20G`,
  spaceSetting: (limits: MemoryLimits) => `${memoryRange(limits)}, for example "20G"`,
  position: () => 'a number of steps from 0 to 2^53 - 1, for example 1000000 or 1_000_000',
  idleOption: () => 'warp (skip idle time) or realtime (wait through it)',
  gdbOption: (portMax: number) => `a port from 1 to ${portMax}, 0 for any free port, unix:PATH for a socket, or stdio`,
  gdbSetting: (portMax: number) => `a port from 0 to ${portMax}, or "unix:PATH" for a socket`,
  snapshotName: (bytesMax: number, reserved: string) =>
    `1 to ${bytesMax} bytes without control characters, not starting with "${reserved}"`,
  consoleText: (bytesMax: number) => `a string of 1 to ${bytesMax} bytes`,
  sectors: () => 'the first sector and the number of sectors (at least 1)',
  consoleTexts: (bytesMax: number) => `a list of strings of 1 to ${bytesMax} bytes each`,
  rngSeed: () => '64 hexadecimal digits (32 bytes), or none',
  append: (lengthMax: number) => `at most ${lengthMax} characters, none of which is NUL`,
  driveId: (lengthMax: number) =>
    `a letter, followed by up to ${lengthMax - 1} letters, digits, dots, dashes or underscores`,
  driveBase: () => 'DRIVE=FILE, for example hd0=disk.img',
  noOverlayWhenReadOnly: () => 'no overlay, because the drive is read-only',
  address: () => 'an address, for example 0x80000000',
  base64: (bytesMax: number) => `base64 data of at most ${bytesMax} bytes`,
  dataId: () => 'an id from dataBreakpointInfo',
  rows: (most: number) => `a number from ${-most} to ${most}`,
  granularity: () => '"line", "statement" or "instruction"',
};

/** The limits of the RAM size, in MiB. */
interface MemoryLimits {
  min: number;
  max: number;
}

const memoryRange = ({ min, max }: MemoryLimits) => `${memorySize(min)} to ${memorySize(max)} in whole MiB`;

/** A size in GiB if it is a whole number of GiB, and in MiB otherwise. */
export const memorySize = (mib: number): string => (mib % 1024 === 0 ? `${mib / 1024}G` : `${mib}M`);
