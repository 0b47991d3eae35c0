import {
  BUILT_IN_TYPES,
  FULL_STANDARD_NAMES,
  LITERAL_SUFFIXES,
  LONG_BUILT_IN_TYPES,
  OPERATORS,
  SPECIAL_NAMES,
  STANDARD_NAMES,
} from './itaniumTables.ts';
import { MangledText, NotMangled, type DemangledName } from './mangledText.ts';

/**
 * Parses a mangled name (Itanium C++ ABI, section 5.1) from which the prefix `_Z` has been removed. Supports all
 * constructs in the names of functions and variables except expressions in template arguments.
 */
export class ItaniumName {
  private readonly text: MangledText;
  private readonly substitutions: TypeText[] = [];
  /** The arguments of the innermost template, for references to template parameters. */
  private templateArguments: TypeText[] = [];

  constructor(mangled: string) {
    this.text = new MangledText(mangled);
  }

  demangle(): DemangledName {
    const result = this.encoding();
    const rest = this.text.rest();
    if (rest !== '' && !/^[.@]/.test(rest)) throw new NotMangled();
    const clone = rest.startsWith('.') ? ` [clone ${rest}]` : '';
    return { name: result.name, parameters: result.parameters + clone };
  }

  private encoding(): DemangledName {
    const { text } = this;
    return text.nested(() => {
      const special = this.specialName();
      if (special) return special;
      const { name, hasReturnType, qualifiers } = this.name();
      if (text.atEnd || /[E.@]/.test(text.peek())) return { name, parameters: '' };
      if (hasReturnType) this.type();
      return { name, parameters: this.parameters() + qualifiers };
    });
  }

  /** Parses the name of a virtual table, a thunk or a similar entity; returns undefined for ordinary names. */
  private specialName(): DemangledName | undefined {
    const { text } = this;
    const code = text.peek() + text.peek(1);
    const ofType = SPECIAL_NAMES[code];
    if (ofType !== undefined) {
      text.take(2);
      return { name: ofType + spell(this.type()), parameters: '' };
    }
    if (text.accept('TC')) {
      const whole = spell(this.type());
      while (/\d/.test(text.peek())) text.next();
      if (!text.accept('_')) throw new NotMangled();
      return { name: `construction vtable for ${spell(this.type())}-in-${whole}`, parameters: '' };
    }
    if (text.accept('GV')) return { name: `guard variable for ${this.name().name}`, parameters: '' };
    if (text.accept('GTt')) {
      const { name, parameters } = this.encoding();
      return { name: `transaction clone for ${name}`, parameters };
    }
    if (code === 'Th' || code === 'Tv' || code === 'Tc') {
      text.take(2);
      const offsets = code === 'Tc' ? [text.next(), text.next()] : [code[1]];
      for (const kind of offsets) skipCallOffset(text, kind);
      const kind = code === 'Th' ? 'non-virtual thunk' : code === 'Tv' ? 'virtual thunk' : 'covariant return thunk';
      const { name, parameters } = this.encoding();
      return { name: `${kind} to ${name}`, parameters };
    }
    return undefined;
  }

  private parameters(): string {
    const types: string[] = [];
    while (!this.text.atEnd && !/[E.@]/.test(this.text.peek())) types.push(spell(this.type()));
    if (types.length === 0) throw new NotMangled();
    const isEmpty = types.length === 1 && types[0] === 'void';
    return this.text.limited(isEmpty ? '()' : `(${types.filter((type) => type !== '').join(', ')})`);
  }

  // --- names -----------------------------------------------------------------------------------------------------------

  private name(): Name {
    const { text } = this;
    if (text.accept('N')) return text.nested(() => this.nestedName());
    if (text.accept('Z')) return text.nested(() => this.localName());
    let name: string;
    if (text.peek() === 'S' && text.peek(1) !== 't') name = this.substitution().left;
    else {
      name = text.accept('St') ? `std::${this.unqualifiedName('std')}` : this.unqualifiedName('');
      if (text.peek() === 'I') this.substitutions.push(plain(name));
    }
    if (text.peek() !== 'I') return { name, hasReturnType: false, qualifiers: '' };
    const hasReturnType = !isConversion(name);
    return { name: withArguments(name, this.arguments()), hasReturnType, qualifiers: '' };
  }

