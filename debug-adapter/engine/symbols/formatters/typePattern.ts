/** A pattern for type names in a natvis file: a name in which each template argument may be `*`. */
export interface TypePattern {
  text: string;
  matches(name: string): boolean;
}

/**
 * Compiles a pattern. `*` stands for any template argument; at the end of a list, it stands for any number of further
 * arguments. Spaces are ignored.
 */
export function typePattern(text: string): TypePattern {
  const wanted = parseName(text);
  return { text, matches: (name) => isMatch(parseName(name), wanted) };
}

interface ParsedName {
  /** The name without its own template arguments, but with those of its scopes: `A<int>::B`. */
  base: string;
  /** Undefined if there is no argument list. */
  args: string[] | undefined;
}

function isMatch(name: ParsedName, wanted: ParsedName): boolean {
  if (name.base !== wanted.base) return false;
  if (!wanted.args || !name.args) return wanted.args === name.args;
  const hasRest = wanted.args.at(-1) === '*';
  if (hasRest ? name.args.length < wanted.args.length : name.args.length !== wanted.args.length) return false;
  return wanted.args.every((arg, i) => arg === '*' || isMatch(parseName(name.args![i]), parseName(arg)));
}

function parseName(text: string): ParsedName {
  const name = text.replace(/\s+(?=[<>,*&)])|(?<=[<>,*&(])\s+/g, '').trim();
  const open = name.endsWith('>') ? openingOf(name) : -1;
  if (open <= 0) return { base: name, args: undefined };
  return { base: name.slice(0, open), args: splitArguments(name.slice(open + 1, -1)) };
}

/** The index of the `<` that matches the last character. */
function openingOf(name: string): number {
  let depth = 0;
  for (let i = name.length - 1; i >= 0; i--) {
    if (name[i] === '>' && name[i - 1] !== '-') depth++;
    else if (name[i] === '<' && --depth === 0) return i;
  }
  return -1;
}

function splitArguments(text: string): string[] {
  const args: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if ('<(['.includes(text[i])) depth++;
    else if ('>)]'.includes(text[i]) && text[i - 1] !== '-') depth--;
    else if (text[i] === ',' && depth === 0) {
      args.push(text.slice(start, i));
      start = i + 1;
    }
  }
  const last = text.slice(start);
  return last === '' && args.length === 0 ? [] : [...args, last];
}
