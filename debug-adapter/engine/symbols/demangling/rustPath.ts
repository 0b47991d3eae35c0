import { MangledText, NotMangled } from './mangledText.ts';

/**
 * Parses a name in Rust's v0 mangling (RFC 2603) from which the prefix `_R` has been removed. As in c++filt, crate
 * hashes are omitted.
 */
export class RustPath {
  private readonly text: MangledText;
  /** The number of lifetimes that the enclosing binders (`for<'a>`) declare. */
  private lifetimes = 0;

  constructor(mangled: string) {
    this.text = new MangledText(mangled);
  }

  demangle(): string {
    // A digit at the start specifies an encoding version; no versions are defined yet.
    if (/\d/.test(this.text.peek())) throw new NotMangled();
    const path = this.path(true);
    if (/[A-Z]/.test(this.text.peek())) this.path(false);
    if (!this.text.atEnd && !/^[.$]/.test(this.text.rest())) throw new NotMangled();
    return path;
  }

  /** In the path of a value, generic arguments are written as `::<T>`; in the path of a type, as `<T>`. */
  private path(isValue: boolean): string {
    const { text } = this;
    return text.nested(() => {
      const tag = text.next();
      switch (tag) {
        case 'C':
          this.disambiguator();
          return this.identifier();
        case 'M':
        case 'X': {
          // An `impl` block is represented by the type that it belongs to, so its own path is not shown.
          this.disambiguator();
          this.path(false);
          const type = this.type();
          return tag === 'M' ? `<${type}>` : `<${type} as ${this.path(false)}>`;
        }
        case 'Y':
          return `<${this.type()} as ${this.path(false)}>`;
        case 'N':
          return this.nestedPath(isValue);
        case 'I': {
          const path = this.path(isValue);
          return text.limited(`${path}${isValue ? '::' : ''}<${this.list(() => this.genericArgument()).join(', ')}>`);
        }
        case 'B':
          return this.backReference(() => this.path(isValue));
        default:
          throw new NotMangled();
      }
    });
  }

  private nestedPath(isValue: boolean): string {
    const space = this.text.next();
    const outer = this.path(isValue);
    const number = this.disambiguator();
    const name = this.identifier();
    // An uppercase namespace denotes a compiler-generated entity; a lowercase one denotes an ordinary name.
    if (!/[A-Z]/.test(space)) return this.text.limited(name ? `${outer}::${name}` : outer);
    const kind = space === 'C' ? 'closure' : space === 'S' ? 'shim' : space;
    return this.text.limited(`${outer}::{${kind}${name ? `:${name}` : ''}#${number}}`);
  }

  private genericArgument(): string {
    if (this.text.accept('L')) return this.lifetime();
    if (this.text.accept('K')) return this.constant();
    return this.type();
  }

  private type(): string {
    const { text } = this;
    return text.nested(() => {
      const tag = text.peek();
      const basic = BASIC_TYPES[tag];
      if (basic !== undefined) {
        text.next();
        return basic;
      }
      switch (tag) {
        case 'A':
          text.next();
          return text.limited(`[${this.type()}; ${this.constant()}]`);
        case 'S':
          text.next();
          return `[${this.type()}]`;
        case 'T': {
          text.next();
          const types = this.list(() => this.type());
          return text.limited(`(${types.join(', ')}${types.length === 1 ? ',' : ''})`);
        }
        case 'R':
        case 'Q': {
          text.next();
          const lifetime = text.accept('L') ? this.lifetime() : '';
          return text.limited(`&${lifetime && `${lifetime} `}${tag === 'Q' ? 'mut ' : ''}${this.type()}`);
        }
        case 'P':
        case 'O':
          text.next();
          return text.limited(`*${tag === 'P' ? 'const' : 'mut'} ${this.type()}`);
        case 'F':
          text.next();
          return this.functionType();
        case 'D':
          text.next();
          return this.traitObject();
        case 'B':
          text.next();
          return this.backReference(() => this.type());
        default:
          return this.path(false);
      }
    });
  }

  private functionType(): string {
    const { text, lifetimes } = this;
    const binder = this.binder();
    const unsafe = text.accept('U') ? 'unsafe ' : '';
    const abi = text.accept('K') ? `extern "${text.accept('C') ? 'C' : this.identifier().replaceAll('_', '-')}" ` : '';
    const parameters = this.list(() => this.type()).join(', ');
    const result = text.accept('u') ? '' : ` -> ${this.type()}`;
    this.lifetimes = lifetimes;
    return text.limited(`${binder}${unsafe}${abi}fn(${parameters})${result}`);
  }