  private nestedName(): Name {
    const { text } = this;
    const qualifiers = this.qualifiers() + (text.accept('R') ? ' &' : text.accept('O') ? ' &&' : '');
    let name = '';
    let hasReturnType = false;
    while (!text.accept('E')) {
      const next = text.peek();
      const isSubstitution = next === 'S';
      if (next === 'I') {
        if (name === '') throw new NotMangled();
        hasReturnType = !isConversion(name) && !isStructor(name);
        name = text.limited(withArguments(name, this.arguments()));
      } else {
        hasReturnType = false;
        if (text.accept('St')) name = 'std';
        else if (isSubstitution) name = this.substitutedScope();
        else if (next === 'T') name = spell(this.templateParameter());
        else name = text.limited(name ? `${name}::${this.unqualifiedName(name)}` : this.unqualifiedName(''));
      }
      // `std` and substitutions do not become substitution candidates. The complete name becomes one only if it is a
      // type, so the code that parses types adds it.
      if (!isSubstitution && text.peek() !== 'E') this.substitutions.push(plain(name));
    }
    return { name, hasReturnType, qualifiers };
  }

  /** Parses the name of an entity inside a function. */
  private localName(): Name {
    const { text } = this;
    const outerArguments = this.templateArguments;
    const { name: outer, parameters } = this.encoding();
    text.expect('E');
    const scope = text.limited(outer + parameters);
    if (text.accept('s')) {
      text.match(DISCRIMINATOR);
      return { name: `${scope}::string literal`, hasReturnType: false, qualifiers: '' };
    }
    if (text.accept('d')) {
      text.match(/\d*/y);
      text.expect('_');
    }
    const inner = this.name();
    text.match(DISCRIMINATOR);
    if (!inner.hasReturnType) this.templateArguments = outerArguments;
    return { ...inner, name: text.limited(`${scope}::${inner.name}`) };
  }

  /**
   * One component of a name. A constructor or destructor is named after its class, which is the last component of
   * `scope`.
   */
  private unqualifiedName(scope: string): string {
    const { text } = this;
    text.accept('L');
    const next = text.peek();
    let name: string;
    if (/\d/.test(next)) name = this.sourceName();
    else if (/^(C[1-5]|D[0-5])/.test(next + text.peek(1))) {
      name = (text.next() === 'D' ? '~' : '') + lastComponent(scope);
      text.next();
    } else if (text.accept('Ut')) name = `{unnamed type#${this.number()}}`;
    else if (text.accept('Ul')) {
      const parameters = this.parameters();
      text.expect('E');
      name = `{lambda${parameters}#${this.number()}}`;
    } else if (text.accept('DC')) {
      const names: string[] = [];
      while (!text.accept('E')) names.push(this.sourceName());
      name = `[${names.join(', ')}]`;
    } else name = this.operatorName();
    while (text.accept('B')) name += `[abi:${this.sourceName()}]`;
    return name;
  }

  private sourceName(): string {
    const name = this.text.take(this.text.decimal());
    return /^_GLOBAL_[._$]N/.test(name) ? '(anonymous namespace)' : name;
  }

  private operatorName(): string {
    const { text } = this;
    if (text.accept('cv')) return `operator ${spell(this.type())}`;
    if (text.accept('li')) return `operator"" ${this.sourceName()}`;
    const symbol = OPERATORS[text.take(2)];
    if (symbol === undefined) throw new NotMangled();
    return `operator${symbol}`;
  }

  /** Parses the number of an unnamed type or lambda: `_` is 1, `0_` is 2. */
  private number(): number {
    const digits = this.text.match(/\d*/y);
    this.text.expect('_');
    return digits === '' ? 1 : Number(digits) + 2;
  }

  // --- substitutions and templates -------------------------------------------------------------------------------------

  private substitution(): TypeText {
    const { text } = this;
    text.expect('S');
    const standard = STANDARD_NAMES[text.peek()];
    if (standard !== undefined) {
      text.next();
      return plain(standard);
    }
    const found = this.substitutions[this.base36()];
    if (!found) throw new NotMangled();
    return { ...found, left: text.limited(found.left) };
  }

