import { formatterFileTexts } from '../../../messages/formatters.ts';

/** An element of an XML document. */
export interface Element {
  name: string;
  attributes: Readonly<Record<string, string | undefined>>;
  children: Element[];
  /** The text directly inside the element. */
  text: string;
  /** The line of the start tag. Lines are numbered from 1. */
  line: number;
}

/** A mistake in a file, with the number of the line that contains it. */
export class FileMistake extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/**
 * Reads an XML document without a document type (XML 1.0, fifth edition). Such a document cannot define entities, so
 * its contents cannot be larger than the file. Throws a FileMistake.
 */
export function parseXml(text: string): Element {
  return new XmlReader(text.replace(/^\uFEFF/, '')).document();
}

const { missing, mismatch, badEntity, tooDeep, noElement, textOutside } = formatterFileTexts;

class XmlReader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  document(): Element {
    this.skipMisc();
    if (this.text[this.at] !== '<') throw this.mistake(this.at < this.text.length ? textOutside() : noElement());
    const root = this.element(0);
    this.skipMisc();
    if (this.at < this.text.length) throw this.mistake(textOutside());
    return root;
  }

  /** Skips spaces, comments and processing instructions. */
  private skipMisc(): void {
    for (;;) {
      this.take(/\s+/y);
      if (!this.skipped('<!--', '-->') && !this.skipped('<?', '?>')) return;
    }
  }

  private skipped(start: string, end: string): boolean {
    if (!this.text.startsWith(start, this.at)) return false;
    this.until(start, end);
    return true;
  }

  /** The text between `start`, which is at the current offset, and `end`. */
  private until(start: string, end: string): string {
    const from = this.at + start.length;
    const to = this.text.indexOf(end, from);
    if (to < 0) throw this.mistake(missing(end));
    this.at = to + end.length;
    return this.text.slice(from, to);
  }

  private element(depth: number): Element {
    const line = this.line;
    if (depth > DEPTH_MAX) throw this.mistake(tooDeep(DEPTH_MAX));
    this.at++;
    const name = this.require(NAME, 'name');
    const attributes: Record<string, string> = {};
    while (this.take(/\s+/y) !== undefined && !/[/>]/.test(this.text[this.at] ?? '>')) {
      const attribute = this.require(NAME, 'name');
      this.require(/\s*=\s*/y, '=');
      const value = this.require(/"[^"<]*"|'[^'<]*'/y, 'value');
      attributes[attribute] = this.expanded(value.slice(1, -1));
    }
    const element: Element = { name, attributes, children: [], text: '', line };
    if (this.take(/\/>/y) !== undefined) return element;
    this.require(/>/y, '>');
    this.readContent(element, depth);
    return element;
  }

  private readContent(element: Element, depth: number): void {
    for (;;) {
      element.text += this.expanded(this.take(/[^<]+/y) ?? '');
      if (this.at >= this.text.length) throw this.mistake(missing(`</${element.name}>`));
      if (this.text.startsWith('</', this.at)) break;
      if (this.text.startsWith('<![CDATA[', this.at)) element.text += this.until('<![CDATA[', ']]>');
      else if (!this.skipped('<!--', '-->') && !this.skipped('<?', '?>'))
        element.children.push(this.element(depth + 1));
    }
    this.at += 2;
    const end = this.require(NAME, 'name');
    if (end !== element.name) throw this.mistake(mismatch(end, element.name));
    this.require(/\s*>/y, '>');
  }

  /** Replaces entities and character references. */
  private expanded(text: string): string {
    return text.replace(/&([^;&\s]{1,20};)?/g, (whole, name: string | undefined) => {
      const code = /^#(?:x([\da-fA-F]{1,6})|(\d{1,7}));$/.exec(name ?? '');
      const number = code && Number.parseInt(code[1] ?? code[2], code[1] ? 16 : 10);
      const expansion = number && number <= 0x10ffff ? String.fromCodePoint(number) : ENTITIES[name ?? ''];
      if (expansion === undefined) throw this.mistake(badEntity(whole));
      return expansion;
    });
  }

  private require(pattern: RegExp, what: string): string {
    const found = this.take(pattern);
    if (found === undefined) throw this.mistake(missing(what));
    return found;
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  private get line(): number {
    return this.text.slice(0, this.at).split('\n').length;
  }

  private mistake(message: string): FileMistake {
    return new FileMistake(this.line, message);
  }
}

const NAME = /[A-Za-z_:][\w:.-]*/y;
const ENTITIES: Record<string, string | undefined> = {
  'lt;': '<',
  'gt;': '>',
  'amp;': '&',
  'quot;': '"',
  'apos;': "'",
};
const DEPTH_MAX = 50;
