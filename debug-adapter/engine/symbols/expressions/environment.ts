import type { Die } from '../dwarf/die.ts';
import type { FunctionIndex } from '../functions/functionIndex.ts';
import { functionName } from '../functions/functionName.ts';
import type { FunctionQueries } from '../functions/functions.ts';
import type { CodeUnits } from '../functions/codeUnits.ts';
import type { SymbolTable } from '../elf/symbolTable.ts';
import type { FunctionInfo, Variable } from '../symbols.ts';
import type { NameIndex } from '../types/nameIndex.ts';
import { pathsTo, typeAt } from '../types/members.ts';
import { scopedName, splitName } from '../types/scopedName.ts';
import type { Enumerator, Type } from '../types/type.ts';
import { stripTypedefs } from '../types/typeTraits.ts';
import type { TypeReader } from '../types/typeReader.ts';
import type { Frame } from '../unwinding/frame.ts';
import { FIRST_CSR, registerNumber } from '../unwinding/registers.ts';
import { partAt } from '../values/parts.ts';
import { GuestValue, type ValueContext } from '../values/shownValue.ts';
import { toBytes } from '../littleEndian.ts';
import { OPTIMIZED_OUT, type Storage } from '../values/storage.ts';
import type { Variables } from '../values/variables.ts';
import type { TypedNumber } from './arithmetic.ts';
import { CHAR, DOUBLE, FLOAT, LONG, UNSIGNED_LONG } from './builtInTypes.ts';
import { NameScope } from './nameScope.ts';
import type { TypeNames } from './typeNames.ts';

/**
 * Resolves names in a frame. It searches the frame's variables from the innermost block outward, then the globals of
 * the frame's unit, then the globals of the whole file.
 */
export class Environment implements TypeNames {
  readonly context: ValueContext;
  private readonly parts: EnvironmentParts;
  private readonly frame: Frame;
  private readonly object: ObjectNames | undefined;
  private knownScope: NameScope | undefined;

  /** If an object is given, names refer to its members instead of the frame's variables. */
  constructor(parts: EnvironmentParts, frame: Frame, object?: ObjectNames) {
    this.parts = parts;
    this.frame = frame;
    this.object = object;
    this.context = { frame, ...parts.shown };
  }

  isVariable(name: string): boolean {
    return this.variable(name) !== undefined;
  }

  variable(name: string): GuestValue | undefined {
    const found = this.local(name) ?? this.ownMember(name) ?? this.global(name) ?? this.staticMember(name);
    if (!found || found instanceof GuestValue) return found;
    return this.parts.variables.read({ ...found, isShadowed: false }, this.frame);
  }

  /** Whether a name refers to a member of a class rather than to a variable. */
  isMember(name: string): boolean {
    return !this.local(name) && (this.ownMember(name) !== undefined || !this.global(name));
  }

  typeOfVariable(name: string): Type | undefined {
    return this.variable(name)?.type;
  }

  function(name: string): GuestValue | undefined {
    return this.functionFrom(name, this.parts.functions.withFullName(name.replace(/^::/, '')));
  }

  private functionFrom(name: string, [info]: readonly FunctionInfo[]): GuestValue | undefined {
    if (!info) return undefined;
    const entry = this.parts.index.at(info.low);
    return this.inMemory(name, entry ? this.parts.types.function(entry.die) : UNKNOWN_FUNCTION, info.low);
  }

  enumerator(name: string): TypedNumber | undefined {
    const found: (Enumerator & { type: Type })[] = [];
    const { last } = splitName(name);
    for (const die of this.parts.names.find('enumerator', last, this.unit, name)) {
      const type = this.parts.types.typeFrom(die);
      const all = type.kind === 'enumeration' ? type.enumerators() : [];
      const named = all.filter((each) => splitName(each.name).last === last);
      found.push(...this.scope.candidates(name, named, (each) => each.name).map((each) => ({ ...each, type })));
      if (found.length >= CANDIDATES_MAX || die.unit.language === 'c') break;
    }
    const best = this.scope.best(name, found, (each) => each.name);
    return best && { value: best.value, type: best.type };
  }

