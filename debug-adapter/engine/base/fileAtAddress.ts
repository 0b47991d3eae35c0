/**
 * `FILE@ADDRESS`, the form of `--kernel`, `--load` and their settings: a file, and the guest address it is loaded at.
 * The address is the text after the last `@` if it is a number: `0x80200000`, or decimal, with optional `_` between
 * digits. Any other `@` belongs to the file name; if the name itself ends like an address, that `@` is doubled
 * (`log@@2024`).
 */
export interface FileAtAddress {
  file: string;
  /** Null when the text has no address. */
  address: number | null;
}

/** Undefined for an invalid address (`x.bin@0xzz`) and for an empty file name. */
export function parseFileAtAddress(text: string): FileAtAddress | undefined {
  const at = text.lastIndexOf('@');
  const tail = text.slice(at + 1);
  if (at < 0 || !ADDRESS_LIKE.test(tail)) return makeFile(text, null);
  if (text[at - 1] === '@') return makeFile(text.slice(0, at) + tail, null);
  const address = ADDRESS.test(tail) ? Number(tail.replaceAll('_', '')) : NaN;
  return Number.isSafeInteger(address) ? makeFile(text.slice(0, at), address) : undefined;
}

/** Escapes a file name without an address for `parseFileAtAddress`. */
export function fileAtAddressText(file: string): string {
  const at = file.lastIndexOf('@');
  return at >= 0 && ADDRESS_LIKE.test(file.slice(at + 1)) ? `${file.slice(0, at)}@${file.slice(at)}` : file;
}

const ADDRESS_LIKE = /^(?:\s*[-+]?\d\w*\s*)?$/;
const ADDRESS = /^(?:0x[0-9a-f]+(?:_[0-9a-f]+)*|\d+(?:_\d+)*)$/i;

function makeFile(file: string, address: number | null): FileAtAddress | undefined {
  return file === '' ? undefined : { file, address };
}
