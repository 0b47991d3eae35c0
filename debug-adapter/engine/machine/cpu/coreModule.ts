import { coreImage } from './coreImage.ts';
import type { CsrName } from './csr.ts';

/** The core, compiled: once, for all machines. */
export interface CoreModule {
  module: WebAssembly.Module;
  /** The table that goes to CSR_INDEX, and the registers in it. */
  csrIndex: Uint8Array;
  csrs: readonly CsrName[];
}

let compiled: CoreModule | undefined;

export function coreModule(): CoreModule {
  if (!compiled) {
    const { bytes, csrIndex, csrs } = coreImage();
    compiled = { module: new WebAssembly.Module(bytes), csrIndex, csrs };
  }
  return compiled;
}
