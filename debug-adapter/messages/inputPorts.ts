import { counted } from './shown.ts';

/**
 * Messages about the data that devices receive through input ports. For each port, `entry` is the line that `dump`
 * prints, `expectation` completes the phrase `expected ..., but` in a divergence message, and `requested` completes the
 * clause `a device requested ...`.
 */
export const consolePortTexts = {
  entry: (byte: string, character: string) => `console input ${byte}${character}`,
  expectation: (byte: number) => `console input (byte 0x${byte.toString(16).padStart(2, '0')})`,
};

export const clockPortTexts = {
  entry: (milliseconds: number) => `device requests the time: ${milliseconds} ms since 1970`,
  expectation: () => 'a device request for the time',
  requested: () => 'the time',
};

export const entropyPortTexts = {
  entry: (bytes: string) => `device requests entropy: ${bytes}`,
  expectation: (lengthBytes: number) => `a device request for ${counted(lengthBytes, 'byte')} of entropy`,
  requested: () => 'entropy',
};

export const hostFilePortTexts = {
  entry: (answer: string) => `device requests access to a file or the console: ${answer}`,
  expectation: () => 'a device request for access to a file or the console',
  requested: () => 'access to a file or the console',
  error: (code: number) => `error ${code}`,
  piece: (lengthBytes: number) => `${counted(lengthBytes, 'byte')} of data`,
  length: (lengthBytes: number) => `length ${counted(lengthBytes, 'byte')}`,
};
