import { requestMalformed } from '../messages/dap.ts';
import { expected } from '../messages/expected.ts';
import { fromBase64 } from './base64.ts';

/**
 * A request's arguments. Each argument is checked when it is read: if it is missing or has the wrong type, the method
 * throws a UserError.
 */
export class Arguments {
  readonly command: string;
  private values: Record<string, unknown>;

  constructor(command: string, values: unknown) {
    this.command = command;
    this.values = isRecord(values) ? values : {};
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.fail(name, expected.text());
  }

  optionalText(name: string): string | undefined {
    return this.optional(name, expected.text(), (value) => typeof value === 'string') as string | undefined;
  }

  optionalFlag(name: string): boolean | undefined {
    return this.optional(name, expected.flag(), (value) => typeof value === 'boolean') as boolean | undefined;
  }

  integer(name: string): number {
    return this.optionalInteger(name) ?? this.fail(name, 'an integer');
  }

  optionalInteger(name: string): number | undefined {
    return this.optional(name, 'an integer', Number.isSafeInteger) as number | undefined;
  }

  /** An address in the protocol's notation: `0x80000000` or decimal. */
  address(name: string): bigint {
    const text = this.text(name);
    return /^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text) ? BigInt(text) : this.fail(name, expected.address());
  }

  /** Base64-encoded bytes, at most `bytesMax`. */
  bytes(name: string, bytesMax: number): Uint8Array {
    const text = this.text(name);
    const bytes = fromBase64(text);
    return bytes && bytes.length <= bytesMax ? bytes : this.fail(name, expected.base64(bytesMax));
  }

  /** A list of objects; empty if absent. */
  list(name: string): Arguments[] {
    const list = this.optional(name, 'a list', Array.isArray) as unknown[] | undefined;
    return (list ?? []).map((item, i) => {
      if (!isRecord(item)) return this.fail(`${name}[${i}]`, 'an object');
      return new Arguments(this.command, item);
    });
  }

  /** A list of strings; empty if absent. */
  texts(name: string): string[] {
    const isList = (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === 'string');
    return (this.optional(name, expected.texts(), isList) as string[] | undefined) ?? [];
  }

  object(name: string): Arguments {
    return new Arguments(this.command, this.optional(name, 'an object', isRecord) ?? this.fail(name, 'an object'));
  }

  optionalObject(name: string): Arguments | undefined {
    const value = this.optional(name, 'an object', isRecord);
    return value === undefined ? undefined : new Arguments(this.command, value);
  }

  private optional(name: string, form: string, isValid: (value: unknown) => boolean): unknown {
    const value = this.values[name];
    if (value === undefined || value === null) return undefined;
    return isValid(value) ? value : this.fail(name, form);
  }

  private fail(argument: string, expected: string): never {
    throw requestMalformed({ command: this.command, argument, expected });
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
