import { findKallsyms, nameAt } from './findTables.ts';

/** A kernel symbol, as `/proc/kallsyms` lists it for a kernel that runs at its link address. */
export interface KernelSymbol {
  name: string;
  address: bigint;
  /** The type letter as in nm: `T` and `t` for code, `D`, `R` and `B` for data. */
  type: string;
}

/**
 * Reads a kernel image's symbols in ascending order of address; undefined for an image without a symbol table. Takes
 * about 50 ms for a distribution's kernel.
 */
export function readKallsyms(image: Uint8Array): KernelSymbol[] | undefined {
  const tables = findKallsyms(image);
  if (!tables) return undefined;
  const { count, tokens, namesAt, offsetsAt, relativeBase } = tables;
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const symbols: KernelSymbol[] = [];
  let at = namesAt;
  for (let i = 0; i < count; i++) {
    const { start, end } = nameAt(image, at);
    let text = '';
    for (let token = start; token < end; token++) text += tokens[image[token]];
    const address = relativeBase + BigInt(view.getUint32(offsetsAt + 4 * i, true));
    symbols.push({ type: text.slice(0, 1), name: text.slice(1), address: BigInt.asUintN(64, address) });
    at = end;
  }
  return symbols;
}
