/**
 * `FILE@ADDRESS`, as `--kernel` and `--load` and their settings take it: a file, and where in the guest's memory it is
 * loaded. An address is what follows the last `@` when it is a number: `0x80200000`, or decimal, with `_` between digits
 * where one likes. An `@` in front of anything else is part of the file's name; where a name itself ends like an address,
 * that `@` is written twice (`log@@2024`).
 */
export interface PlacedFile {
  file: string;
  /** Null when none is given. */
  address: number | null;
}

/** Undefined for an address that is none (`x.bin@0xzz`), and for no file. */
export function parsePlacedFile(text: string): PlacedFile | undefined {
  const at = text.lastIndexOf('@');
  const tail = text.slice(at + 1);
  if (at < 0 || !MEANT_AS_ADDRESS.test(tail)) return named(text, null);
  if (text[at - 1] === '@') return named(text.slice(0, at) + tail, null);
  const address = ADDRESS.test(tail) ? Number(tail.replaceAll('_', '')) : NaN;
  return Number.isSafeInteger(address) ? named(text.slice(0, at), address) : undefined;
}

/** A file without an address, so that `parsePlacedFile` reads it as such. */
export function placedFileText(file: string): string {
  const at = file.lastIndexOf('@');
  return at >= 0 && MEANT_AS_ADDRESS.test(file.slice(at + 1)) ? `${file.slice(0, at)}@${file.slice(at)}` : file;
}

/** What a message says about them. */
export const PLACED_FILE_FORM =
  'FILE or FILE@ADDRESS with an address such as 0x80200000 (an @ of the name before a number is written twice)';

const MEANT_AS_ADDRESS = /^(?:\s*[-+]?\d\w*\s*)?$/;
const ADDRESS = /^(?:0x[0-9a-f]+(?:_[0-9a-f]+)*|\d+(?:_\d+)*)$/i;

function named(file: string, address: number | null): PlacedFile | undefined {
  return file === '' ? undefined : { file, address };
}
