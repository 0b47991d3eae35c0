import type { FunctionIndex } from '../functions/functionIndex.ts';
import type { FunctionQueries } from '../functions/functions.ts';
import type { CodeUnits } from '../functions/codeUnits.ts';
import type { SymbolTable } from '../elf/symbolTable.ts';
import type { FunctionInfo, Variable } from '../symbols.ts';
import type { NameIndex } from '../types/nameIndex.ts';
import type { Type } from '../types/type.ts';
import type { TypeReader } from '../types/typeReader.ts';
import type { Frame } from '../unwinding/frame.ts';
import { FIRST_CSR, registerNumber } from '../unwinding/registers.ts';
import { GuestValue, type ValueContext } from '../values/shownValue.ts';
import { toBytes, type Storage } from '../values/storage.ts';
import type { Variables } from '../values/variables.ts';
import type { TypedNumber } from './arithmetic.ts';
import { CHAR, DOUBLE, FLOAT, LONG, UNSIGNED_LONG } from './builtInTypes.ts';
import type { TypeNames } from './typeNames.ts';

/**
 * Resolves names in a frame. It searches the frame's variables from the innermost block outward, then the globals of
 * the frame's unit, then the globals of the whole file.
 */
export class Environment implements TypeNames {
  readonly context: ValueContext;
  private readonly parts: EnvironmentParts;
  private readonly frame: Frame;

  constructor(parts: EnvironmentParts, frame: Frame) {
    this.parts = parts;
    this.frame = frame;
    this.context = { frame, ...parts.shown };
  }

  isVariable(name: string): boolean {
    return this.lookup(name) !== undefined;
  }

  variable(name: string): GuestValue | undefined {
    const found = this.lookup(name);
    return found && this.parts.variables.read({ ...found, isShadowed: false }, this.frame);
  }

  typeOfVariable(name: string): Type | undefined {
    return this.lookup(name)?.type;
  }

  function(name: string): GuestValue | undefined {
    return this.functionFrom(name, this.parts.functions.withFullName(name));
  }

  private functionFrom(name: string, [info]: readonly FunctionInfo[]): GuestValue | undefined {
    if (!info) return undefined;
    const entry = this.parts.index.at(info.low);
    return this.inMemory(name, entry ? this.parts.types.function(entry.die) : UNKNOWN_FUNCTION, info.low);
  }

  enumerator(name: string): TypedNumber | undefined {
    for (const die of this.parts.names.find('enumerator', name, this.unit)) {
      const type = this.parts.types.typeFrom(die);
      const found = type.kind === 'enumeration' && type.enumerators().find((each) => each.name === name);
      if (found) return { value: found.value, type };
    }
    return undefined;
  }

  /**
   * Represents a symbol without debug information as a function if it is a label of code. Otherwise, it is an array of
   * unknown length, which is how programs declare linker script symbols. If there is no such symbol, finds a function
   * whose qualified name ends with the name.
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

  find(key: string): Type | undefined {
    for (const die of this.parts.names.find('type', key, this.unit)) return this.parts.types.typeFrom(die);
    return undefined;
  }

  private get unit() {
    return this.parts.codeUnits.at(this.frame.lookupPc);
  }

  private lookup(name: string): Variable | undefined {
    const scopes = this.parts.variables.scopesAt(this.frame.lookupPc);
    for (const { variables } of scopes.reverse()) {
      const found = variables.find((variable) => variable.name === name);
      if (found) return found;
    }
    return this.parts.variables.globalNamed(name, this.unit);
  }

  private inMemory(name: string, type: Type, address: bigint): GuestValue {
    return this.createValue(name, type, { kind: 'memory', address, frame: this.frame });
  }

  private createValue(name: string, type: Type, storage: Storage): GuestValue {
    return new GuestValue({ name, type, storage, expression: name, context: this.context });
  }
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
  name: 'riscv_double',
  sizeBytes: 8,
  isIncomplete: false,
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
