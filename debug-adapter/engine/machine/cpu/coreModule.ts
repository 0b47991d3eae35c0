import { coreImage } from './coreImage.ts';
import type { CsrName } from './csr.ts';

export interface CoreModule {
  module: WebAssembly.Module;
  /** The contents of CSR_INDEX, and the names and numbers of the CSRs in it. */
  csrIndex: Uint8Array;
  csrs: readonly CsrName[];
}

let compiled: CoreModule | undefined;

/** Compiles the core module on the first call; all machines share the module. */
export function coreModule(): CoreModule {
  if (!compiled) {
    const { bytes, csrIndex, csrs } = coreImage();
    compiled = { module: new WebAssembly.Module(bytes), csrIndex, csrs };
  }
  return compiled;
}
