import { type FunctionHandle, ModuleBuilder } from '../../base/wasm/moduleBuilder.ts';
import { defineAtomics } from './atomics.ts';
import { defineCacheBlocks } from './cacheBlocks.ts';
import { type Core, FUNCTIONS, type FunctionName, IMPORTS } from './coreContext.ts';
import { type CsrName, csrIndexTable, csrNames, defineCsrAccess } from './csr.ts';
import { defineFetch } from './fetch.ts';
import { addFloatHelpers } from './floatHelpers.ts';
import { defineHalfPrecision } from './halfPrecision.ts';
import { defineInterpreter } from './interpreter.ts';
import { REGION_SLOTS } from './layout.ts';
import { defineMemoryAccess } from './memoryAccess.ts';
import { defineMmu } from './mmu.ts';
import { definePageMarks } from './pageFlags.ts';
import { definePages } from './pages.ts';
import { definePmp } from './pmp.ts';
import { definePrivilege } from './privilege.ts';
import { defineRamDigest } from './ramDigest.ts';
import { addArithmeticHelpers } from './semantics.ts';
import { REGION_TYPE } from './translator/regionCode.ts';

/** The bytes of the core module and the matching CSR index table. */
export interface CoreImage {
  bytes: Uint8Array<ArrayBuffer>;
  /** The contents of CSR_INDEX, and the names and numbers of the CSRs in it. */
  csrIndex: Uint8Array;
  csrs: readonly CsrName[];
}

/**
 * Builds the core module: a complete RISC-V hart as one generated WebAssembly module. It contains the interpreter loop
 * and everything it needs: address translation, slow memory paths, CSRs, traps, atomics and the RAM digest. Only device
 * accesses and decoding call out to TypeScript. The module is the same for every machine, so bundles contain it
 * prebuilt.
 *
 * Faults are signaled with a flag: the function that detects a fault calls `raise` and returns an arbitrary value, and
 * the caller checks FAULT before it uses the result.
 */
export function buildCore(): CoreImage {
  const builder = new ModuleBuilder();
  const functions = {} as Record<FunctionName, FunctionHandle>;
  for (const [name, type] of Object.entries(IMPORTS)) {
    functions[name as FunctionName] = builder.importFunction(name, type);
  }
  for (const [name, type] of Object.entries(FUNCTIONS)) {
    functions[name as FunctionName] = builder.declare(type, name);
  }
  builder.defineTable('regions', REGION_SLOTS);
  const arithmetic = addArithmeticHelpers(builder);
  const helpers = { ...arithmetic, ...addFloatHelpers(builder, arithmetic.mulhu) };
  const regionType = builder.typeHandle(REGION_TYPE);
  const core: Core = { builder, functions, helpers, regionType };
  definePages(core);
  definePageMarks(core);
  defineMmu(core);
  defineFetch(core);
  definePmp(core);
  defineMemoryAccess(core);
  defineAtomics(core);
  defineCacheBlocks(core);
  definePrivilege(core);
  defineCsrAccess(core);
  defineHalfPrecision(core);
  defineInterpreter(core);
  defineRamDigest(core);
  return { bytes: builder.toBytes(), csrIndex: csrIndexTable(core), csrs: csrNames(core) };
}