  /**
   * Finds a symbol without debug information. A symbol in code is represented as a function. Any other symbol is
   * represented as an array of unknown length, which is how programs declare linker script symbols. If no symbol has
   * the name, finds a function whose qualified name ends with it.
   */
  symbol(name: string): GuestValue | undefined {
    const [symbol] = this.parts.symbolTable.withName(name);
    if (!symbol) return this.functionFrom(name, this.parts.functions.withName(name));
    const isCode = symbol.kind !== 'object' && this.parts.functions.isCode(symbol.address);
    return this.inMemory(name, isCode ? UNKNOWN_FUNCTION : UNKNOWN_DATA, symbol.address);
  }

  /**
   * Finds a register by ABI name, number or special name. Names that are not frame registers, such as CSR names, are
   * looked up in the machine.
   */
  register(name: string): GuestValue | undefined {
    if (name === 'pc')
      return this.createValue('$pc', CODE_POINTER, { kind: 'bytes', bytes: toBytes(this.frame.pc, 8) });
    const number = registerNumber(name);
    if (number !== undefined) {
      if (this.frame.register(number) === undefined) return undefined;
      const type = number < 32 ? (REGISTER_TYPES[number] ?? LONG) : FLOAT_REGISTER;
      return this.createValue(`$${name}`, type, { kind: 'register', register: number, frame: this.frame });
    }
    const csr = /^csr(\d+)$/.exec(name);
    const value = csr ? this.frame.register(FIRST_CSR + Number(csr[1])) : this.frame.view.registerNamed?.(name);
    if (value === undefined) return undefined;
    return this.createValue(`$${name}`, UNSIGNED_LONG, { kind: 'bytes', bytes: toBytes(value, 8) });
  }

  /**
   * Finds a type by name. In C++, the keyword of a class or enumeration can be omitted, and a scope can precede the
   * name.
   */
  find(key: string): Type | undefined {
    const own = this.object && typeIn(this.object.container, key);
    if (own) return own;
    const [, tag = '', name = ''] = /^((?:struct|class|union|enum) )?(.*)$/.exec(key) ?? [];
    const { scope, last } = splitName(name);
    const isC = this.unit?.language === 'c' && scope === '';
    for (const prefix of tag === '' ? (isC ? [''] : ANY_KEYWORD) : (SAME_KEYWORDS[tag] ?? [tag])) {
      const found: Die[] = [];
      for (const die of this.parts.names.find('type', prefix + last, this.unit, name)) {
        if (die.unit.language === 'c' && prefix !== tag) continue;
        found.push(...this.scope.candidates(name, [die], scopedName));
        if (found.length >= CANDIDATES_MAX || die.unit.language === 'c') break;
      }
      const best = this.scope.best(name, found, scopedName);
      if (best) return this.parts.types.typeFrom(best);
    }
    return undefined;
  }

  /** Whether a comparison has the type bool in the language of the frame's code. */
  get hasBool(): boolean {
    return this.unit?.language === 'c++' || this.unit?.language === 'rust';
  }

  private get unit() {
    return this.parts.codeUnits.at(this.frame.lookupPc);
  }

  private get scope(): NameScope {
    const entry = this.parts.index.at(this.frame.lookupPc);
    return (this.knownScope ??= new NameScope(entry ? splitName(functionName(entry.die)).scope : ''));
  }

  private local(name: string): Variable | undefined {
    if (this.object) return undefined;
    const scopes = this.parts.variables.scopesAt(this.frame.lookupPc);
    for (const { variables } of scopes.reverse()) {
      const found = variables.find((variable) => variable.name === name);
      if (found) return found;
    }
    return undefined;
  }

  /** The member with this name in the object that the frame's C++ member function was called on. */
  private ownMember(name: string): GuestValue | undefined {
    if (this.object) return memberNamed(this.object.object, name);
    const self = this.unit?.language === 'c' || name === 'this' ? undefined : this.local('this');
    const pointer = self && stripTypedefs(self.type);
    if (!self || pointer?.kind !== 'pointer') return undefined;
    const [path] = pathsTo(pointer.target(), name);
    const object = path && this.parts.variables.read({ ...self, isShadowed: false }, this.frame).pointee();
    if (!object) return path && this.createValue(name, typeAt(path), OPTIMIZED_OUT);
    const { type, storage, offsetBytes, bits } = partAt(object, path);
    return new GuestValue({ name, type, storage, offsetBytes, bits, expression: name, context: this.context });
  }

