import { MalformedData } from '../damage.ts';
import { AT, TAG } from '../dwarf/constants.ts';
import type { Die } from '../dwarf/die.ts';
import { evaluateLocation, evaluateNumber, type ExpressionContext } from '../dwarf/expression.ts';
import type { DebugInfo, Unit } from '../dwarf/info.ts';
import { locationAt } from '../dwarf/loc.ts';
import { blocksAt, type Block } from '../functions/block.ts';
import type { CodeUnits } from '../functions/codeUnits.ts';
import type { FunctionIndex } from '../functions/functionIndex.ts';
import { functionName } from '../functions/functionName.ts';
import type { LineIndex } from '../lines/lineIndex.ts';
import type { Scope, Variable } from '../symbols.ts';
import type { NameIndex } from '../types/nameIndex.ts';
import { scopedName, splitName } from '../types/scopedName.ts';
import type { Type } from '../types/type.ts';
import { sizeOf } from '../types/typeTraits.ts';
import type { TypeReader } from '../types/typeReader.ts';
import type { Frame, UnwindResult } from '../unwinding/frame.ts';
import { findCallSiteValue } from './entryValues.ts';
import { GuestValue, type ValueContext } from './shownValue.ts';
import { toBytes } from '../littleEndian.ts';
import { OPTIMIZED_OUT, storageOf, type Storage } from './storage.ts';

/** Finds the variables in scope and their locations in a frame. */
export class Variables {
  private readonly parts: VariableParts;

  constructor(parts: VariableParts) {
    this.parts = parts;
  }

  scopesAt(pc: bigint): Scope[] {
    const entry = this.parts.functions.at(pc);
    if (!entry) return [];
    const scopes = blocksAt(entry.blocks, pc).map((block) => this.scope(block));
    const seen = new Set<string>();
    for (const scope of [...scopes].reverse()) {
      // A damaged file may declare a variable twice in one scope; such duplicates do not shadow each other.
      for (const variable of scope.variables) variable.isShadowed = seen.has(variable.name);
      for (const { name } of scope.variables) seen.add(name);
    }
    return scopes;
  }

  globals(pc?: bigint): Variable[] {
    const { codeUnits, info, names } = this.parts;
    const unit = pc === undefined ? undefined : codeUnits.at(pc);
    const units = pc === undefined ? unitsOfSmallFile(info) : unit ? [unit] : [];
    const variables = units.flatMap((each) => names.variablesOf(each).map((die) => this.describe(die)));
    const known = new Set(variables.map(({ name }) => name));
    const unlocated = pc === undefined || !unit ? [] : names.unlocatedOf(unit).map((die) => this.describe(die));
    return markAmbiguous([...variables, ...unlocated.filter(({ name }) => !known.has(name))]);
  }

  /**
   * The global variables with a given name, in any scope, as seen from a unit: the unit's own definitions precede those
   * in other units.
   */
  *globalsNamed(name: string, unit: Unit | undefined): Generator<Variable> {
    for (const die of this.parts.names.find('variable', name, unit)) yield this.describe(die);
  }

  describe(die: Die): Variable {
    const { types, lines } = this.parts;
    const file = die.entryWith(AT.declFile);
    return {
      name: scopedName(die),
      kind: kindOf(die),
      type: types.typeOf(die),
      file: file && lines.fileOf(file, AT.declFile),
      line: die.entryWith(AT.declLine)?.number(AT.declLine),
      isShadowed: false,
      source: { dieKey: die.key },
    };
  }

  read(variable: Variable, frame: Frame): GuestValue {
    return new GuestValue({
      name: variable.name,
      type: variable.type,
      storage: this.guardedStorage(variable, frame),
      // Names that rustc generates, such as `<Point as Area>::{vtable}`, cannot be used in an expression.
      expression: variable.isShadowed || variable.name.includes('{') ? undefined : variable.name,
      context: { frame, ...this.parts.shown },
    });
  }

  /** The length of an array in a frame, computed from its subrange entry (DWARF 5, section 5.13). */
  arrayCount(boundsKey: number, frame: Frame): number | undefined {
    const subrange = this.parts.info.dieAt(boundsKey);
    const name = subrange.has(AT.count) ? AT.count : AT.upperBound;
    const bound = this.dynamicNumber(subrange, name, frame);
    if (bound === undefined) return undefined;
    const count = BigInt.asIntN(64, bound) + (name === AT.count ? 0n : 1n);
    return count > 0n ? Number(count) : 0;
  }

  /** The value of an attribute that is computed in a frame, by an expression or from a variable. */
  private dynamicNumber(die: Die, name: number, frame: Frame): bigint | undefined {
    const variable = die.reference(name);
    if (variable) return this.read(this.describe(variable), frame).integer();
    const expression = locationAt(die, name, frame.lookupPc);
    return expression && evaluateNumber(expression, this.context(die.unit, frame));
  }

  /** The address of a virtual base: an expression computes it from the address of the object (section 5.7.3). */
  virtualBase(virtualKey: number, address: bigint, frame: Frame): bigint | undefined {
    const die = this.parts.info.dieAt(virtualKey);
    const expression = locationAt(die, AT.dataMemberLocation, frame.lookupPc);
    return expression && evaluateNumber(expression, this.context(die.unit, frame), [address]);
  }

  /** The storage of a variable, or the storage that a DWARF procedure describes (section 3.3.10). */
  variableStorage(dieKey: number, frame: Frame): Storage {
    const die = this.parts.info.dieAt(dieKey);
    return this.storage(die, sizeOf(this.parts.types.typeOf(die)), frame);
  }

