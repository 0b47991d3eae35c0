/**
 * `FILE@ADDRESS`, the format of `--kernel`, `--load` and the corresponding settings: a file and the guest address at
 * which it is loaded. The text after the last `@` is the address if it is a number: hexadecimal like `0x80200000`, or
 * decimal, with optional `_` between digits. Any other `@` belongs to the file name. If the file name itself ends in
 * something that looks like an address, its last `@` must be doubled (`log@@2024`).
 */
export interface FileAtAddress {
  file: string;
  /** Null if the text contains no address. */
  address: number | null;
}

/** Returns undefined if the address is invalid (`x.bin@0xzz`) or the file name is empty. */
export function parseFileAtAddress(text: string): FileAtAddress | undefined {
  const at = text.lastIndexOf('@');
  const tail = text.slice(at + 1);
  if (at < 0 || !ADDRESS_LIKE.test(tail)) return makeFile(text, null);
  if (text[at - 1] === '@') return makeFile(text.slice(0, at) + tail, null);
  const address = ADDRESS.test(tail) ? Number(tail.replaceAll('_', '')) : NaN;
  return Number.isSafeInteger(address) ? makeFile(text.slice(0, at), address) : undefined;
}

/** Escapes a file name so that `parseFileAtAddress` returns the same name without an address. */
export function fileAtAddressText(file: string): string {
  const at = file.lastIndexOf('@');
  return at >= 0 && ADDRESS_LIKE.test(file.slice(at + 1)) ? `${file.slice(0, at)}@${file.slice(at)}` : file;
}

const ADDRESS_LIKE = /^(?:\s*[-+]?\d\w*\s*)?$/;
const ADDRESS = /^(?:0x[0-9a-f]+(?:_[0-9a-f]+)*|\d+(?:_\d+)*)$/i;

function makeFile(file: string, address: number | null): FileAtAddress | undefined {
  return file === '' ? undefined : { file, address };
}
