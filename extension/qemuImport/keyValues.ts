import { onlyUnknown } from './unknownParts.ts';

/** The value of a QEMU option such as `file=disk.img,format=raw`: keys and values, in order. */
export type KeyValues = Map<string, string>;

/**
 * Parses QEMU's notation for options with several values: `key=value` separated by commas. In a value, `,,` is a comma.
 * A key without a value has the value `on`, and the first key may be omitted. JSON, which some options also accept, is
 * converted to the same form, with dots between nested keys, as in QEMU. A later value replaces an earlier one.
 */
export function parseKeyValues(text: string, impliedKey?: string): KeyValues {
  if (text.startsWith('{')) return fromJson(text);
  const values: KeyValues = new Map();
  splitAtCommas(text).forEach((part, i) => {
    const at = part.indexOf('=');
    if (at > 0) values.set(part.slice(0, at), part.slice(at + 1));
    else if (i === 0 && impliedKey !== undefined) values.set(impliedKey, part);
    else if (part !== '') values.set(part, onlyUnknown(part) === undefined ? 'on' : part);
  });
  return values;
}

export const isOn = (value: string | undefined): boolean => value !== undefined && /^(on|yes|true|y)$/.test(value);
export const isOff = (value: string | undefined): boolean => value !== undefined && /^(off|no|false|n)$/.test(value);

/** The keys and values as one string, for messages. */
export const keyValuesText = (values: KeyValues): string =>
  [...values].map(([key, value]) => `${key}=${value}`).join(',');

function splitAtCommas(text: string): string[] {
  const parts = [''];
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== ',') parts[parts.length - 1] += text[i];
    else if (text[i + 1] === ',') {
      parts[parts.length - 1] += ',';
      i++;
    } else parts.push('');
  }
  return parts;
}

function fromJson(text: string): KeyValues {
  const values: KeyValues = new Map();
  const add = (value: unknown, prefix: string): void => {
    if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) add(inner, prefix === '' ? key : `${prefix}.${key}`);
    } else values.set(prefix, typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value));
  };
  try {
    add(JSON.parse(text), '');
  } catch {
    // The text is not JSON. Without keys, the whole option is reported.
  }
  return values;
}
