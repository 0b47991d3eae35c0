/** The name of a function, as in the source: `ns::Box::area` with the parameters `(int) const`. */
export interface DemangledName {
  name: string;
  /** The parameters and qualifiers of a C++ function, as c++filt writes them; empty for other names. */
  parameters: string;
}

/** Thrown if the text is not a mangled name or uses a construct that is not supported. */
export class NotMangled extends Error {}

/**
 * Reads a mangled name from left to right. Limits nesting and the length of the result, because back references can
 * expand a short mangled name into a very long one.
 */
export class MangledText {
  at = 0;
  private readonly text: string;
  private depth = 0;
  private budget = WORK_MAX;

  constructor(text: string) {
    this.text = text;
  }

  get atEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** The next character, or the one at an offset from it; empty at the end. */
  peek(offset = 0): string {
    return this.text.charAt(this.at + offset);
  }

  next(): string {
    if (this.atEnd) throw new NotMangled();
    return this.text[this.at++];
  }

  /** If the expected characters come next, skips them and returns true. */
  accept(expected: string): boolean {
    if (!this.text.startsWith(expected, this.at)) return false;
    this.at += expected.length;
    return true;
  }

  expect(expected: string): void {
    if (!this.accept(expected)) throw new NotMangled();
  }

  take(length: number): string {
    if (length > this.text.length - this.at) throw new NotMangled();
    this.at += length;
    return this.text.slice(this.at - length, this.at);
  }

  rest(): string {
    return this.text.slice(this.at);
  }

  /**
   * Reads the characters that match a pattern, which must have the flag `y`. The result is empty if nothing matches.
   */
  match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  /** Reads a decimal number. If the first digit is 0, the number has no further digits. */
  decimal(): number {
    const digits = this.match(DIGITS);
    if (digits === '' || digits.length > 9) throw new NotMangled();
    return Number(digits);
  }

  /** Parses a nested construct, unless the nesting is too deep. */
  nested<T>(parse: () => T): T {
    if (++this.depth > DEPTH_MAX) throw new NotMangled();
    const result = parse();
    this.depth--;
    return result;
  }

  /** Subtracts the length of an intermediate result from the budget. Throws when the budget is used up. */
  limited(text: string): string {
    this.budget -= text.length;
    if (this.budget < 0) throw new NotMangled();
    return text;
  }
}

const DIGITS = /0|[1-9]\d*/y;
const DEPTH_MAX = 100;
/**
 * The budget: the total length of all intermediate results. Names in heavily templated code can have several thousand
 * characters.
 */
const WORK_MAX = 100_000;