  private traitObject(): string {
    const { lifetimes } = this;
    const binder = this.binder();
    const traits = this.list(() => {
      let path = this.path(false);
      const bindings: string[] = [];
      while (this.text.accept('p')) bindings.push(`${this.identifier()} = ${this.type()}`);
      if (bindings.length > 0) {
        path = path.endsWith('>') ? `${path.slice(0, -1)}, ${bindings.join(', ')}>` : `${path}<${bindings.join(', ')}>`;
      }
      return path;
    });
    this.lifetimes = lifetimes;
    this.text.expect('L');
    const lifetime = this.lifetime();
    return this.text.limited(`dyn ${binder}${traits.join(' + ')}${lifetime === "'_" ? '' : ` + ${lifetime}`}`);
  }

  private constant(): string {
    const { text } = this;
    return text.nested(() => {
      if (text.accept('B')) return this.backReference(() => this.constant());
      if (text.accept('p')) return '_';
      const type = text.next();
      const sign = text.accept('n') ? '-' : '';
      const digits = text.match(/[0-9a-f]+/y);
      text.expect('_');
      const value = BigInt(`0x${digits || '0'}`);
      if (type === 'b') return value === 0n ? 'false' : 'true';
      if (type === 'c' && value <= 0x10ffffn) return `'${String.fromCodePoint(Number(value))}'`;
      if (!INTEGER_TYPES.includes(type)) throw new NotMangled();
      return `${sign}${value}`;
    });
  }

  /**
   * In a mangled name, lifetimes are numbered from the innermost one outward, but they are named from the outermost one
   * inward.
   */
  private lifetime(): string {
    const index = this.base62();
    return index === 0 ? "'_" : lifetimeName(this.lifetimes - index);
  }

  private binder(): string {
    if (!this.text.accept('G')) return '';
    const first = this.lifetimes;
    this.lifetimes += this.base62() + 1;
    if (this.lifetimes > LIFETIMES_MAX) throw new NotMangled();
    const names = Array.from({ length: this.lifetimes - first }, (_, i) => lifetimeName(first + i));
    return `for<${names.join(', ')}> `;
  }

  private list(parse: () => string): string[] {
    const items: string[] = [];
    while (!this.text.accept('E')) items.push(parse());
    return items;
  }

  /** A back reference is the offset of an earlier part; it must not refer to itself or to a later part. */
  private backReference(parse: () => string): string {
    const { text } = this;
    const start = text.at - 1;
    const target = this.base62();
    if (target >= start) throw new NotMangled();
    const after = text.at;
    text.at = target;
    const result = text.limited(parse());
    text.at = after;
    return result;
  }

  private disambiguator(): number {
    return this.text.accept('s') ? this.base62() + 1 : 0;
  }

  /** Reads a base-62 number: `_` is 0; `0_` is 1. */
  private base62(): number {
    const digits = this.text.match(/[0-9a-zA-Z]*/y);
    this.text.expect('_');
    if (digits === '') return 0;
    let value = 0;
    for (const digit of digits) value = value * 62 + DIGITS.indexOf(digit);
    return value + 1;
  }

  private identifier(): string {
    const isUnicode = this.text.accept('u');
    const length = this.text.decimal();
    this.text.accept('_');
    const bytes = this.text.take(length);
    return isUnicode ? `punycode{${bytes.replace(/_([^_]*)$/, '-$1')}}` : bytes;
  }
}

function lifetimeName(depth: number): string {
  if (depth < 0) throw new NotMangled();
  return depth < 26 ? `'${String.fromCharCode(97 + depth)}` : `'_${depth}`;
}

const LIFETIMES_MAX = 1000;
const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const INTEGER_TYPES = 'ahijlmnostxy';
const BASIC_TYPES: Record<string, string | undefined> = {
  a: 'i8',
  b: 'bool',
  c: 'char',
  d: 'f64',
  e: 'str',
  f: 'f32',
  h: 'u8',
  i: 'isize',
  j: 'usize',
  l: 'i32',
  m: 'u32',
  n: 'i128',
  o: 'u128',
  p: '_',
  s: 'i16',
  t: 'u16',
  u: '()',
  v: '...',
  x: 'i64',
  y: 'u64',
  z: '!',
};