  private global(name: string): Variable | undefined {
    const found: Variable[] = [];
    for (const variable of this.parts.variables.globalsNamed(splitName(name).last, this.unit)) {
      found.push(...this.scope.candidates(name, [variable], (each) => each.name));
      if (found.length >= CANDIDATES_MAX || this.unit?.language === 'c') break;
    }
    return this.scope.best(name, found, (variable) => variable.name);
  }

  /** A static member that has no definition outside its class: `Shape::LIMIT`. */
  private staticMember(name: string): GuestValue | undefined {
    const { scope, last } = splitName(name);
    const type = scope === '' ? undefined : this.find(scope);
    const [path] = type ? pathsTo(type, last) : [];
    const step = path?.at(-1);
    if (!type || step?.kind !== 'member' || step.member.staticKey === undefined) return undefined;
    return partAt(this.createValue(name, type, OPTIMIZED_OUT), path);
  }

  private inMemory(name: string, type: Type, address: bigint): GuestValue {
    return this.createValue(name, type, { kind: 'memory', address, frame: this.frame });
  }

  private createValue(name: string, type: Type, storage: Storage): GuestValue {
    return new GuestValue({ name, type, storage, expression: name, context: this.context });
  }
}

/** The object whose members can be used as names, and the object whose class is searched for types. */
export interface ObjectNames {
  object: GuestValue;
  container: GuestValue;
}

/** `this`, or a member of the object. */
function memberNamed(object: GuestValue, name: string): GuestValue | undefined {
  if (name === 'this') {
    const { location, type } = object;
    if (location.kind !== 'memory') return undefined;
    const bytes = toBytes(location.address, 8);
    const pointer: Type = { kind: 'pointer', sizeBytes: 8, target: () => type };
    return object.part({ name, type: pointer, storage: { kind: 'bytes', bytes }, offsetBytes: 0 });
  }
  const [path] = pathsTo(object.type, name);
  return path && partAt(object, path);
}

/**
 * Finds a type in the class of an object. `$T1` is the first template argument of the class; other names are those of
 * types that the class declares.
 */
function typeIn({ type }: GuestValue, key: string): Type | undefined {
  const composite = stripTypedefs(type);
  if (composite.kind !== 'struct' && composite.kind !== 'union') return undefined;
  const argument = /^\$T(\d+)$/.exec(key);
  return argument ? composite.templateTypes?.()[Number(argument[1]) - 1] : composite.nestedType?.(key);
}

export interface EnvironmentParts {
  variables: Variables;
  functions: FunctionQueries;
  index: FunctionIndex;
  codeUnits: CodeUnits;
  names: NameIndex;
  types: TypeReader;
  symbolTable: SymbolTable;
  shown: Omit<ValueContext, 'frame'>;
}

/** The search for the entry in scope ends after this many candidates with the same name. */
const CANDIDATES_MAX = 100;
const ANY_KEYWORD = ['', 'struct ', 'class ', 'union ', 'enum '];
/** C++ does not distinguish these keywords. */
const SAME_KEYWORDS: Record<string, string[] | undefined> = {
  'struct ': ['struct ', 'class '],
  'class ': ['class ', 'struct '],
};
const VOID: Type = { kind: 'void' };
const CODE_POINTER: Type = { kind: 'pointer', sizeBytes: 8, target: () => UNKNOWN_FUNCTION };
const DATA_POINTER: Type = { kind: 'pointer', sizeBytes: 8, target: () => VOID };
const UNKNOWN_FUNCTION: Type = {
  kind: 'function',
  result: () => VOID,
  parameters: () => [],
  isVariadic: false,
  isPrototyped: false,
};
const UNKNOWN_DATA: Type = { kind: 'array', element: () => CHAR, count: undefined };
/** As in gdb, a floating-point register is shown in both precisions. */
const FLOAT_REGISTER: Type = {
  kind: 'union',
  keyword: 'union',
  name: 'riscv_double',
  language: 'c',
  sizeBytes: 8,
  isIncomplete: false,
  virtualMethods: () => [],
  bases: () => [],
  members: () =>
    [FLOAT, DOUBLE].map((type) => ({ name: type.name, type: () => type, offsetBytes: 0, bits: undefined })),
};
/** ra points to code; sp, gp, tp and s0 point to data. */
const REGISTER_TYPES: Record<number, Type | undefined> = {
  1: CODE_POINTER,
  2: DATA_POINTER,
  3: DATA_POINTER,
  4: DATA_POINTER,
  8: DATA_POINTER,
};