  /** If a standard library class is followed by its constructor or destructor, the class name is spelled in full. */
  private substitutedScope(): string {
    const name = spell(this.substitution());
    return /[CD]/.test(this.text.peek()) && /\d/.test(this.text.peek(1)) ? (FULL_STANDARD_NAMES[name] ?? name) : name;
  }

  private templateParameter(): TypeText {
    this.text.expect('T');
    const digits = this.text.match(/\d*/y);
    this.text.expect('_');
    const found = this.templateArguments[digits === '' ? 0 : Number(digits) + 1];
    if (!found) throw new NotMangled();
    return { ...found, left: this.text.limited(found.left) };
  }

  private base36(): number {
    const digits = this.text.match(/[0-9A-Z]*/y);
    this.text.expect('_');
    return digits === '' ? 0 : parseInt(digits, 36) + 1;
  }

  /** Template arguments as text: `<int, 3>`. */
  private arguments(): string {
    const { text } = this;
    return text.nested(() => {
      text.expect('I');
      const list: TypeText[] = [];
      while (!text.accept('E')) list.push(this.argument());
      this.templateArguments = list;
      const joined = list
        .map(spell)
        .filter((each) => each !== '')
        .join(', ');
      return text.limited(`<${joined}${joined.endsWith('>') ? ' ' : ''}>`);
    });
  }

  private argument(): TypeText {
    const { text } = this;
    if (text.peek() === 'L') return plain(this.literal());
    if (!text.accept('J')) return this.type();
    const pack: TypeText[] = [];
    while (!text.accept('E')) pack.push(this.argument());
    return { ...plain(''), pack };
  }

  private literal(): string {
    const { text } = this;
    text.expect('L');
    if (text.accept('_Z')) {
      const { name, parameters } = this.encoding();
      text.expect('E');
      return `&${name}${parameters}`;
    }
    const type = spell(this.type());
    const digits = text.match(/n?[0-9a-f]*/y).replace('n', '-');
    text.expect('E');
    if (type === 'bool' && /^[01]$/.test(digits)) return digits === '1' ? 'true' : 'false';
    const suffix = LITERAL_SUFFIXES[type];
    return suffix === undefined ? `(${type})${digits}` : digits + suffix;
  }

  // --- types -----------------------------------------------------------------------------------------------------------

  private type(): TypeText {
    // Template arguments inside a type do not replace those of the function.
    const { templateArguments } = this;
    const type = this.text.nested(() => this.typeInside());
    this.templateArguments = templateArguments;
    return type;
  }

  private typeInside(): TypeText {
    const { text } = this;
    const next = text.peek();
    const builtIn = BUILT_IN_TYPES[next];
    if (builtIn !== undefined) {
      text.next();
      return plain(builtIn);
    }
    if (next === 'D' && LONG_BUILT_IN_TYPES[text.peek(1)] !== undefined) {
      return plain(LONG_BUILT_IN_TYPES[text.take(2)[1]]!);
    }
    if (next === 'S' && text.peek(1) !== 't') {
      const found = this.substitution();
      return text.peek() === 'I' ? this.remembered(plain(found.left + this.arguments())) : found;
    }
    return this.remembered(this.compoundType());
  }

  private remembered(type: TypeText): TypeText {
    this.text.limited(spell(type));
    this.substitutions.push(type);
    return type;
  }

  private compoundType(): TypeText {
    const { text } = this;
    const qualifiers = this.qualifiers();
    if (qualifiers !== '') return qualified(this.type(), qualifiers);
    if (text.accept('P')) return pointer(this.type(), '*');
    if (text.accept('R')) return pointer(this.type(), '&');
    if (text.accept('O')) return pointer(this.type(), '&&');
    if (text.accept('F') || text.accept('DoF')) return this.functionType();
    if (text.accept('A')) {
      const count = text.match(/\d*/y);
      text.expect('_');
      const element = this.type();
      return {
        kind: 'array',
        left: element.left,
        right: `${element.kind === 'array' ? '' : ' '}[${count}]${element.right.trimStart()}`,
      };
    }
    if (text.accept('M')) {
      const owner = spell(this.type());
      return pointer(this.type(), `${owner}::*`);
    }
    if (text.accept('C')) return plain(`${spell(this.type())} _Complex`);
    if (text.accept('Dp')) return this.type();
    if (text.peek() === 'T' && !/[sue]/.test(text.peek(1))) {
      const parameter = this.templateParameter();
      if (text.peek() !== 'I') return parameter;
      this.substitutions.push(parameter);
      return plain(parameter.left + this.arguments());
    }
    if (text.accept('u')) return plain(this.sourceName());
    text.match(/T[sue]/y);
    return plain(this.name().name);
  }

