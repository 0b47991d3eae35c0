/**
 * What a value must be, on the command line and in a launch configuration. Each text ends the sentence
 * `Invalid value "3" for --memory: expected ...`.
 */
export const expected = {
  text: () => 'a string',
  flag: () => 'true or false',
  number: () => 'a number',
  numberBetween: (min: number, max: number) => `a number from ${min} to ${max}`,
  atMost: (most: number) => `at most ${most}`,
  oneOf: (words: readonly string[]) => words.join(' or '),
  someOf: (words: readonly string[]) => `a comma-separated list of ${words.join(', ')}`,
  fileName: () => 'a file name',
  files: () => 'a list of file names',
  objects: () => 'a list of objects',
  placedFile: () => 'FILE or FILE@ADDRESS, for example Image@0x80200000; write @@ for an @ before a number in the name',
  memoryOption: (minMib: number, maxMib: number) => `${memoryRange(minMib, maxMib)}, for example 128M, 1G or 262144K`,
  memorySetting: (minMib: number, maxMib: number) => `${memoryRange(minMib, maxMib)}, for example "128M"`,
  position: () => 'a number of steps from 0 to 2^53 - 1, for example 1000000 or 1_000_000',
  idleOption: () => 'warp (skip idle time) or realtime (wait through it)',
  gdbOption: (portMax: number) => `a port from 1 to ${portMax}, 0 for any free port, unix:PATH for a socket, or stdio`,
  gdbSetting: (portMax: number) => `a port from 0 to ${portMax}, or "unix:PATH" for a socket`,
  snapshotName: (bytesMax: number) => `1 to ${bytesMax} bytes without control characters, not starting with "auto-"`,
  rngSeed: () => '64 hexadecimal digits (32 bytes), or none',
  append: (lengthMax: number) => `at most ${lengthMax} characters without NUL`,
  driveId: () => 'a letter and up to 31 more letters, digits, dots, dashes or underscores',
  driveBase: () => 'DRIVE=FILE, for example hd0=disk.img',
  noOverlayWhenReadOnly: () => 'no overlay, because the drive is read-only',
  address: () => 'an address, for example 0x80000000',
  base64: (bytesMax: number) => `at most ${bytesMax} bytes in base64`,
  dataId: () => 'an id from dataBreakpointInfo',
  rows: (most: number) => `a number from ${-most} to ${most}`,
  granularity: () => '"line", "statement" or "instruction"',
};

const memoryRange = (minMib: number, maxMib: number) => `${minMib}M to ${maxMib / 1024}G in whole MiB`;
