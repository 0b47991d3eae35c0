/** A range of text in launch.json. */
export interface TextRange {
  start: number;
  end: number;
}

interface Value extends TextRange {
  text?: string;
  members?: { key: string; keyRange: TextRange; value: Value }[];
  items?: Value[];
}

/**
 * Finds `setting`, such as `drives[0].format`, in launch.json, which is JSON with comments and trailing commas. If the
 * setting is absent, returns the innermost enclosing element that exists. If the text is malformed, returns the best
 * match before the error: the configuration, or nothing.
 */
export function rangeOfSetting(text: string, configuration: string, setting: string): TextRange | undefined {
  const root = new JsoncReader(text).value();
  const list = member(root, 'configurations')?.value ?? member(member(root, 'launch')?.value, 'configurations')?.value;
  const found = list?.items?.find((item) => member(item, 'name')?.value.text === configuration);
  if (!found) return undefined;
  let range: TextRange = member(found, 'name')!.value;
  let at: Value | undefined = found;
  for (const step of setting.match(/[^.[\]]+/g) ?? []) {
    const next: { keyRange?: TextRange; value: Value } | undefined = /^\d+$/.test(step)
      ? at?.items?.[Number(step)] && { value: at.items[Number(step)] }
      : member(at, step);
    if (!next) break;
    at = next.value;
    range = at.members || at.items ? (next.keyRange ?? { start: at.start, end: at.start + 1 }) : at;
  }
  return { start: range.start, end: range.end };
}

/**
 * The ranges of launch.json's outermost object, of its list of configurations, if any, and of each configuration.
 * Undefined if the text is not an object.
 */
export function rangesOfConfigurations(
  text: string,
): { root: TextRange & { isEmpty: boolean }; list: (TextRange & { items: TextRange[] }) | undefined } | undefined {
  const root = new JsoncReader(text).value();
  if (!root.members) return undefined;
  const list = member(root, 'configurations')?.value;
  if (list && !list.items) return undefined;
  return {
    root: { start: root.start, end: root.end, isEmpty: root.members.length === 0 },
    list: list?.items && { start: list.start, end: list.end, items: list.items },
  };
}

function member(value: Value | undefined, key: string) {
  return value?.members?.find((found) => found.key === key);
}

/** A parser that never fails: it ends an object or array at the first text that it cannot parse. */
class JsoncReader {
  private text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  value(): Value {
    this.skipSpace();
    const start = this.at;
    switch (this.text[start]) {
      case '{':
        return this.object(start);
      case '[':
        return this.array(start);
      case '"': {
        const text = this.string();
        return { start, end: this.at, text };
      }
      default:
        this.at += /^[^\s,\]}/]*/.exec(this.text.slice(start))![0].length;
        return { start, end: this.at };
    }
  }

  private object(start: number): Value {
    const members: Value['members'] = [];
    this.at++;
    while (this.next() === '"') {
      const keyStart = this.at;
      const key = this.string();
      const keyRange = { start: keyStart, end: this.at };
      if (this.next() === ':') this.at++;
      members.push({ key, keyRange, value: this.value() });
      if (this.next() === ',') this.at++;
    }
    if (this.next() === '}') this.at++;
    return { start, end: this.at, members };
  }

  private array(start: number): Value {
    const items: Value[] = [];
    this.at++;
    while (this.next() !== ']') {
      const before = this.at;
      items.push(this.value());
      if (this.next() === ',') this.at++;
      if (this.at === before) return { start, end: this.at, items };
    }
    this.at++;
    return { start, end: this.at, items };
  }

  private string(): string {
    const found = /^"(?:[^"\\\n]|\\.)*"?/.exec(this.text.slice(this.at))![0];
    this.at += found.length;
    try {
      return JSON.parse(found);
    } catch {
      return found.slice(1);
    }
  }

  private next(): string | undefined {
    this.skipSpace();
    return this.text[this.at];
  }

  private skipSpace(): void {
    this.at += /^(?:\s|\/\/[^\n]*|\/\*[^]*?(?:\*\/|$))*/.exec(this.text.slice(this.at))![0].length;
  }
}