  private functionType(): TypeText {
    this.text.accept('Y');
    const result = this.type();
    const parameters = this.parameters();
    const reference = this.text.accept('R') ? ' &' : this.text.accept('O') ? ' &&' : '';
    this.text.expect('E');
    return { kind: 'function', left: result.left, right: parameters + reference + result.right };
  }

  /** Qualifiers are written after the type: `char const*`. */
  private qualifiers(): string {
    const { text } = this;
    const [isRestrict, isVolatile, isConst] = [text.accept('r'), text.accept('V'), text.accept('K')];
    return `${isConst ? ' const' : ''}${isVolatile ? ' volatile' : ''}${isRestrict ? ' __restrict' : ''}`;
  }
}

const DISCRIMINATOR = /__\d+_|_\d/y;

interface Name {
  name: string;
  /** Whether the encoded function type begins with the return type, as for template instances. */
  hasReturnType: boolean;
  /** Qualifiers of a member function. */
  qualifiers: string;
}

/** The text of a type before and after the name that it declares: `int (*` and `)(long)`. */
interface TypeText {
  kind: 'plain' | 'function' | 'array';
  left: string;
  right: string;
  /** For a parameter pack: the types that replace this type. */
  pack?: TypeText[];
}

const plain = (left: string): TypeText => ({ kind: 'plain', left, right: '' });

function spell({ kind, left, right, pack }: TypeText): string {
  if (pack) return pack.map(spell).join(', ');
  return `${left}${kind === 'function' ? ' ' : ''}${right}`;
}

function skipCallOffset(text: MangledText, kind: string): void {
  for (let count = kind === 'v' ? 2 : 1; count > 0; count--) {
    text.accept('n');
    text.decimal();
    text.expect('_');
  }
}

/** A space separates the name `operator<` from its template arguments. */
const withArguments = (name: string, list: string): string => `${name}${name.endsWith('<') ? ' ' : ''}${list}`;

function qualified(type: TypeText, qualifiers: string): TypeText {
  if (type.pack) return { ...type, pack: type.pack.map((each) => qualified(each, qualifiers)) };
  return type.kind === 'function'
    ? { ...type, right: type.right + qualifiers }
    : { ...type, left: type.left + qualifiers };
}

function pointer(target: TypeText, sign: string): TypeText {
  if (target.pack) return { ...target, pack: target.pack.map((each) => pointer(each, sign)) };
  const isMember = sign.endsWith('::*');
  if (target.kind !== 'plain') return { kind: 'plain', left: `${target.left} (${sign}`, right: `)${target.right}` };
  // References to references collapse, because a template parameter can stand for a reference.
  if (sign.startsWith('&') && target.left.endsWith('&')) {
    const isRvalue = sign === '&&' && target.left.endsWith('&&');
    return { ...target, left: `${target.left.replace(/&+$/, '')}${isRvalue ? '&&' : '&'}` };
  }
  return { ...target, left: `${target.left}${isMember ? ' ' : ''}${sign}` };
}

/** The last component of a qualified name, without template arguments or ABI tags. */
function lastComponent(qualifiedName: string): string {
  const name = qualifiedName.replace(/(\[abi:\w+\])+$/, '');
  let depth = 0;
  let end = name.length;
  for (let i = name.length - 1; i >= 0; i--) {
    if (name[i] === '>') depth++;
    else if (name[i] === '<' && --depth === 0) end = i;
    else if (depth === 0 && name[i] === ':') return name.slice(i + 1, end);
  }
  return name.slice(0, end);
}

const isConversion = (name: string): boolean => /(^|::)operator (?!new|delete|co_await)/.test(name);

/** Whether the last two components of a name are those of a constructor or destructor. */
function isStructor(name: string): boolean {
  const last = lastComponent(name);
  const scope = name.slice(0, -last.length).replace(/::$/, '');
  return last !== '' && name.endsWith(last) && lastComponent(scope) === last.replace(/^~/, '');
}
