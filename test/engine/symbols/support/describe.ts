import type { Frame, Symbols, Type } from '../../../../debug-adapter/engine/symbols/index.ts';

/** Describes the given functions and types, and all source files and globals, of a symbol file as text. */
export function describeSymbols(symbols: Symbols, names: { functions: readonly string[]; types: readonly string[] }) {
  return {
    files: symbols
      .files()
      .map(({ path }) => path)
      .sort(),
    functions: names.functions.flatMap((name) => symbols.functionsNamed(name).map((one) => describe(symbols, one.low))),
    globals: symbols
      .globals()
      .map(({ name, type }) => `${name}: ${kindOf(type)}`)
      .sort(),
    types: names.types.map((name) => {
      const type = symbols.typeNamed(name);
      return `${name}: ${type && kindOf(type)}`;
    }),
  };
}

function describe(symbols: Symbols, low: bigint) {
  const info = symbols.functionAt(low)!;
  const addresses: bigint[] = [];
  for (let address = info.low; address < info.high; address += 2n) addresses.push(address);
  const { name, ranges, file, line } = info;
  const values = addresses.map((address) => valuesAt(symbols, address));
  const lines = addresses.map((address) => symbols.lineAt(address)?.line);
  return { name, ranges, file: file?.path, line, lines, values, breakpoint: symbols.breakpointAddress(info) };
}

function valuesAt(symbols: Symbols, pc: bigint): string[] {
  const frame: Frame = symbols.innermostFrame({
    pc,
    readRegister: (number) => BigInt(number) * 0x1000n,
    readMemory: (address, lengthBytes) => new Uint8Array(lengthBytes).fill(Number(address & 0xffn)),
  });
  const inlined = symbols.inlinedAt(pc).map(({ name, callLine }) => `inlined ${name} at ${callLine}`);
  const variables = symbols.scopesAt(pc).flatMap((scope) => scope.variables);
  return [
    ...inlined,
    ...variables.map((variable) => {
      const { typeName, text } = symbols.read(variable, frame);
      return `${typeName} ${variable.name} = ${text}`;
    }),
  ];
}

function kindOf(type: Type): string {
  if (type.kind !== 'struct' && type.kind !== 'union') return type.kind;
  const members = type.members().map(({ name, offsetBytes }) => `${name}@${offsetBytes}`);
  return `${type.kind} ${type.name} ${type.sizeBytes} {${members.join(' ')}}`;
}
