/**
 * The name of a function as a user types it, according to gdb's rules (linespec): `area`, `Box::area`,
 * `Box::area(int)`, `max<int>`, `operator<`, `(anonymous namespace)::f`, `crate::module::f`, `file.c:f`. Spaces that do
 * not separate words are ignored. Outer scopes, template arguments and parameters may be omitted.
 */
export class NameQuery {
  /** The path of the file that declares the function, or the end of the path. */
  readonly file: string | undefined;
  /** The name without the file or the parameters. */
  readonly name: string;
  private readonly components: readonly string[];
  private readonly parameters: string | undefined;

  constructor(text: string) {
    const colon = fileEnd(text);
    this.file = colon < 0 ? undefined : text.slice(0, colon).trim();
    const { name, parameters } = splitParameters(normalized(text.slice(colon + 1)));
    this.name = name;
    this.components = splitScopes(name);
    this.parameters = parameters;
  }

  /** Whether the user specified the function's parameters. */
  get hasParameters(): boolean {
    return this.parameters !== undefined;
  }

  /** The number of parameters that the user typed. */
  get parameterCount(): number {
    return parameterList(this.parameters ?? '').length;
  }

  /** Whether a function's qualified name is this name, or ends with it. */
  matches(qualifiedName: string): boolean {
    const wanted = this.components;
    const found = splitScopes(normalized(qualifiedName));
    let at = found.length - 1;
    for (let i = wanted.length - 1; i >= 0; i--, at--) {
      // Members of an anonymous namespace can be named without that namespace.
      while (i < wanted.length - 1 && found[at] === ANONYMOUS && wanted[i] !== ANONYMOUS) at--;
      if (at < 0 || !isSameComponent(wanted[i], found[at])) return false;
    }
    return true;
  }

  /** Whether the name is exactly a function's qualified name, apart from template arguments. */
  matchesFully(qualifiedName: string): boolean {
    return this.matches(qualifiedName) && splitScopes(normalized(qualifiedName)).length === this.components.length;
  }

  /**
   * Whether a function's parameters are the ones that the user typed, if any. Qualifiers of the function may be
   * omitted.
   */
  matchesParameters(parameters: string): boolean {
    if (this.parameters === undefined) return true;
    const end = closingParenthesis(normalized(parameters));
    const [wanted, found] = [this.parameters, normalized(parameters).slice(0, end + 1)].map(parameterList);
    return wanted.length === found.length && wanted.every((type, i) => type === found[i]);
  }
}

const ANONYMOUS = '(anonymous namespace)';

/** The position of the colon after a file name; -1 if there is none. */
function fileEnd(text: string): number {
  const colon = /(?<!:):(?!:)/.exec(text)?.index ?? -1;
  return colon > 0 && !/[<(]/.test(text.slice(0, colon)) ? colon : -1;
}

/**
 * Removes the spaces that do not separate words, and writes types as C++ does: `long unsigned int` becomes `unsigned
 * long`.
 */
function normalized(text: string): string {
  const words = text.trim().replaceAll(ANONYMOUS, '(anonymous\0namespace)').replace(/\s+/g, ' ');
  return words
    .replace(/ ?([^\w\s\0]) ?/g, '$1')
    .replace(
      /\b(long long|long|short)( unsigned)? int\b/g,
      (_, size: string, sign: string) => `${sign ? 'unsigned ' : ''}${size}`,
    )
    .replace(/\bunsigned (long long|long|short) int\b/g, 'unsigned $1')
    .replaceAll('::<', '<')
    .replace(/\boperator(new|delete)\b/g, 'operator $1')
    .replaceAll('\0', ' ');
}

/** Splits `area(int)const` into the name and the parameters. The parentheses of `operator()` belong to the name. */
function splitParameters(text: string): { name: string; parameters: string | undefined } {
  const plain = text.replaceAll(ANONYMOUS, (all) => '_'.repeat(all.length));
  const operator = /\boperator\(\)/.exec(plain);
  const start = topLevelIndex(plain, '(', operator ? operator.index + operator[0].length : 0);
  if (start <= 0) return { name: text, parameters: undefined };
  const end = closingParenthesis(text.slice(start));
  return { name: text.slice(0, start), parameters: text.slice(start, start + end + 1) };
}

/** The components of a qualified name. */
function splitScopes(name: string): string[] {
  const components: string[] = [];
  let start = 0;
  for (;;) {
    const end = topLevelIndex(name, '::', start);
    components.push(name.slice(start, end < 0 ? undefined : end));
    if (end < 0) return components;
    start = end + 2;
  }
}

/** The types in `(int,char const*)`, in a uniform spelling. `(void)` contains none. */
function parameterList(parameters: string): string[] {
  const inside = parameters.slice(1, -1);
  const types: string[] = [];
  for (let start = 0; start <= inside.length;) {
    const end = topLevelIndex(inside, ',', start);
    types.push(inside.slice(start, end < 0 ? undefined : end));
    if (end < 0) break;
    start = end + 1;
  }
  return types.length === 1 && (types[0] === '' || types[0] === 'void') ? [] : types.map(typeSpelling);
}

/** Writes qualifiers after the type, as demangled names do: `const char*` becomes `char const*`. */
function typeSpelling(type: string): string {
  const after = type.replace(/^((?:(?:const|volatile) )+)([^*&(]+)/, (_, qualifiers: string, base: string) => {
    return `${base} ${qualifiers.trim()}`;
  });
  return after.replace(/^unsigned(?=$|[*&]| const)/, 'unsigned int').replace(/^(struct|class|enum|union) /, '');
}

/** Whether a component matches the requested one, which may omit the template arguments. */
function isSameComponent(wanted: string, found: string): boolean {
  if (wanted === found) return true;
  const list = found.startsWith('operator') ? -1 : found.indexOf('<', 1);
  return list > 0 && found.slice(0, list) === wanted;
}

/** The first position of `wanted` at or after `from` that is not inside brackets; -1 if there is none. */
function topLevelIndex(text: string, wanted: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    if (depth === 0 && text.startsWith(wanted, i)) return i;
    const operator = /^operator(->\*?|<=>|<<=?|>>=?|[<>]=?|\(\)|\[\]|,)/.exec(text.slice(i, i + 12));
    if (operator && !/[\w$]/.test(text.charAt(i - 1))) {
      i += operator[0].length - 1;
      continue;
    }
    if ('<([{'.includes(text[i])) depth++;
    else if (')]}'.includes(text[i]) || (text[i] === '>' && text[i - 1] !== '-')) depth--;
  }
  return -1;
}

function closingParenthesis(text: string): number {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return i;
  }
  return text.length - 1;
}
