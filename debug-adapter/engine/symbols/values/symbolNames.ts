import { demangle } from '../demangling/demangle.ts';
import type { SymbolTable } from '../elf/symbolTable.ts';
import type { FunctionIndex } from '../functions/functionIndex.ts';
import type { SymbolAtAddress } from '../symbols.ts';

/**
 * The symbol at an address that a value contains, with its source-level name, as in gdb (build_address_symbolic): for
 * C++, the name with its parameters; for a Rust function, the name in the debug information. Unlike in gdb, the hashes
 * at the ends of other Rust names are omitted.
 */
export function namedSymbolAt(
  address: bigint,
  { symbolTable, index }: { symbolTable: SymbolTable; index: FunctionIndex },
): SymbolAtAddress | undefined {
  const symbol = symbolTable.at(address);
  const demangled = symbol && demangle(symbol.name);
  if (!symbol || !demangled) return symbol;
  const entry = symbol.kind === 'object' ? undefined : index.at(symbol.address);
  const isRust = entry?.low === symbol.address && entry.die.unit.language === 'rust';
  const name = isRust ? entry.name : demangled.name + demangled.parameters;
  return { ...symbol, text: symbol.offset === 0n ? name : `${name}+${symbol.offset}` };
}