  /**
   * The storage of a static member: that of its definition outside the class, or the constant value in its declaration.
   */
  staticMember(staticKey: number, type: Type, frame: Frame): Storage {
    const declaration = this.parts.info.dieAt(staticKey);
    if (declaration.has(AT.constValue) || declaration.has(AT.location)) {
      return this.storage(declaration, sizeOf(type), frame);
    }
    const name = scopedName(declaration);
    for (const die of this.parts.names.find('variable', declaration.name ?? '', declaration.unit)) {
      if (scopedName(die) === name) return this.storage(die, sizeOf(type), frame);
    }
    return OPTIMIZED_OUT;
  }

  private guardedStorage(variable: Variable, frame: Frame): Storage {
    try {
      return this.storage(this.parts.info.dieAt(variable.source.dieKey), sizeOf(variable.type), frame);
    } catch (error) {
      if (!(error instanceof MalformedData)) throw error;
      this.parts.shown.report(error);
      return OPTIMIZED_OUT;
    }
  }

  private storage(die: Die, sizeBytes: number, frame: Frame): Storage {
    if (die.has(AT.location)) {
      const expression = locationAt(die, AT.location, frame.lookupPc);
      return expression ? storageOf(evaluateLocation(expression, this.context(die.unit, frame)), frame) : OPTIMIZED_OUT;
    }
    const constant = die.entryWith(AT.constValue)?.value(AT.constValue);
    if (constant?.kind === 'constant')
      return { kind: 'bytes', bytes: toBytes(constant.value, Math.min(sizeBytes, 16)) };
    return constant?.kind === 'block' ? { kind: 'bytes', bytes: constant.bytes } : OPTIMIZED_OUT;
  }

  private context(unit: Unit, frame: Frame, callers = 0): ExpressionContext {
    const base: ExpressionContext = {
      register: (n) => frame.register(n),
      readMemory: (address, length) => frame.view.readMemory(address, length),
      cfa: () => frame.cfa,
      frameBase: () => undefined,
      entryValue: (register) => (callers < CALLERS_MAX ? this.entryValue(register, frame, callers) : undefined),
      unit,
      bias: this.parts.info.bias,
    };
    return { ...base, frameBase: () => this.frameBase(frame, base) };
  }

  private entryValue(register: number, callee: Frame, callers: number): bigint | undefined {
    const result = this.parts.callerOf(callee);
    if (result.kind !== 'caller') return undefined;
    const caller = result.frame;
    const found = findCallSiteValue(this.parts.functions, { callee, caller, register });
    return found && evaluateNumber(found.expression, this.context(found.die.unit, caller, callers + 1));
  }

  /**
   * The current function's DW_AT_frame_base (section 3.3.5). If it names a register, the register's contents are the
   * base.
   */
  private frameBase(frame: Frame, context: ExpressionContext): bigint | undefined {
    const entry = this.parts.functions.at(frame.lookupPc);
    const expression = entry && locationAt(entry.die, AT.frameBase, frame.lookupPc);
    return expression && evaluateNumber(expression, context);
  }

  private scope(block: Block): Scope {
    return {
      kind: block.kind,
      functionName: functionName(functionOf(block).die),
      ranges: block.ranges,
      variables: block.variables.filter(isShown).map((die) => this.describe(die)),
    };
  }
}

/** All units; none if reading them would take too long. */
function unitsOfSmallFile({ units }: DebugInfo): readonly Unit[] {
  const lengthBytes = units.reduce((sum, { start, end }) => sum + end - start, 0);
  return lengthBytes <= ALL_GLOBALS_BYTES_MAX ? units : [];
}

/** Reading the entries of units takes about 30 ms per megabyte. */
const ALL_GLOBALS_BYTES_MAX = 1 << 20;

export interface VariableParts {
  info: DebugInfo;
  codeUnits: CodeUnits;
  functions: FunctionIndex;
  lines: LineIndex;
  types: TypeReader;
  names: NameIndex;
  callerOf: (frame: Frame) => UnwindResult;
  /** The context for showing values in any frame. */
  shown: Omit<ValueContext, 'frame'>;
}

/**
 * The maximum length of a chain of entry values: an argument may be computed from an argument of the caller, which may
 * in turn be computed from an argument of the caller's caller.
 */
const CALLERS_MAX = 16;

/**
 * Marks a variable as shadowed if a namespace contains a variable with the same name, because the name alone may refer
 * to that variable.
 */
function markAmbiguous(variables: Variable[]): Variable[] {
  const scoped = new Set(variables.flatMap(({ name }) => (name.includes('::') ? [splitName(name).last] : [])));
  for (const variable of variables) variable.isShadowed = scoped.has(variable.name);
  return variables;
}

function functionOf(block: Block): Block {
  let current = block;
  while (current.kind === 'block' && current.parent) current = current.parent;
  return current;
}

/** Excludes `extern` declarations in a function body: they refer to globals. */
function isShown(die: Die): boolean {
  return !die.flag(AT.declaration) && Boolean(die.name);
}

function kindOf(die: Die): Variable['kind'] {
  if (die.tag === TAG.formalParameter) return 'argument';
  if (die.entryWith(AT.external)?.flag(AT.external)) return 'global';
  const location = die.block(AT.location);
  // DW_OP_addr and DW_OP_addrx: a fixed address.
  return location && (location[0] === 0x03 || location[0] === 0xa1) ? 'static' : 'local';
}
